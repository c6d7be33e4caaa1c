import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuthCodeBehaviour } from '../../src/kernel/channel-simulator.ts';
import type { OutgoingRequest } from '../../src/kernel/ports.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import type { VirtualPorts } from '../support/virtual-ports.ts';
import { directOrder, partnerOrder, queryDirect, raw, refundDirect, signatureHolds, start } from './support.ts';
import type { RawAnswer, Running } from './support.ts';

let ports: VirtualPorts;
let running: Running;
const sent: OutgoingRequest[] = [];

beforeEach(async () => {
  sent.length = 0;
  ports = virtualPorts({
    send: (request) => {
      sent.push(request);
      return { status: 200, headers: {}, body: Buffer.alloc(0) };
    },
  });
  running = await start({ ports });
});
afterEach(() => running.close());

const SCENE = { scene_info: { store_info: { out_id: 'A1' } } };

interface Tried {
  readonly out_trade_no: string;
  readonly body: Record<string, unknown>;
  readonly answer: RawAnswer;
}

async function present(auth_code: string, more: object = {}): Promise<Tried> {
  const body = directOrder(running, { payer: { auth_code }, ...SCENE, ...more });
  return { out_trade_no: String(body['out_trade_no']), body, answer: await post('/v3/pay/transactions/codepay', body) };
}

const pay = (behaviour: AuthCodeBehaviour): Promise<Tried> => present(running.simulator.makeAuthCode(behaviour));

const post = (target: string, body: object, signal?: AbortSignal): Promise<RawAnswer> =>
  raw(running, running.direct, 'POST', target, { body, now_ms: ports.now(), ...(signal ? { signal } : {}) });

const reverse = (out_trade_no: string): Promise<RawAnswer> =>
  post(`/v3/pay/transactions/out-trade-no/${out_trade_no}/reverse`, {
    appid: running.direct.appids[0],
    mchid: running.direct.mchid,
  });

async function stateOf(out_trade_no: string): Promise<unknown> {
  const { json } = await queryDirect(running, out_trade_no, ports.now());
  return json?.['trade_state'] ?? json?.code;
}

const moved = (): (string | number)[][] =>
  running.ledger
    .list()
    .filter(({ kind }) => kind !== 'order')
    .map(({ kind, amount }) => [kind, amount]);

/** Presents a code that the simulator will never answer. */
async function unanswered(auth_code: string): Promise<string> {
  const body = directOrder(running, { payer: { auth_code }, ...SCENE });
  const leave = new AbortController();
  const silent = post('/v3/pay/transactions/codepay', body, leave.signal);
  await expect.poll(() => running.replies.at(-1)).toBe('silence');
  leave.abort();
  await expect(silent).rejects.toThrow('aborted');
  return String(body['out_trade_no']);
}

test('payment codes have 18 digits beginning with 10 to 15, each another', () => {
  const codes = Array.from({ length: 200 }, () => running.simulator.makeAuthCode('pay'));
  expect(codes.every((code) => /^1[0-5]\d{16}$/.test(code))).toBe(true);
  expect(new Set(codes).size).toBe(200);
});

test('a code is charged at once: the answer is the transaction', async () => {
  const { out_trade_no, answer } = await pay('pay');
  expect(answer.status).toBe(200);
  expect(signatureHolds(running, answer.headers, answer.body)).toBe(true);
  expect(answer.json).toMatchObject({
    appid: running.direct.appids[0],
    mchid: running.direct.mchid,
    out_trade_no,
    trade_type: 'MICROPAY',
    trade_state: 'SUCCESS',
    transaction_id: expect.stringMatching(/^4200\d{24}$/),
    amount: { total: 100, payer_total: 100 },
    payer: { openid: expect.stringMatching(/^o/) },
  });
  expect((await queryDirect(running, out_trade_no, ports.now())).json).toEqual(answer.json);
});

test('a service provider charges for its sub-merchant, and must name its own appid', async () => {
  const charge = (more: object = {}): Promise<RawAnswer> =>
    raw(running, running.provider, 'POST', '/v3/pay/partner/transactions/codepay', {
      body: partnerOrder(running, { payer: { auth_code: running.simulator.makeAuthCode('pay') }, ...SCENE, ...more }),
      now_ms: ports.now(),
    });
  expect((await charge()).json).toMatchObject({
    sub_mchid: running.provider.sub_merchants[0]?.mchid,
    trade_state: 'SUCCESS',
  });
  expect((await charge({ sp_appid: undefined })).json?.code).toBe('PARAM_ERROR');
});

test('no payment-code order is ever notified, not even when it names a notify_url', async () => {
  await pay('pay');
  await pay('password_then_pay');
  await ports.advance(60_000);
  expect(sent).toEqual([]);
});

test.each([
  ['expired', 400, 'AUTH_CODE_EXPIRE', '二维码已过期，请用户在微信上刷新后再试', 'ORDER_NOT_EXIST'],
  ['insufficient', 403, 'NOT_ENOUGH', '余额不足', 'PAYERROR'],
] as const)('the code "%s" is refused with %i %s', async (behaviour, status, code, message, state) => {
  const { out_trade_no, answer } = await pay(behaviour);
  expect([answer.status, answer.json]).toEqual([status, { code, message }]);
  expect(signatureHolds(running, answer.headers, answer.body)).toBe(true);
  expect(await stateOf(out_trade_no)).toBe(state);
  expect(moved()).toEqual([]);
});

test.each([
  ['100000000000000000', 'AUTH_CODE_INVALID', '101 付款码无效'],
  ['10000000000000000', 'AUTH_CODE_INVALID', '18位数字'],
  ['1000000000000000000', 'AUTH_CODE_INVALID', '18位数字'],
  ['280000000000000000', 'AUTH_CODE_INVALID', '18位数字'],
  ['10000000000000000x', 'AUTH_CODE_INVALID', '18位数字'],
])('the code %s, which no wallet here has shown, is %s', async (auth_code, code, words) => {
  const { out_trade_no, answer } = await present(auth_code);
  expect([answer.status, answer.json?.code]).toEqual([400, code]);
  expect(answer.json?.message).toContain(words);
  expect(await stateOf(out_trade_no)).toBe('ORDER_NOT_EXIST');
});

test.each(['pay', 'password_then_pay', 'insufficient'] as const)('a code "%s" works once', async (behaviour) => {
  const code = running.simulator.makeAuthCode(behaviour);
  await present(code);
  const again = await present(code);
  expect([again.answer.status, again.answer.json?.code]).toEqual([400, 'AUTH_CODE_ERROR']);
});

test.each([{ payer: undefined }, { payer: {} }, { scene_info: undefined }, { scene_info: {} }])(
  'a request with %j lacks a field',
  async (more) => {
    const { answer } = await present(running.simulator.makeAuthCode('pay'), more);
    expect([answer.status, answer.json?.code]).toEqual([400, 'PARAM_ERROR']);
  },
);

describe('a code whose payer must type a password', () => {
  test('is answered 202 USERPAYING, and paid some seconds later by itself', async () => {
    const { out_trade_no, answer } = await pay('password_then_pay');
    expect([answer.status, answer.json?.code]).toEqual([202, 'USERPAYING']);
    expect(signatureHolds(running, answer.headers, answer.body)).toBe(true);
    await ports.advance(7_999);
    expect(await stateOf(out_trade_no)).toBe('USERPAYING');
    expect(moved()).toEqual([]);
    await ports.advance(1);
    expect(await stateOf(out_trade_no)).toBe('SUCCESS');
    expect(moved()).toEqual([['payment', 100]]);
  });

  test('fails some seconds later when the payer gives up, and is then reversed', async () => {
    const { out_trade_no } = await pay('password_then_cancel');
    await ports.advance(8_000);
    expect(await stateOf(out_trade_no)).toBe('PAYERROR');
    expect((await reverse(out_trade_no)).status).toBe(200);
    expect(await stateOf(out_trade_no)).toBe('REVOKED');
    expect(moved()).toEqual([['close', 100]]);
  });

  test.each([
    ['password_then_cancel', 'pay', 'SUCCESS'],
    ['password_then_pay', 'cancel', 'PAYERROR'],
    ['password_then_pay', 'wrong_password', 'USERPAYING'],
  ] as const)('"%s" does what the payer does on the phone: %s', async (behaviour, action, state) => {
    const code = running.simulator.makeAuthCode(behaviour);
    const { out_trade_no } = await present(code);
    expect(running.simulator.pending()).toMatchObject([{ code, out_trade_no, state: 'USERPAYING' }]);
    expect(running.simulator.scan(code, action)).toEqual({ out_trade_no, state });
    await ports.advance(8_000);
    expect(await stateOf(out_trade_no)).toBe(state === 'USERPAYING' ? 'SUCCESS' : state);
    expect(running.simulator.pending()).toEqual([]);
  });

  test('waits on after a restart', async () => {
    const { out_trade_no } = await pay('password_then_pay');
    const kept = running.simulator.makeAuthCode('insufficient');
    await running.close();
    ports = virtualPorts({ start_ms: ports.now() + 1_000, seed: 'second life' });
    running = await start({ ports, journal: running.journal });
    expect(await stateOf(out_trade_no)).toBe('USERPAYING');
    await ports.advance(7_000);
    expect(await stateOf(out_trade_no)).toBe('SUCCESS');
    expect((await present(kept)).answer.json?.code).toBe('NOT_ENOUGH');
  });

  test('is not paid any more once it is reversed', async () => {
    const { out_trade_no } = await pay('password_then_pay');
    expect((await reverse(out_trade_no)).status).toBe(200);
    await ports.advance(60_000);
    expect(await stateOf(out_trade_no)).toBe('REVOKED');
    expect(moved()).toEqual([['close', 100]]);
  });
});

describe('a code that is never answered', () => {
  test('has taken the money all the same', async () => {
    const out_trade_no = await unanswered(running.simulator.makeAuthCode('timeout_but_paid'));
    expect(await stateOf(out_trade_no)).toBe('SUCCESS');
    expect(moved()).toEqual([['payment', 100]]);
    expect(running.faults.list()).toEqual([]);
  });

  test('has done nothing at all', async () => {
    const out_trade_no = await unanswered(running.simulator.makeAuthCode('timeout_not_paid'));
    expect(await stateOf(out_trade_no)).toBe('ORDER_NOT_EXIST');
    expect(running.ledger.list()).toEqual([]);
    expect(running.faults.list()).toEqual([]);
  });
});

describe('the same number again', () => {
  test.each([
    ['pay', 400, 'ORDERPAID'],
    ['password_then_pay', 202, 'USERPAYING'],
    ['insufficient', 403, 'TRADE_ERROR'],
  ] as const)('with the same request after "%s" is answered %i %s', async (behaviour, status, code) => {
    const { body } = await pay(behaviour);
    const again = await post('/v3/pay/transactions/codepay', body);
    expect([again.status, again.json?.code]).toEqual([status, code]);
    expect(running.ledger.list().filter(({ kind }) => kind === 'payment').length).toBe(behaviour === 'pay' ? 1 : 0);
  });

  test('with another code is refused, and the code stays fresh', async () => {
    const { body } = await pay('password_then_pay');
    const fresh = running.simulator.makeAuthCode('pay');
    const again = await post('/v3/pay/transactions/codepay', { ...body, payer: { auth_code: fresh } });
    expect([again.status, again.json?.code]).toEqual([400, 'INVALID_REQUEST']);
    expect((await present(fresh)).answer.status).toBe(200);
  });

  test('after a reversal is refused', async () => {
    const { body, out_trade_no } = await pay('password_then_pay');
    await reverse(out_trade_no);
    expect((await post('/v3/pay/transactions/codepay', body)).json?.code).toBe('ORDER_CLOSED');
  });
});

describe('reverse', () => {
  test('gives the money of a paid order back, once, however often it is called', async () => {
    const { out_trade_no, answer } = await pay('pay');
    for (const round of [1, 2]) {
      const reversed = await reverse(out_trade_no);
      expect([round, reversed.status]).toEqual([round, 200]);
      const { appids, mchid } = running.direct;
      expect(reversed.json).toEqual({ appid: appids[0], mchid, out_trade_no });
    }
    expect(await stateOf(out_trade_no)).toBe('REVOKED');
    expect(moved()).toEqual([
      ['payment', 100],
      ['reverse', 100],
    ]);
    expect(running.ledger.list().at(-1)).toMatchObject({ transaction_id: answer.json?.['transaction_id'] });
    const refund = await refundDirect(running, out_trade_no, { refund: 1, total: 100 }, ports.now());
    expect(refund.json?.code).toBe('INVALID_REQUEST');
  });

  test('is refused after seven days, but not a moment before', async () => {
    const [early, late] = [await pay('pay'), await pay('pay')];
    await ports.advance(7 * 24 * 60 * 60_000);
    expect((await reverse(early.out_trade_no)).status).toBe(200);
    await ports.advance(1);
    expect((await reverse(late.out_trade_no)).json?.code).toBe('INVALID_REQUEST');
    expect((await reverse(early.out_trade_no)).status).toBe(200);
    expect(await stateOf(late.out_trade_no)).toBe('SUCCESS');
  });

  test('is refused for orders that are not of a payment code, refunded or unknown', async () => {
    const native = directOrder(running);
    await post('/v3/pay/transactions/native', native);
    expect((await reverse(String(native['out_trade_no']))).json?.code).toBe('INVALID_REQUEST');
    const { out_trade_no } = await pay('pay');
    await refundDirect(running, out_trade_no, { refund: 1, total: 100 }, ports.now());
    expect((await reverse(out_trade_no)).json?.code).toBe('INVALID_REQUEST');
    const unknown = await reverse('NOSUCHORDER');
    expect([unknown.status, unknown.json?.code]).toEqual([404, 'ORDER_NOT_EXIST']);
  });

  test('needs the money to be there', async () => {
    const { out_trade_no } = await pay('pay');
    running.simulator.setBalance(running.direct.mchid, 99);
    expect((await reverse(out_trade_no)).json?.code).toBe('NOT_ENOUGH');
    running.simulator.setBalance(running.direct.mchid, 100);
    expect((await reverse(out_trade_no)).status).toBe(200);
  });

  test('of a partner order names the sub-merchant', async () => {
    const body = partnerOrder(running, { payer: { auth_code: running.simulator.makeAuthCode('pay') }, ...SCENE });
    const { sp_appid, sp_mchid, sub_appid, sub_mchid, out_trade_no } = body as Record<string, string>;
    const now_ms = ports.now();
    await raw(running, running.provider, 'POST', '/v3/pay/partner/transactions/codepay', { body, now_ms });
    const target = `/v3/pay/partner/transactions/out-trade-no/${out_trade_no}/reverse`;
    const whose = { sp_appid, sp_mchid, sub_appid, sub_mchid };
    const reversed = await raw(running, running.provider, 'POST', target, { body: whose, now_ms });
    expect([reversed.status, reversed.json]).toEqual([200, { ...whose, out_trade_no }]);
  });
});

test('a payment-code order cannot be closed', async () => {
  const { out_trade_no } = await pay('password_then_pay');
  const target = `/v3/pay/transactions/out-trade-no/${out_trade_no}/close`;
  expect((await post(target, { mchid: running.direct.mchid })).json?.code).toBe('INVALID_REQUEST');
  expect(await stateOf(out_trade_no)).toBe('USERPAYING');
});

test.each(['pay', 'reverse'] as const)('the fault system_error befalls %s', async (operation) => {
  const paid = operation === 'reverse' ? await pay('pay') : undefined;
  running.faults.add({ channel: 'wechat', operation, fault: 'system_error', count: 1 });
  const answer = paid ? await reverse(paid.out_trade_no) : (await pay('pay')).answer;
  expect([answer.status, answer.json?.code]).toEqual([500, 'SYSTEM_ERROR']);
  expect(moved()).toEqual(paid ? [['payment', 100]] : []);
});

test('a code that no till has presented cannot be acted on', () => {
  const code = running.simulator.makeAuthCode('password_then_pay');
  expect(() => running.simulator.scan(code, 'pay')).toThrow('no till has presented');
  expect(() => running.simulator.scan('150000000000000000', 'pay')).toThrow('no such code');
});
