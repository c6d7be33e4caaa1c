import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BankDesk, numberIn, type Placed } from '../bank-desk.ts';
import { readExceptions } from '../books.ts';
import { openJwt, type Json } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

// The bank gives the numbers, and tells of credits by signed pushes of camt.054.

let world: World;
const desk = new BankDesk(() => world, 'bank');

beforeAll(async () => {
  world = await startWorld();
  await world.control('POST', '/control/cadence', { scale: 0.001 });
}, 60_000);

afterAll(() => world.close());

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
});

async function stored(order: Placed): Promise<Json> {
  return (await world.sql<Json>('SELECT * FROM orders WHERE trade_id = $1', [order.trade_id]))[0] ?? {};
}

describe('an order with a number of its own', () => {
  it('is answered as the document shows it', async () => {
    const { merchant_id } = world.merchant.merchant;
    const answer = await world.merchant.call('/v2/pay', {
      pay_type: 'ecp.transfer',
      mch_trade_id: 'bank.example',
      total_fee: 80,
      body: 'goods',
      attach: '自定义参数',
    });
    expect(answer.msg).toBe('SUCCESS,OK');
    expect(Object.keys(answer.data)).toEqual([
      'trade_id',
      'attach',
      'mch_trade_id',
      'merchant_id',
      'pay_type',
      'total_fee',
      'pay_info',
      'trade_state',
      'trade_info',
    ]);
    expect(answer.data).toMatchObject({
      attach: '自定义参数',
      mch_trade_id: 'bank.example',
      merchant_id,
      pay_type: 'ecp.transfer',
      total_fee: 80,
      trade_state: 6,
      trade_info: '支付中, SUCCESS,OK',
    });
    const pay_info = JSON.parse(String(answer.data['pay_info'])) as Json;
    expect(Object.keys(pay_info)).toEqual(['fund_acc_name', 'fund_acc', 'ecp_bank_branch']);
    expect(pay_info['fund_acc']).toBeTypeOf('number');
    // A shop in JavaScript reads the very number.
    expect(String(pay_info['fund_acc'])).toBe(numberIn(answer.data['pay_info']));
    expect(String(pay_info['fund_acc'])).toMatch(/^9902\d{12}$/);
  });

  it('is paid the moment the exact amount is there, and the merchant is told once by whom', async () => {
    const order = await desk.place();
    const reference = await desk.transfer(order);
    const [told] = await world.notify.waitFor(order.path);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      code: 0,
      data: {
        trade_id: order.trade_id,
        pay_type: 'ecp.transfer',
        total_fee: 7622,
        trade_state: 0,
        out_trade_id: reference,
      },
    });
    expect(await desk.query(order)).toMatchObject({
      trade_state: 0,
      trade_info: expect.stringMatching(/^支付成功, 付款人 广州某某贸易有限公司\(\d{4}\)$/),
      fund_acc: order.fund_acc,
    });
    expect(await desk.creditState(reference)).toBe('paid');
  });

  it('is the same order with the same number when it is sent again', async () => {
    const fields = { pay_type: 'ecp.transfer', mch_trade_id: 'bank.again', total_fee: 100, body: 'goods' };
    const first = await world.merchant.call('/v2/pay', fields);
    const second = await world.merchant.call('/v2/pay', fields);
    expect(second.data).toEqual(first.data);
  });

  it('gets its number after a lost answer of the bank', async () => {
    const fields = { pay_type: 'ecp.transfer', mch_trade_id: 'bank.lost', total_fee: 100, body: 'goods' };
    await world.control('POST', '/control/faults', {
      channel: 'bank',
      operation: 'pay',
      fault: 'timeout_after',
      count: 1,
    });
    expect((await world.merchant.call('/v2/pay', fields)).code).toBe(601);
    const again = await world.merchant.call('/v2/pay', fields);
    expect(again).toMatchObject({ code: 0 });
    const ledger = (await world.control('GET', '/control/ledger?channel=bank')).body['entries'] as Json[];
    expect(
      ledger.filter((one) => one['kind'] === 'order' && one['out_trade_no'] === again.data['trade_id']),
    ).toHaveLength(1);
  });

  it('lives for seven days unless the merchant says less', async () => {
    const long = await stored(await desk.place());
    expect(Number(long['expires_at_ms']) - Number(long['created_at_ms'])).toBe(7 * 86_400_000);
    const time_expire = Math.floor(Date.now() / 1000) + 600;
    expect((await stored(await desk.place({ time_expire })))['expires_at_ms']).toBe(String(time_expire * 1000));
  });
});

describe('a credit that is not right waits for a person', () => {
  it.each([
    ['too little', 7621, 'bank_credit_too_little'],
    ['too much', 7623, 'bank_credit_too_much'],
  ])('%s', async (_what, amount, kind) => {
    const order = await desk.place();
    expect((await desk.held(await desk.transfer(order, amount))).kind).toBe(kind);
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
  });

  it('the second of two that sum up', async () => {
    const order = await desk.place();
    expect((await desk.held(await desk.transfer(order, 7000))).kind).toBe('bank_credit_too_little');
    expect((await desk.held(await desk.transfer(order, 622))).kind).toBe('bank_credits_sum_up');
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
  });

  it('a second payment of a paid order', async () => {
    const order = await desk.place();
    await desk.transfer(order);
    await world.notify.waitFor(order.path);
    expect((await desk.held(await desk.transfer(order))).kind).toBe('bank_credit_second');
  });

  it('from another payer than the merchant asked for; the right one still pays', async () => {
    const order = await desk.place({ payer_name: '深圳市（甲）公司' });
    expect((await desk.held(await desk.transfer(order, 7622, { payer_name: '深圳市(乙)公司' }))).kind).toBe(
      'bank_credit_wrong_payer',
    );
    await desk.transfer(order, 7622, { payer_name: '深圳市(甲)公司' });
    await world.notify.waitFor(order.path);
  });

  it('to the number of an order that its merchant has closed', async () => {
    const order = await desk.place();
    expect((await world.merchant.call('/v2/pay/close', { mch_trade_id: order.mch_trade_id })).code).toBe(0);
    expect((await desk.held(await desk.transfer(order))).kind).toBe('bank_credit_closed_number');
    expect(await desk.query(order)).toMatchObject({ trade_state: 3 });
    expect(await world.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [order.trade_id])).toHaveLength(0);
  });

  it('after the write-off', async () => {
    const order = await desk.place();
    await desk.transfer(order);
    await world.notify.waitFor(order.path);
    expect((await world.merchant.call('/v2/pay/writeoff', { mch_trade_id: order.mch_trade_id })).code).toBe(0);
    expect((await desk.held(await desk.transfer(order))).kind).toBe('bank_credit_written_off');
  });

  it('to a number that no order ever had', async () => {
    expect((await desk.held(await desk.transfer({ fund_acc: '9902999999999998' }))).kind).toBe(
      'bank_credit_unknown_number',
    );
  });

  it('in another currency', async () => {
    expect((await desk.held(await desk.transfer(await desk.place(), 7622, { currency: 'USD' }))).kind).toBe(
      'bank_credit_wrong_currency',
    );
  });

  it('booked before the number belonged to the order', async () => {
    const booked_at = new Date(Date.now() - 3 * 86_400_000).toISOString();
    expect((await desk.held(await desk.transfer(await desk.place(), 7622, { booked_at }))).kind).toBe(
      'bank_credit_before_order',
    );
  });

  it('booked after the time of the order', async () => {
    const order = await desk.place();
    const booked_at = new Date(Date.now() + 8 * 86_400_000).toISOString();
    expect((await desk.held(await desk.transfer(order, 7622, { booked_at }))).kind).toBe('bank_credit_late');
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
  });
});

describe('pushes', () => {
  async function fault(name: string, more: Json = {}): Promise<void> {
    const injected = { channel: 'bank', operation: 'callback', fault: name, count: 1, ...more };
    expect((await world.control('POST', '/control/faults', injected)).status).toBe(200);
  }

  async function isNotifiedOnce(order: Placed): Promise<void> {
    await world.notify.waitFor(order.path);
    expect(await world.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [order.trade_id])).toHaveLength(1);
    const credits = (): Promise<Json[]> =>
      world.sql('SELECT state FROM bank_credits WHERE trade_id = $1', [order.trade_id]);
    // The credit is marked a moment after its order has become paid.
    await eventually(async () => (await credits()).length > 0);
    expect(await credits()).toEqual([{ state: 'paid' }]);
  }

  it.each(['duplicate', 'timeout_after', 'bad_signature', 'garbage'])('survive %s', async (name) => {
    const order = await desk.place();
    await fault(name);
    await desk.transfer(order);
    await isNotifiedOnce(order);
  });

  it('that are sent again change nothing', async () => {
    const order = await desk.place();
    await desk.transfer(order);
    await isNotifiedOnce(order);
    const before = await world.sql<Json>('SELECT count(*) FROM order_events');
    const attempts = async (): Promise<number> => {
      const list = (await world.control('GET', '/control/callbacks')).body['callbacks'] as Json[];
      return list.filter((one) => one['out_trade_no'] === order.trade_id && one['accepted'] === true).length;
    };
    expect(await attempts()).toBe(1);
    await world.control('POST', '/control/callback', { out_trade_no: order.trade_id });
    await eventually(async () => (await attempts()) === 2);
    expect(await world.sql('SELECT count(*) FROM order_events')).toEqual(before);
    await isNotifiedOnce(order);
  });

  it.each(['json', 'camt054.02'])('may be %s', async (format) => {
    await world.control('POST', '/control/bank/push', { format });
    const order = await desk.place();
    await desk.transfer(order);
    await isNotifiedOnce(order);
    await world.control('POST', '/control/bank/push', { format: 'camt054' });
  });

  it('are refused when somebody else signed them, and nothing is stored', async () => {
    const body = '<Document/>';
    const headers = {
      'content-type': 'application/xml',
      'bank-key': 'bank-1',
      'bank-timestamp': String(Math.floor(Date.now() / 1000)),
      'bank-nonce': 'abcdefabcdefabcdef',
      'bank-signature': Buffer.alloc(256, 7).toString('base64'),
    };
    const answer = await fetch(`${world.url}/bank/sandbox-bank`, { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ code: 'FAIL', message: 'bad_signature' });
    const unknown = await fetch(`${world.url}/bank/sandbox-wechat`, { method: 'POST', headers, body });
    expect(unknown.status).toBe(404);
  });

  it('of two credits at once pay once and hold the other', async () => {
    const order = await desk.place();
    const references = await Promise.all([desk.transfer(order), desk.transfer(order)]);
    await isNotifiedOnceOfTwo(order);
    const states = await eventually(async () => {
      const found = await Promise.all(references.map((one) => desk.creditState(one)));
      return found.every((state) => state === 'paid' || state === 'held') && found;
    });
    expect(states.toSorted()).toEqual(['held', 'paid']);
  });

  async function isNotifiedOnceOfTwo(order: Placed): Promise<void> {
    await world.notify.waitFor(order.path);
    expect(await world.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [order.trade_id])).toHaveLength(1);
  }
});

describe('writing off, closing and reversing', () => {
  it('writes off a paid order, also twice', async () => {
    const order = await desk.place();
    const early = await world.merchant.call('/v2/pay/writeoff', { mch_trade_id: order.mch_trade_id });
    expect(early).toMatchObject({ code: 302, msg: expect.stringContaining('not paid (trade_state 6)') });
    await desk.transfer(order);
    await world.notify.waitFor(order.path);
    for (let times = 0; times < 2; times += 1) {
      const answer = await world.merchant.call('/v2/pay/writeoff', { mch_trade_id: order.mch_trade_id });
      expect(answer).toMatchObject({ code: 0, data: { trade_state: 0 } });
    }
    const events = await world.sql<Json>(
      "SELECT detail FROM order_events WHERE trade_id = $1 AND kind = 'written_off'",
      [order.trade_id],
    );
    expect(events).toHaveLength(1);
    const rows = await world.sql<Json>(
      'SELECT state, free_at_ms::text, closed_at_ms::text FROM virtual_accounts WHERE number = $1',
      [order.fund_acc],
    );
    expect(rows[0]?.['state']).toBe('closed');
    expect(Number(rows[0]?.['free_at_ms']) - Number(rows[0]?.['closed_at_ms'])).toBe(30 * 86_400_000);
  });

  it('asks for the write-off again while the bank does not answer', async () => {
    const order = await desk.place();
    await desk.transfer(order);
    await world.notify.waitFor(order.path);
    await world.control('POST', '/control/faults', {
      channel: 'bank',
      operation: 'close',
      fault: 'timeout_before',
      count: 1,
    });
    expect((await world.merchant.call('/v2/pay/writeoff', { mch_trade_id: order.mch_trade_id })).code).toBe(601);
    expect((await world.merchant.call('/v2/pay/writeoff', { mch_trade_id: order.mch_trade_id })).code).toBe(0);
  });

  it('is refused for other pay types and unknown orders', async () => {
    const fields = {
      pay_type: 'wechat.scan',
      mch_trade_id: 'bank.not',
      total_fee: 1,
      body: 'x',
      spbill_create_ip: '127.0.0.1',
    };
    expect((await world.merchant.call('/v2/pay', fields)).code).toBe(0);
    const answer = await world.merchant.call('/v2/pay/writeoff', { mch_trade_id: 'bank.not' });
    expect(answer).toMatchObject({ code: 302, msg: expect.stringContaining('wechat.scan') });
    expect((await world.merchant.call('/v2/pay/writeoff', { mch_trade_id: 'bank.nowhere' })).code).toBe(301);
  });

  it('does not reverse a transfer', async () => {
    const order = await desk.place();
    const answer = await world.merchant.call('/v2/pay/reverse', { mch_trade_id: order.mch_trade_id });
    expect(answer).toMatchObject({ code: 302, msg: expect.stringContaining('refund') });
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
  });
});

describe('refunds', () => {
  async function refunded(order: Placed, refund_fee: number, refund_desc: string, id: string): Promise<Json> {
    const answer = await world.merchant.call('/v2/pay/refund', {
      mch_trade_id: order.mch_trade_id,
      mch_refund_id: `${order.mch_trade_id}.${id}`,
      refund_fee,
      refund_desc,
      notify_url: world.notify.url(`${order.path}/${id}`),
    });
    expect(answer.code).toBe(0);
    return answer.data;
  }

  async function outcome(order: Placed, id: string): Promise<Json> {
    await world.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'refund'");
    const [told] = await world.notify.waitFor(`${order.path}/${id}`);
    return (openJwt(told?.token ?? '', world.platform_public_key)['data'] as Json)['refunds'] as Json;
  }

  async function settledAtBank(order: Placed): Promise<void> {
    await eventually(async () => {
      const rows = await world.sql<Json>('SELECT channel_refund_no FROM refunds WHERE trade_id = $1', [order.trade_id]);
      const entries = (await world.control('GET', '/control/ledger?channel=bank')).body['entries'] as Json[];
      return rows.every((row) => entries.some((one) => one['out_refund_no'] === row['channel_refund_no']));
    });
  }

  it('go back in parts to the account the money came from', async () => {
    const order = await desk.paid();
    expect(await refunded(order, 22, 'part', 'r1')).toMatchObject({ trade_state: 1, refunds: { refund_status: 1 } });
    await refunded(order, 7600, 'rest', 'r2');
    await settledAtBank(order);
    expect(await outcome(order, 'r1')).toMatchObject({ refund_fee: 22, refund_status: 0 });
    expect(await outcome(order, 'r2')).toMatchObject({ refund_fee: 7600, refund_status: 0 });
    expect(await desk.query(order)).toMatchObject({ refunded_fee: 7622, refunding_fee: 0 });
  });

  it('that the bank cannot make are closed, and the amount is free again', async () => {
    const order = await desk.paid();
    await refunded(order, 100, 'TRANSFER_FAILS', 'r1');
    await settledAtBank(order);
    expect(await outcome(order, 'r1')).toMatchObject({ refund_status: 2 });
    expect(await desk.query(order)).toMatchObject({ refunded_fee: 0, refunding_fee: 0 });
  });

  it('that come back while they are under way are closed; after their success a person is told', async () => {
    const order = await desk.paid();
    await refunded(order, 100, 'TRANSFER_HANGS', 'r1');
    await refunded(order, 200, 'fine', 'r2');
    const rows = await world.sql<Json>('SELECT refund_fen, channel_refund_no FROM refunds WHERE trade_id = $1', [
      order.trade_id,
    ]);
    const numberOf = (fen: string): unknown => rows.find((row) => row['refund_fen'] === fen)?.['channel_refund_no'];
    await world.control('POST', '/control/bank/return-payment', { out_transfer_no: numberOf('100') });
    const [told] = await world.notify.waitFor(`${order.path}/r1`);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: { refunds: { refund_status: 2 } },
    });
    await settledAtBank(order);
    expect(await outcome(order, 'r2')).toMatchObject({ refund_status: 0 });
    await world.control('POST', '/control/bank/return-payment', { out_transfer_no: numberOf('200') });
    await eventually(async () =>
      (await readExceptions(world)).some(
        (one) => one.kind === 'bank_refund_returned' && one.trade_id === order.trade_id,
      ),
    );
    expect(await desk.query(order)).toMatchObject({ refunded_fee: 200 });
  });
});

describe('what the bank takes back', () => {
  it('of a held credit leaves nothing to be done', async () => {
    const order = await desk.place();
    const reference = await desk.transfer(order, 1);
    await desk.held(reference);
    await world.control('POST', '/control/bank/reverse', { reference });
    await eventually(async () => (await desk.creditState(reference)) === 'reversed');
  });

  it('of a credit that paid leaves the order paid and tells a person', async () => {
    const order = await desk.place();
    const reference = await desk.transfer(order);
    await world.notify.waitFor(order.path);
    await world.control('POST', '/control/bank/reverse', { reference });
    await eventually(async () =>
      (await readExceptions(world)).some(
        (one) => one.kind === 'bank_reversal_after_success' && one.trade_id === order.trade_id,
      ),
    );
    expect(await desk.query(order)).toMatchObject({ trade_state: 0 });
  });

  it('before it was heard of is never booked', async () => {
    const order = await desk.place();
    const fault = { channel: 'bank', operation: 'callback', fault: 'reorder', count: 1 };
    await world.control('POST', '/control/faults', fault);
    const reference = await desk.transfer(order);
    await world.control('POST', '/control/bank/reverse', { reference });
    await eventually(async () => (await desk.creditState(reference)) === 'reversed');
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
    expect((await readExceptions(world)).filter((one) => one.detail['original_reference'] === reference)).toMatchObject(
      [{ kind: 'bank_reversal_unknown' }],
    );
  });
});
