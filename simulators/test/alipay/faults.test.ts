import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import {
  call,
  commonParameters,
  formOf,
  keyApp,
  newNumber,
  officialClient,
  paidOrder,
  post,
  precreate,
  signed,
  start,
  VirtualPorts,
} from './support.ts';
import type { Stand } from './support.ts';
import { cancel, clientOrder, kinds, NOTIFY, payByCode, wapUrl } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

function inject(stand: Stand, operation: string, fault: string, delay_ms?: number): void {
  stand.faults.add({ channel: 'alipay', operation, fault, count: 1, ...(delay_ms === undefined ? {} : { delay_ms }) });
}

/** A refund of 1 yuan sent with nobody waiting longer than a moment, and whether the money moved. */
async function refundThrough(stand: Stand): Promise<{ outcome: Promise<unknown>; moved: () => boolean }> {
  const out_trade_no = await paidOrder(stand, keyApp(config));
  const sdk = officialClient(stand, keyApp(config));
  sdk.config.timeout = 300;
  const bizContent = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1' };
  const outcome = sdk.exec('alipay.trade.refund', { bizContent }, { validateSign: true });
  return { outcome, moved: () => stand.ledger.list().some((entry) => entry.kind === 'refund') };
}

describe('an answer', () => {
  test.each([
    ['timeout_before', /timeout/i, false],
    ['timeout_after', /timeout/i, true],
    ['http_500', /HTTP 请求错误, status: 500/, false],
    ['bad_signature', /验签失败/, true],
    ['garbage', /格式错误/, true],
  ])('by %s reaches the client as what it is, the money moved or not as documented', async (fault, error, moves) => {
    const stand = await start(config);
    inject(stand, 'refund', fault);
    const attempt = await refundThrough(stand);
    await expect(attempt.outcome).rejects.toThrow(error);
    expect(attempt.moved()).toBe(moves);
    expect(stand.faults.list()).toEqual([]);
  });

  test('by connection_reset is lost after the money moved; the official client asks again and meets fund_change=N', async () => {
    const stand = await start(config);
    const app = keyApp(config);
    const out_trade_no = await paidOrder(stand, app);
    const biz = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1' };
    const refunds = () => stand.ledger.list().filter((entry) => entry.kind === 'refund');
    inject(stand, 'refund', 'connection_reset');
    await expect(post(stand, signed(app, commonParameters(app, 'alipay.trade.refund', biz)))).rejects.toThrow(
      'fetch failed',
    );
    expect(refunds()).toHaveLength(1);
    inject(stand, 'refund', 'connection_reset');
    const again = await call(stand, app, 'alipay.trade.refund', { ...biz, out_request_no: 'r2' });
    expect(again).toMatchObject({ code: '10000', fundChange: 'N', refundFee: '2.00' });
    expect(refunds()).toHaveLength(2);
  });

  test('by slow comes late, the effect at once', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    inject(stand, 'refund', 'slow', 5000);
    const biz = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1' };
    const answer = call(stand, keyApp(config), 'alipay.trade.refund', biz);
    await expect.poll(() => stand.ledger.list().at(-1)?.kind).toBe('refund');
    await ports.advance(4999);
    expect(await Promise.race([answer.then(() => 'answered'), Promise.resolve('waiting')])).toBe('waiting');
    await ports.advance(1);
    expect(await answer).toMatchObject({ fundChange: 'Y' });
  });

  test.each([
    ['pay', 'alipay.trade.precreate', 'ACQ.SYSTEM_ERROR'],
    ['pay', 'alipay.trade.pay', 'ACQ.SYSTEM_ERROR'],
    ['pay', 'alipay.trade.create', 'ACQ.SYSTEM_ERROR'],
    ['reverse', 'alipay.trade.cancel', 'AQC.SYSTEM_ERROR'],
    ['refund', 'alipay.trade.refund', 'ACQ.SYSTEM_ERROR'],
    ['close', 'alipay.trade.close', 'ACQ.SYSTEM_ERROR'],
    ['query', 'alipay.trade.query', 'isp.unknow-error'],
    ['query', 'alipay.trade.fastpay.refund.query', 'isp.unknow-error'],
  ])('by system_error on %s is signed, for %s', async (operation, method, subCode) => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    inject(stand, operation, 'system_error');
    const biz = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1', total_amount: '1.00', subject: '茶' };
    const before = stand.ledger.list().length;
    const answer = await call(stand, keyApp(config), method, biz);
    expect(answer).toMatchObject({ code: '20000', msg: 'Service Currently Unavailable', subCode });
    expect(stand.ledger.list()).toHaveLength(before);
    expect((await call(stand, keyApp(config), 'alipay.trade.query', { out_trade_no }))['code']).toBe('10000');
  });

  test('by bad_signature differs from the right one in its signature alone', async () => {
    const stand = await start(config);
    const app = keyApp(config);
    const send = () => post(stand, signed(app, commonParameters(app, 'alipay.trade.query', { out_trade_no: 'none' })));
    const right = await send();
    inject(stand, 'query', 'bad_signature');
    const wrong = await send();
    expect(wrong.body).toEqual(right.body);
    expect(wrong.sign).not.toBe(right.sign);
    expect(wrong.sign).toHaveLength(right.sign?.length ?? 0);
  });
});

describe('a payment code and its cancellation', () => {
  /** A call that nobody waits for longer than a moment. */
  async function lost(stand: Stand, method: string, bizContent: Record<string, unknown>): Promise<void> {
    const sdk = officialClient(stand, keyApp(config));
    sdk.config.timeout = 300;
    await expect(sdk.exec(method, { bizContent })).rejects.toThrow(/timeout/i);
  }

  test.each([
    ['timeout_before', []],
    ['timeout_after', ['order', 'payment']],
  ])('by %s on pay', async (fault, effects) => {
    const stand = await start(config);
    const auth_code = stand.simulator.makeAuthCode('pay');
    const biz = { out_trade_no: newNumber(), scene: 'bar_code', auth_code, total_amount: '1.00', subject: '茶' };
    inject(stand, 'pay', fault);
    await lost(stand, 'alipay.trade.pay', biz);
    expect(kinds(stand)).toEqual(effects);
    const again = await call(stand, keyApp(config), 'alipay.trade.pay', biz);
    expect(again['subCode'] ?? again['code']).toBe(effects.length > 0 ? 'ACQ.TRADE_HAS_SUCCESS' : '10000');
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test.each([
    ['timeout_before', 2],
    ['timeout_after', 3],
  ])('by %s on reverse', async (fault, entries) => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    inject(stand, 'reverse', fault);
    await lost(stand, 'alipay.trade.cancel', { out_trade_no });
    expect(kinds(stand)).toHaveLength(entries);
    expect(await cancel(stand, keyApp(config), out_trade_no)).toMatchObject({ action: 'refund', retryFlag: 'N' });
    expect(kinds(stand)).toEqual(['order', 'payment', 'reverse']);
  });

  test('by system_error on reverse asks to be called again', async () => {
    const stand = await start(config);
    inject(stand, 'reverse', 'system_error');
    expect(await cancel(stand, keyApp(config), 'nobody')).toMatchObject({ code: '20000', retryFlag: 'Y' });
  });

  test('by bad_signature on pay has paid', async () => {
    const stand = await start(config);
    inject(stand, 'pay', 'bad_signature');
    await expect(payByCode(stand, keyApp(config), stand.simulator.makeAuthCode('pay'))).rejects.toThrow(/验签失败/);
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });
});

describe('the wap page', () => {
  test('by system_error says so and opens nothing', async () => {
    const stand = await start(config);
    const url = wapUrl(stand, keyApp(config), clientOrder('QUICK_WAP_WAY'));
    inject(stand, 'pay', 'system_error');
    expect(await (await fetch(url)).text()).toContain('ACQ.SYSTEM_ERROR');
    expect(kinds(stand)).toEqual([]);
    expect(await (await fetch(url)).text()).toContain('<form');
  });

  test('by http_500 is none', async () => {
    const stand = await start(config);
    inject(stand, 'pay', 'http_500');
    expect((await fetch(wapUrl(stand, keyApp(config), clientOrder('QUICK_WAP_WAY')))).status).toBe(500);
  });
});

test('a fault befalls its own operation only', async () => {
  const stand = await start(config);
  inject(stand, 'close', 'http_500');
  expect((await precreate(stand, keyApp(config))).code).toContain('https://');
  const answer = call(stand, keyApp(config), 'alipay.trade.close', { out_trade_no: newNumber() });
  await expect(answer).rejects.toThrow('500');
});

test('a request that the gateway refuses is refused whatever fault waits', async () => {
  const stand = await start(config);
  inject(stand, '*', 'http_500');
  const answer = await post(stand, commonParameters(keyApp(config), 'alipay.trade.query', { out_trade_no: 'a' }));
  expect(answer.body['sub_code']).toBe('isv.missing-signature');
  expect(stand.faults.list()).toHaveLength(1);
});

describe('a callback', () => {
  async function paidThrough(fault: string, delay_ms?: number): Promise<[VirtualPorts, Stand]> {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    inject(stand, 'callback', fault, delay_ms);
    await paidOrder(stand, keyApp(config), {}, NOTIFY);
    await ports.advance(0);
    return [ports, stand];
  }

  test('by drop is never sent', async () => {
    const [ports] = await paidThrough('drop');
    await ports.advance(48 * 3600_000);
    expect(ports.sent).toEqual([]);
  });

  test('by duplicate comes twice under one notify_id', async () => {
    const [ports] = await paidThrough('duplicate');
    await ports.advance(0);
    const ids = ports.sent.map(({ request }) => formOf(request)['notify_id']);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  test('by late comes after the delay', async () => {
    const [ports] = await paidThrough('late', 90_000);
    await ports.advance(89_999);
    expect(ports.sent).toEqual([]);
    await ports.advance(1);
    expect(ports.sent).toHaveLength(1);
  });

  test('by reorder comes after a later one', async () => {
    const [ports, stand] = await paidThrough('reorder');
    expect(ports.sent).toEqual([]);
    const second = await paidOrder(stand, keyApp(config), {}, NOTIFY);
    await ports.advance(0);
    await ports.advance(0);
    const numbers = ports.sent.map(({ request }) => formOf(request)['out_trade_no']);
    expect(numbers).toHaveLength(2);
    expect(numbers[0]).toBe(second);
  });

  test('by bad_signature cannot be verified, and says the same otherwise', async () => {
    const [ports, stand] = await paidThrough('bad_signature');
    const form = formOf(ports.sent[0]?.request ?? { body: Buffer.alloc(0) });
    expect(form['trade_status']).toBe('TRADE_SUCCESS');
    expect(officialClient(stand, keyApp(config)).checkNotifySignV2(form)).toBe(false);
  });

  test('by garbage cannot be understood', async () => {
    const [ports] = await paidThrough('garbage');
    const form = formOf(ports.sent[0]?.request ?? { body: Buffer.alloc(0) });
    expect(form['out_trade_no']).toBeUndefined();
  });

  test('by slow starts later', async () => {
    const [ports] = await paidThrough('slow', 5000);
    expect(ports.sent).toEqual([]);
    await ports.advance(5000);
    expect(ports.sent).toHaveLength(1);
  });

  test.each([
    ['timeout_before', 0],
    ['timeout_after', 1],
  ])('by %s is repeated after the first wait', async (fault, sentAtOnce) => {
    const [ports] = await paidThrough(fault);
    expect(ports.sent).toHaveLength(sentAtOnce);
    await ports.advance(4 * 60_000);
    expect(ports.sent).toHaveLength(sentAtOnce + 1);
  });
});
