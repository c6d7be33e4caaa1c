import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import type { AuthCodeBehaviour } from '../../src/kernel/channel-simulator.ts';
import {
  call,
  certificateApp,
  formOf,
  keyApp,
  MINUTE_MS,
  newNumber,
  officialClient,
  precreate,
  start,
  VirtualPorts,
} from './support.ts';
import type { Stand } from './support.ts';
import { kinds, NOTIFY, payByCode, query, refusal } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

/** Presents a code that never answers, to a client that does not wait long. */
async function unanswered(stand: Stand, behaviour: AuthCodeBehaviour, out_trade_no: string): Promise<void> {
  const sdk = officialClient(stand, keyApp(config));
  sdk.config.timeout = 300;
  const auth_code = stand.simulator.makeAuthCode(behaviour);
  const bizContent = { out_trade_no, scene: 'bar_code', auth_code, total_amount: '1.00', subject: '茶' };
  await expect(sdk.exec('alipay.trade.pay', { ...NOTIFY, bizContent })).rejects.toThrow(/timeout/i);
}

describe('a payment code', () => {
  test('has the form that the vendor documents, and every one is another', async () => {
    const stand = await start(config);
    const codes = Array.from({ length: 20 }, () => stand.simulator.makeAuthCode('pay'));
    for (const code of codes) expect(code).toMatch(/^28\d{16}$/);
    expect(new Set(codes).size).toBe(20);
  });

  test.each(['key', 'certificate'])('that pays is paid at once, told by callback, in %s mode', async (mode) => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const app = mode === 'key' ? keyApp(config) : certificateApp(config);
    const biz = { out_trade_no: newNumber(), store_id: 'NJ_001' };
    const answer = await payByCode(stand, app, stand.simulator.makeAuthCode('pay'), biz, NOTIFY);
    expect(answer).toMatchObject({
      code: '10000',
      outTradeNo: biz.out_trade_no,
      totalAmount: '100.01',
      receiptAmount: '100.01',
      buyerPayAmount: '100.01',
      gmtPayment: '2026-11-23 12:00:00',
      buyerUserId: config.buyer.user_id,
      fundBillList: [{ amount: '100.01', fundChannel: 'ALIPAYACCOUNT' }],
    });
    expect(await query(stand, app, biz.out_trade_no)).toMatchObject({
      tradeStatus: 'TRADE_SUCCESS',
      tradeNo: answer['tradeNo'],
      storeId: 'NJ_001',
    });
    await ports.advance(0);
    const [form = {}] = ports.sent.map(({ request }) => formOf(request));
    expect(form).toMatchObject({ trade_status: 'TRADE_SUCCESS', out_trade_no: biz.out_trade_no });
    expect(officialClient(stand, app).checkNotifySignV2(form)).toBe(true);
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('works once', async () => {
    const stand = await start(config);
    const code = stand.simulator.makeAuthCode('pay');
    expect((await payByCode(stand, keyApp(config), code))['code']).toBe('10000');
    expect(await payByCode(stand, keyApp(config), code)).toMatchObject({
      code: '40004',
      subCode: 'ACQ.PAYMENT_AUTH_CODE_INVALID',
    });
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test.each([
    ['unknown', '281234567890123456'],
    ["another wallet's", '134567890123456789'],
    ['too short', '2812345'],
    ['mistyped', '28123456789012345x'],
  ])('that is %s is refused, and no trade exists', async (_name, code) => {
    const stand = await start(config);
    const biz = { out_trade_no: newNumber() };
    const answer = await payByCode(stand, keyApp(config), code, biz);
    expect(answer).toMatchObject({ code: '40004', subCode: 'ACQ.PAYMENT_AUTH_CODE_INVALID', subMsg: '支付授权码无效' });
    expect(answer['outTradeNo']).toBe(biz.out_trade_no);
    expect((await query(stand, keyApp(config), biz.out_trade_no))['subCode']).toBe('ACQ.TRADE_NOT_EXIST');
  });

  test.each([
    ['expired', 'ACQ.PAYMENT_AUTH_CODE_INVALID'],
    ['insufficient', 'ACQ.BUYER_BALANCE_NOT_ENOUGH'],
  ] as const)('that is %s is refused and used up; the number can be paid by another', async (behaviour, subCode) => {
    const stand = await start(config);
    const biz = { out_trade_no: newNumber() };
    const code = stand.simulator.makeAuthCode(behaviour);
    expect(await payByCode(stand, keyApp(config), code, biz)).toMatchObject({ code: '40004', subCode });
    expect(kinds(stand)).toEqual([]);
    expect((await payByCode(stand, keyApp(config), code, biz))['subCode']).toBe('ACQ.PAYMENT_AUTH_CODE_INVALID');
    expect((await payByCode(stand, keyApp(config), stand.simulator.makeAuthCode('pay'), biz))['code']).toBe('10000');
  });

  test('that is never answered may have paid', async () => {
    const stand = await start(config);
    const out_trade_no = newNumber();
    await unanswered(stand, 'timeout_but_paid', out_trade_no);
    expect(await query(stand, keyApp(config), out_trade_no)).toMatchObject({ tradeStatus: 'TRADE_SUCCESS' });
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('that is never answered may have done nothing', async () => {
    const stand = await start(config);
    const out_trade_no = newNumber();
    await unanswered(stand, 'timeout_not_paid', out_trade_no);
    expect((await query(stand, keyApp(config), out_trade_no))['subCode']).toBe('ACQ.TRADE_NOT_EXIST');
    expect(kinds(stand)).toEqual([]);
  });

  test.each([
    ['scene', { scene: 'wave_code' }],
    ['scene missing', { scene: undefined }],
    ['auth_code missing', { auth_code: undefined }],
    ['product_code', { product_code: 'QUICK_WAP_WAY' }],
    ['total_amount', { total_amount: '0' }],
    ['subject', { subject: 'a&b' }],
  ])('is not looked at when the request is wrong: %s', async (_name, biz) => {
    const stand = await start(config);
    const code = stand.simulator.makeAuthCode('pay');
    expect((await payByCode(stand, keyApp(config), code, biz))['subCode']).toBe('ACQ.INVALID_PARAMETER');
    expect((await payByCode(stand, keyApp(config), code))['code']).toBe('10000');
  });
});

describe('the same number again', () => {
  test('when it is paid has succeeded, whatever the code and amount', async () => {
    const stand = await start(config);
    const biz = { out_trade_no: newNumber() };
    const code = stand.simulator.makeAuthCode('pay');
    await payByCode(stand, keyApp(config), code, biz);
    for (const again of [code, stand.simulator.makeAuthCode('pay')]) {
      expect(await payByCode(stand, keyApp(config), again, biz)).toMatchObject({ subCode: 'ACQ.TRADE_HAS_SUCCESS' });
    }
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('while it waits for the password is answered the same, with other parameters refused', async () => {
    const stand = await start(config, { ports: new VirtualPorts() });
    const biz = { out_trade_no: newNumber() };
    const code = stand.simulator.makeAuthCode('password_then_pay');
    const first = await payByCode(stand, keyApp(config), code, biz);
    expect(await payByCode(stand, keyApp(config), code, biz)).toMatchObject({
      code: '10003',
      tradeNo: first['tradeNo'],
    });
    for (const other of [
      { total_amount: '0.01' },
      { subject: '茶' },
      { auth_code: stand.simulator.makeAuthCode('pay') },
    ]) {
      const answer = await payByCode(stand, keyApp(config), code, { ...biz, ...other });
      expect(answer).toMatchObject({ code: '40004', subCode: 'ACQ.CONTEXT_INCONSISTENT' });
    }
    expect(kinds(stand)).toEqual(['order']);
  });

  test('by another method is another order', async () => {
    const stand = await start(config, { ports: new VirtualPorts() });
    const { out_trade_no, code } = await precreate(stand, keyApp(config));
    const byCode = await payByCode(stand, keyApp(config), stand.simulator.makeAuthCode('password_then_pay'), {
      out_trade_no,
    });
    expect(byCode['code']).toBe('10003');
    expect(refusal(() => stand.simulator.scan(code, 'pay'))).toMatchObject({ status: 409 });
    expect(stand.simulator.pending()).toHaveLength(1);
    const biz = { out_trade_no, total_amount: '100.01', subject: '红富士苹果' };
    const again = await call(stand, keyApp(config), 'alipay.trade.precreate', biz);
    expect(again['subCode']).toBe('ACQ.CONTEXT_INCONSISTENT');
  });
});

describe('a payer who is asked for the password', () => {
  async function asked(behaviour: AuthCodeBehaviour): Promise<{
    ports: VirtualPorts;
    stand: Stand;
    out_trade_no: string;
    status: () => Promise<unknown>;
    code: string;
  }> {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = newNumber();
    const auth_code = stand.simulator.makeAuthCode(behaviour);
    const answer = await payByCode(stand, keyApp(config), auth_code, { out_trade_no }, NOTIFY);
    expect(answer).toMatchObject({ code: '10003', msg: 'order success pay inprocess', outTradeNo: out_trade_no });
    const status = async () => (await query(stand, keyApp(config), out_trade_no))['tradeStatus'];
    expect(await status()).toBe('WAIT_BUYER_PAY');
    return { ports, stand, out_trade_no, status, code: stand.simulator.pending()[0]?.code ?? '' };
  }

  test('pays by themself after eight seconds, and the merchant is told', async () => {
    const { ports, stand, status } = await asked('password_then_pay');
    await ports.advance(7999);
    expect(kinds(stand)).toEqual(['order']);
    await ports.advance(1);
    expect(kinds(stand)).toEqual(['order', 'payment']);
    expect(await status()).toBe('TRADE_SUCCESS');
    expect(ports.sent.map(({ request }) => formOf(request)['trade_status'])).toEqual(['TRADE_SUCCESS']);
    expect(stand.simulator.pending()).toEqual([]);
  });

  test('gives up by themself after eight seconds, of which no callback tells', async () => {
    const { ports, stand, status } = await asked('password_then_cancel');
    await ports.advance(8000);
    expect(await status()).toBe('TRADE_CLOSED');
    expect(stand.ledger.list().at(-1)).toMatchObject({ kind: 'close', note: 'payer_cancelled' });
    expect(ports.sent).toEqual([]);
  });

  test('is found by the phone, and can pay before', async () => {
    const { ports, stand, out_trade_no, code, status } = await asked('password_then_cancel');
    expect(stand.simulator.ownsCode(code)).toBe(true);
    expect(stand.simulator.look(code)).toEqual(stand.simulator.pending()[0]);
    expect(stand.simulator.look(code)).toMatchObject({ out_trade_no, amount: 10001, state: 'WAIT_BUYER_PAY' });
    expect(stand.simulator.scan(code, 'pay')).toEqual({ out_trade_no, state: 'TRADE_SUCCESS' });
    await ports.advance(MINUTE_MS);
    expect(await status()).toBe('TRADE_SUCCESS');
    expect(kinds(stand)).toEqual(['order', 'payment']);
    expect(refusal(() => stand.simulator.scan(code, 'pay'))).toMatchObject({ status: 409 });
  });

  test('can cancel before', async () => {
    const { ports, stand, out_trade_no, code } = await asked('password_then_pay');
    expect(stand.simulator.scan(code, 'cancel')).toEqual({ out_trade_no, state: 'TRADE_CLOSED' });
    await ports.advance(MINUTE_MS);
    expect(kinds(stand)).toEqual(['order', 'close']);
  });

  test('can mistype it, and then decides nothing by themself any more', async () => {
    const { ports, stand, code, status } = await asked('password_then_pay');
    expect(stand.simulator.scan(code, 'wrong_password').state).toBe('WAIT_BUYER_PAY');
    await ports.advance(MINUTE_MS);
    expect(await status()).toBe('WAIT_BUYER_PAY');
    expect(stand.simulator.scan(code, 'pay').state).toBe('TRADE_SUCCESS');
  });

  test('has until the time limit of the order', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const biz = { out_trade_no: newNumber(), timeout_express: '5m' };
    await payByCode(stand, keyApp(config), stand.simulator.makeAuthCode('password_then_pay'), biz);
    const [pending] = stand.simulator.pending();
    stand.simulator.scan(pending?.code ?? '', 'wrong_password');
    await ports.advance(5 * MINUTE_MS);
    expect(stand.ledger.list().at(-1)).toMatchObject({ kind: 'close', note: 'expired' });
  });
});
