import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ControlError } from '../../src/kernel/control-error.ts';
import { memoryJournal } from '../../src/kernel/journal.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import type { VirtualPorts } from '../support/virtual-ports.ts';
import { directOrder, newNumber, partnerOrder, placeDirect, placePaid, queryDirect, raw, start } from './support.ts';
import type { RawAnswer, Running } from './support.ts';

const DIRECT = '/v3/pay/transactions/native';
const PARTNER = '/v3/pay/partner/transactions/native';
const HOUR_MS = 60 * 60 * 1000;

let running: Running;
beforeAll(async () => {
  running = await start();
});
afterAll(() => running.close());

const direct = (more: object): Promise<RawAnswer> =>
  raw(running, running.direct, 'POST', DIRECT, { body: directOrder(running, more) });
const partner = (more: object): Promise<RawAnswer> =>
  raw(running, running.provider, 'POST', PARTNER, { body: partnerOrder(running, more) });

describe('fields of an order', () => {
  const cases: [string, object, string, unknown][] = [
    ['no appid', { appid: undefined }, '/body/appid”映射到字段“公众号ID”必填性规则校验失败，此字段为必填项', ''],
    ['null is absent', { description: null }, '/body/description”映射到字段“商品描述”必填性', ''],
    ['empty description', { description: '' }, '字符数 0，小于最小值 1', 0],
    ['description of 128', { description: '测'.repeat(128) }, '字符数 128，大于最大值 127', 128],
    ['emoji', { description: '咖啡☕️🍵' }, '四字节', '咖啡☕️🍵'],
    ['short number', { out_trade_no: 'abc12' }, '字节数 5，小于最小值 6', 5],
    ['long number', { out_trade_no: 'a'.repeat(33) }, '字节数 33，大于最大值 32', 33],
    ['number with a dot', { out_trade_no: 'abc.1234' }, '正则表达式“^[0-9a-zA-Z_\\-\\|\\*]+$”', 'abc.1234'],
    ['number that is a number', { out_trade_no: 123456 }, '需要一个合法的字符串', 123456],
    ['attach of 129 bytes', { attach: '测'.repeat(43) }, '字节数 129，大于最大值 128', 129],
    ['no notify_url', { notify_url: undefined }, '/body/notify_url', ''],
    ['notify_url with a query', { notify_url: 'https://a.cn/n?x=1' }, '正则表达式', 'https://a.cn/n?x=1'],
    ['notify_url of another scheme', { notify_url: 'ftp://a.cn/n' }, '正则表达式', 'ftp://a.cn/n'],
    ['notify_url of 257', { notify_url: `https://a.cn/${'n'.repeat(244)}` }, '大于最大值 256', 257],
    ['no amount', { amount: undefined }, '/body/amount”', ''],
    ['amount a list', { amount: [{ total: 1 }] }, '需要一个合法的 Json 对象', [{ total: 1 }]],
    ['no total', { amount: {} }, '/body/amount/total”', ''],
    ['total zero', { amount: { total: 0 } }, '数值 0，小于最小值 1', 0],
    ['total negative', { amount: { total: -1 } }, '数值 -1，小于最小值 1', -1],
    [
      'total with a fraction',
      { amount: { total: 0.01 } },
      '映射到目标字段“总金额”中，此字段需要一个合法的 64 位有符号整数',
      0.01,
    ],
    ['total a string', { amount: { total: '100' } }, '64 位有符号整数', '100'],
    ['another currency', { amount: { total: 1, currency: 'USD' } }, '/body/amount/currency”', 'USD'],
    ['time_expire not RFC 3339', { time_expire: '20260301100000' }, '不是合法的 rfc3339 时间', '20260301100000'],
    ['time_expire past', { time_expire: '2020-01-01T00:00:00+08:00' }, '必须晚于当前时间', '2020-01-01T00:00:00+08:00'],
    ['scene without the payer address', { scene_info: { device_id: '1' } }, '/body/scene_info/payer_client_ip”', ''],
    ['unknown limit_pay', { limit_pay: ['no_money'] }, '/body/limit_pay/0”', 'no_money'],
    ['profit_sharing a string', { settle_info: { profit_sharing: 'Y' } }, '需要一个合法的布尔值', 'Y'],
  ];
  test.each(cases)('%s → 400 PARAM_ERROR that says so', async (_, more, message, value) => {
    const answer = await direct(more);
    expect([answer.status, answer.json?.code]).toEqual([400, 'PARAM_ERROR']);
    expect(answer.json?.message).toContain(message);
    expect(answer.json?.['detail']).toEqual({ location: 'body', value });
  });

  test('every optional field at its limit is taken', async () => {
    const answer = await direct({
      description: '测'.repeat(127),
      out_trade_no: `${newNumber()}_-|*`,
      time_expire: new Date(Date.now() + HOUR_MS).toISOString(),
      attach: 'a'.repeat(128),
      goods_tag: 'WXG',
      support_fapiao: false,
      notify_url: `https://a.cn:8443/${'n'.repeat(200)}`,
      scene_info: { payer_client_ip: '::1', device_id: '1', store_info: { id: '0001' } },
      detail: { cost_price: 1, goods_detail: [{ merchant_goods_id: '1', quantity: 1, unit_price: 1 }] },
      settle_info: { profit_sharing: true },
      unknown_field: 1,
    });
    expect([answer.status, answer.body.toString()]).toEqual([200, expect.stringContaining('code_url')]);
  });
});

describe('who may order for whom', () => {
  const other = 'wx0000000000000000';
  test('mchid must be the caller', async () => {
    expect((await direct({ mchid: running.provider.mchid })).json?.code).toBe('INVALID_REQUEST');
    expect((await partner({ sp_mchid: running.direct.mchid })).json?.code).toBe('INVALID_REQUEST');
  });
  test('a service provider cannot use the direct way, nor a direct merchant the partner way', async () => {
    const wrongWay = await raw(running, running.provider, 'POST', DIRECT, {
      body: directOrder(running, { appid: running.provider.appids[0], mchid: running.provider.mchid }),
    });
    expect([wrongWay.status, wrongWay.json?.code]).toEqual([403, 'NO_AUTH']);
    const body = partnerOrder(running, { sp_mchid: running.direct.mchid, sp_appid: running.direct.appids[0] });
    const otherWay = await raw(running, running.direct, 'POST', PARTNER, { body });
    expect([otherWay.status, otherWay.json?.code]).toEqual([403, 'NO_AUTH']);
  });
  test.each([
    ['appid', () => direct({ appid: other })],
    ['sp_appid', () => partner({ sp_appid: other })],
    ['sub_appid', () => partner({ sub_appid: other })],
  ])('%s must be bound', async (_, order) => {
    const answer = await order();
    expect([answer.status, answer.json?.code]).toEqual([400, 'APPID_MCHID_NOT_MATCH']);
  });
  test('sub_mchid must exist and be bound to the provider; sub_appid may be left out', async () => {
    const unknown = await partner({ sub_mchid: '1900000000' });
    expect([unknown.status, unknown.json?.code]).toEqual([400, 'MCH_NOT_EXISTS']);
    const foreign = await partner({ sub_mchid: running.direct.mchid });
    expect([foreign.status, foreign.json?.code]).toEqual([403, 'NO_AUTH']);
    expect((await partner({ sub_appid: undefined })).status).toBe(200);
  });
});

describe('the same out_trade_no again', () => {
  test('is the same order when every parameter is the same, whatever the order of the keys', async () => {
    const body = directOrder(running);
    const first = await raw(running, running.direct, 'POST', DIRECT, { body });
    const turned = Object.fromEntries(Object.entries(body).reverse());
    const again = await raw(running, running.direct, 'POST', DIRECT, { body: turned });
    expect(again.json).toEqual(first.json);
    const entries = running.ledger.list().filter((entry) => entry.out_trade_no === body['out_trade_no']);
    expect(entries.map((entry) => entry.kind)).toEqual(['order']);
  });

  test.each([
    ['amount', { amount: { total: 101, currency: 'CNY' } }],
    ['description', { description: '两杯咖啡' }],
    ['notify_url', { notify_url: 'http://127.0.0.1:9/other' }],
    ['attach', { attach: 'more' }],
  ])('is refused when %s differs', async (_, more) => {
    const body = directOrder(running);
    await raw(running, running.direct, 'POST', DIRECT, { body });
    const answer = await raw(running, running.direct, 'POST', DIRECT, { body: { ...body, ...more } });
    expect([answer.status, answer.json?.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('is refused once paid or closed, before parameters are compared', async () => {
    const paid = await placePaid(running);
    const paidAgain = await direct({ out_trade_no: paid.out_trade_no });
    expect([paidAgain.status, paidAgain.json?.code]).toEqual([400, 'ORDERPAID']);
    const closed = await placeDirect(running);
    await close(closed.out_trade_no);
    const closedAgain = await direct({ out_trade_no: closed.out_trade_no, description: 'other' });
    expect([closedAgain.status, closedAgain.json?.code]).toEqual([400, 'ORDER_CLOSED']);
  });

  test('belongs to its merchant: another may use it', async () => {
    const { out_trade_no } = await placeDirect(running);
    expect((await partner({ out_trade_no })).status).toBe(200);
  });
});

const close = (out_trade_no: string): Promise<RawAnswer> =>
  raw(running, running.direct, 'POST', `/v3/pay/transactions/out-trade-no/${out_trade_no}/close`, {
    body: { mchid: running.direct.mchid },
  });

describe('query and close', () => {
  test("what is not the asker's own does not exist", async () => {
    const { out_trade_no } = await placeDirect(running);
    const sub = running.provider.sub_merchants[0]?.mchid;
    const asked = `sp_mchid=${running.provider.mchid}&sub_mchid=${sub}`;
    const path = `/v3/pay/partner/transactions/out-trade-no/${out_trade_no}?${asked}`;
    const answer = await raw(running, running.provider, 'GET', path);
    expect([answer.status, answer.json?.code]).toEqual([404, 'ORDER_NOT_EXIST']);
    const id = await raw(
      running,
      running.direct,
      'GET',
      `/v3/pay/transactions/id/42${'0'.repeat(26)}?mchid=${running.direct.mchid}`,
    );
    expect([id.status, id.json?.code]).toEqual([404, 'ORDER_NOT_EXIST']);
  });

  test("one sub-merchant's order does not exist for another of the same provider", async () => {
    const other = { mchid: '1911111111', name: '另一商户', appids: [] };
    const provider = { ...running.provider, sub_merchants: [...running.provider.sub_merchants, other] };
    const wider = await start({ config: { ...running.config, merchants: [provider, running.direct] } });
    const body = partnerOrder(wider);
    await raw(wider, provider, 'POST', PARTNER, { body });
    const query = async (sub_mchid: unknown): Promise<number> => {
      const path = `/v3/pay/partner/transactions/out-trade-no/${String(body['out_trade_no'])}`;
      const asked = `?sp_mchid=${provider.mchid}&sub_mchid=${String(sub_mchid)}`;
      return (await raw(wider, provider, 'GET', path + asked)).status;
    };
    expect([await query(body['sub_mchid']), await query(other.mchid)]).toEqual([200, 404]);
    await wider.close();
  });

  test('path and query are checked', async () => {
    const noMerchant = await raw(running, running.direct, 'GET', '/v3/pay/transactions/out-trade-no/ABC123');
    expect(noMerchant.json).toMatchObject({ code: 'PARAM_ERROR', detail: { location: 'query', value: '' } });
    const long = await queryDirect(running, 'A'.repeat(35));
    expect(long.json).toMatchObject({
      code: 'PARAM_ERROR',
      message: '输入源“/uri_template/out_trade_no”映射到值字段“商户订单号”字符串规则校验失败，字节数 35，大于最大值 32',
      detail: { location: 'uri_template', value: 35 },
    });
    const unreadable = await queryDirect(running, '%E0%A4%A');
    expect([unreadable.status, unreadable.json?.code]).toEqual([400, 'PARAM_ERROR']);
  });

  test('a percent-encoded number is found', async () => {
    const { out_trade_no } = await placeDirect(running, { out_trade_no: `${newNumber()}|x` });
    expect((await queryDirect(running, encodeURIComponent(out_trade_no))).json?.['trade_state']).toBe('NOTPAY');
  });

  test('a paid or refunded order cannot be closed; an unknown one is not found; nothing is recorded', async () => {
    const { out_trade_no } = await placePaid(running);
    const answer = await close(out_trade_no);
    expect([answer.status, answer.json?.code]).toEqual([400, 'ORDER_PAID']);
    const unknown = await close('NOSUCHORDER');
    expect([unknown.status, unknown.json?.code]).toEqual([404, 'ORDER_NOT_EXIST']);
    const kinds = running.ledger.list().filter((entry) => entry.out_trade_no === out_trade_no);
    expect(kinds.map((entry) => entry.kind)).toEqual(['order', 'payment']);
  });

  test('closing twice closes once', async () => {
    const { out_trade_no } = await placeDirect(running);
    expect([(await close(out_trade_no)).status, (await close(out_trade_no)).status]).toEqual([204, 204]);
    const kinds = running.ledger.list().filter((entry) => entry.out_trade_no === out_trade_no);
    expect(kinds.map((entry) => entry.kind)).toEqual(['order', 'close']);
  });
});

describe('the payer', () => {
  const refusal = (act: () => unknown): number | undefined => {
    try {
      act();
      return undefined;
    } catch (error) {
      return error instanceof ControlError ? error.status : -1;
    }
  };

  test('sees the order before acting, and may cancel or mistype and still pay', async () => {
    const { out_trade_no, code_url } = await placeDirect(running, { description: '一碗面', amount: { total: 1234 } });
    expect(running.simulator.ownsCode(code_url)).toBe(true);
    expect(running.simulator.look(code_url)).toMatchObject({
      code: code_url,
      out_trade_no,
      amount: 1234,
      description: '一碗面',
      merchant_name: running.direct.name,
      state: 'NOTPAY',
    });
    expect(running.simulator.pending()[0]?.out_trade_no).toBe(out_trade_no);
    expect(running.simulator.scan(code_url, 'cancel')).toEqual({ out_trade_no, state: 'NOTPAY' });
    expect(running.simulator.scan(code_url, 'wrong_password')).toEqual({ out_trade_no, state: 'NOTPAY' });
    expect(running.simulator.scan(code_url, 'pay')).toEqual({ out_trade_no, state: 'SUCCESS' });
    expect(running.simulator.pending().map((one) => one.out_trade_no)).not.toContain(out_trade_no);
    expect(refusal(() => running.simulator.scan(code_url, 'pay'))).toBe(409);
    const paid = running.ledger
      .list()
      .filter((entry) => entry.out_trade_no === out_trade_no && entry.kind === 'payment');
    expect(paid.map((entry) => entry.amount)).toEqual([1234]);
  });

  test('cannot pay an unknown or closed code', async () => {
    expect(refusal(() => running.simulator.scan('weixin://wxpay/bizpayurl?pr=nobody', 'pay'))).toBe(404);
    expect(running.simulator.look('weixin://wxpay/bizpayurl?pr=nobody')).toBeUndefined();
    expect(running.simulator.ownsCode('https://qr.alipay.com/bax0')).toBe(false);
    const { out_trade_no, code_url } = await placeDirect(running);
    await close(out_trade_no);
    expect(refusal(() => running.simulator.scan(code_url, 'pay'))).toBe(409);
    expect(running.simulator.look(code_url)?.state).toBe('CLOSED');
  });

  describe('under a virtual clock', () => {
    let ports: VirtualPorts;
    let virtual: Running;
    afterEach(() => virtual.close());

    const begin = async (): Promise<void> => {
      ports = virtualPorts();
      virtual = await start({ ports, journal: memoryJournal() });
    };

    test('cannot pay after two hours; the order stays NOTPAY and the same request renews the code', async () => {
      await begin();
      const body = directOrder(virtual);
      const place = (): Promise<RawAnswer> =>
        raw(virtual, virtual.direct, 'POST', DIRECT, { body, now_ms: ports.now() });
      const code = String((await place()).json?.['code_url']);
      await ports.advance(2 * HOUR_MS - 1);
      expect((await place()).json?.['code_url']).toBe(code);
      await ports.advance(1);
      expect(refusal(() => virtual.simulator.scan(code, 'pay'))).toBe(410);
      expect(virtual.simulator.pending()).toEqual([]);
      const state = await queryDirect(virtual, String(body['out_trade_no']), ports.now());
      expect(state.json?.['trade_state']).toBe('NOTPAY');
      const renewed = String((await place()).json?.['code_url']);
      expect(renewed).not.toBe(code);
      expect(refusal(() => virtual.simulator.scan(code, 'pay'))).toBe(410);
      expect(virtual.simulator.scan(renewed, 'pay').state).toBe('SUCCESS');
    });

    test('cannot pay at or after time_expire', async () => {
      await begin();
      const time_expire = new Date(ports.now() + 60_000).toISOString().replace('.000Z', '+00:00');
      const order = await placeDirect(virtual, { time_expire }, ports.now());
      const late = await placeDirect(virtual, { time_expire }, ports.now());
      await ports.advance(59_999);
      expect(virtual.simulator.scan(order.code_url, 'pay').state).toBe('SUCCESS');
      await ports.advance(1);
      expect(refusal(() => virtual.simulator.scan(late.code_url, 'pay'))).toBe(410);
    });
  });
});
