import { Hash } from 'wechatpay-axios-plugin';
import type { Wechatpay } from 'wechatpay-axios-plugin';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WechatMerchant } from '../../src/wechat/config.ts';
import { parseXml } from '../../src/wechat/v2/xml.ts';
import { callV2, pluginClient, refusalV2, v2Owner } from './plugin.ts';
import type { Xml } from './plugin.ts';
import { newNumber, placeDirect, queryDirect, start } from './support.ts';
import type { Running } from './support.ts';

let running: Running;
let client: Wechatpay['client'];

beforeAll(async () => {
  running = await start();
  client = pluginClient(running, running.direct);
});
afterAll(() => running.close());

const scene_info = JSON.stringify({ h5_info: { type: 'Wap', wap_url: 'https://shop.example', wap_name: '商店' } });

/** A complete 统一下单 request. */
function order(merchant: WechatMerchant, trade_type: string, more: Xml = {}): Xml {
  return {
    ...v2Owner(merchant),
    body: '一杯咖啡',
    out_trade_no: newNumber(),
    total_fee: '100',
    spbill_create_ip: '127.0.0.1',
    notify_url: 'http://127.0.0.1:9/notify',
    trade_type,
    ...(trade_type === 'NATIVE' ? { product_id: 'p1' } : {}),
    ...(trade_type === 'JSAPI' ? { openid: 'oPayer' } : {}),
    ...(trade_type === 'MWEB' ? { scene_info } : {}),
    ...more,
  };
}

/** A complete 付款码支付 request. */
function till(auth_code: string, more: Xml = {}): Xml {
  const { trade_type: _type, notify_url: _url, ...rest } = order(running.direct, 'MICROPAY');
  return { ...rest, auth_code, ...more };
}

const without = (fields: Xml, ...names: string[]): Xml =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** The order's numbers with its owner's, for the operations that follow. */
const named = (fields: Xml, more: Xml = {}): Xml => ({
  ...v2Owner(fields['sub_mch_id'] === undefined ? running.direct : running.provider),
  out_trade_no: fields['out_trade_no'] ?? '',
  ...more,
});

async function stateOf(fields: Xml): Promise<string | undefined> {
  const owner = fields['sub_mch_id'] === undefined ? client : pluginClient(running, running.provider);
  const answer = await refusalV2(owner, 'pay/orderquery', named(fields));
  return answer['trade_state'] ?? answer['err_code'];
}

describe.each(['MD5', 'HMAC-SHA256'])('signed by %s', (sign_type) => {
  test.each(['NATIVE', 'JSAPI', 'APP', 'MWEB'])(
    'a %s order is placed, queried, paid and queried',
    async (trade_type) => {
      const fields = order(running.direct, trade_type, { sign_type, attach: '附加 & <b>', device_info: 'till-1' });
      const placed = await callV2(client, 'pay/unifiedorder', fields);
      expect(placed).toMatchObject({
        ...v2Owner(running.direct),
        result_code: 'SUCCESS',
        trade_type,
        prepay_id: expect.stringMatching(/^wx\d{14}[0-9a-f]{20}$/),
        device_info: 'till-1',
      });
      expect(placed['sign']?.length).toBe(sign_type === 'MD5' ? 32 : 64);
      const asked = named(fields, { sign_type });
      expect(await callV2(client, 'pay/orderquery', asked)).toMatchObject({
        trade_state: 'NOTPAY',
        trade_state_desc: '订单未支付',
      });
      if (trade_type === 'NATIVE') running.simulator.scan(placed['code_url'] ?? '', 'pay');
      else if (trade_type === 'MWEB') running.simulator.scan(placed['mweb_url'] ?? '', 'pay');
      else running.simulator.payPrepay(placed['prepay_id'] ?? '', 'pay');
      const paid = await callV2(client, 'pay/orderquery', asked);
      expect(paid).toMatchObject({
        out_trade_no: fields['out_trade_no'],
        trade_state: 'SUCCESS',
        trade_type,
        total_fee: '100',
        cash_fee: '100',
        fee_type: 'CNY',
        bank_type: 'OTHERS',
        is_subscribe: 'N',
        attach: '附加 & <b>',
        transaction_id: expect.stringMatching(/^4200\d{24}$/),
        time_end: expect.stringMatching(/^\d{14}$/),
        ...(trade_type === 'JSAPI' ? { openid: 'oPayer' } : {}),
      });
      const byId = { ...v2Owner(running.direct), transaction_id: paid['transaction_id'] ?? '' };
      expect(await callV2(client, 'pay/orderquery', byId)).toMatchObject({ out_trade_no: fields['out_trade_no'] });
    },
  );

  test('a payment code is charged', async () => {
    const fields = till(running.simulator.makeAuthCode('pay'), { sign_type });
    expect(await callV2(client, 'pay/micropay', fields)).toMatchObject({
      result_code: 'SUCCESS',
      trade_type: 'MICROPAY',
      out_trade_no: fields['out_trade_no'],
      total_fee: '100',
      openid: expect.stringMatching(/^o/),
    });
    expect(await stateOf(fields)).toBe('SUCCESS');
  });
});

test('a service provider orders and is paid for its sub-merchant, named under either appid', async () => {
  const provider = pluginClient(running, running.provider);
  const fields = without(order(running.provider, 'JSAPI', { sub_openid: 'oSub' }), 'openid');
  const placed = await callV2(provider, 'pay/unifiedorder', fields);
  expect(placed).toMatchObject(v2Owner(running.provider));
  running.simulator.payPrepay(placed['prepay_id'] ?? '', 'pay');
  expect(await callV2(provider, 'pay/orderquery', named(fields))).toMatchObject({
    trade_state: 'SUCCESS',
    openid: expect.stringMatching(/^o/),
    sub_openid: 'oSub',
    sub_is_subscribe: 'N',
  });
  const micropay = without(
    { ...order(running.provider, 'X'), auth_code: running.simulator.makeAuthCode('pay') },
    'trade_type',
    'notify_url',
  );
  expect(await callV2(provider, 'pay/micropay', micropay)).toMatchObject({ result_code: 'SUCCESS' });
});

describe('one order book', () => {
  test('an APIv2 order is seen, closed and refunded by APIv3', async () => {
    const fields = order(running.direct, 'NATIVE');
    const placed = await callV2(client, 'pay/unifiedorder', fields);
    const number = fields['out_trade_no'] ?? '';
    expect((await queryDirect(running, number)).json).toMatchObject({ trade_state: 'NOTPAY' });
    running.simulator.scan(placed['code_url'] ?? '', 'pay');
    const refund = {
      out_trade_no: number,
      out_refund_no: newNumber(),
      amount: { refund: 1, total: 100, currency: 'CNY' },
    };
    expect((await client.v3.post('v3/refund/domestic/refunds', refund)).data).toMatchObject({ status: 'PROCESSING' });
    expect(await stateOf(fields)).toBe('REFUND');
  });

  test('an APIv3 order is seen, and closed once, by APIv2', async () => {
    const { out_trade_no } = await placeDirect(running);
    const asked = { ...v2Owner(running.direct), out_trade_no };
    expect(await callV2(client, 'pay/closeorder', asked)).toMatchObject({ result_code: 'SUCCESS', result_msg: 'OK' });
    expect((await queryDirect(running, out_trade_no)).json).toMatchObject({ trade_state: 'CLOSED' });
    expect(await refusalV2(client, 'pay/closeorder', asked)).toMatchObject({ err_code: 'ORDERCLOSED' });
    const again = order(running.direct, 'NATIVE', { out_trade_no });
    expect(await refusalV2(client, 'pay/unifiedorder', again)).toMatchObject({ err_code: 'ORDERCLOSED' });
  });

  test('the same request again has the same prepay_id, another is refused', async () => {
    const fields = order(running.direct, 'APP');
    const { prepay_id } = await callV2(client, 'pay/unifiedorder', fields);
    expect(await callV2(client, 'pay/unifiedorder', fields)).toMatchObject({ prepay_id });
    const other = { ...fields, total_fee: '101' };
    expect(await refusalV2(client, 'pay/unifiedorder', other)).toMatchObject({ err_code: 'INVALID_REQUEST' });
    running.simulator.payPrepay(prepay_id ?? '', 'pay');
    expect(await refusalV2(client, 'pay/unifiedorder', fields)).toMatchObject({
      err_code: 'ORDERPAID',
      err_code_des: '该订单已支付',
    });
    expect(await refusalV2(client, 'pay/closeorder', named(fields))).toMatchObject({ err_code: 'ORDERPAID' });
  });
});

describe('a payment code', () => {
  test.each([
    ['insufficient', 'NOTENOUGH', '余额不足', 'PAYERROR'],
    ['expired', 'AUTHCODEEXPIRE', '二维码已过期，请用户在微信上刷新后再试', 'ORDERNOTEXIST'],
    ['password_then_pay', 'USERPAYING', '需要用户输入支付密码', 'USERPAYING'],
  ] as const)('"%s" is answered %s', async (behaviour, err_code, err_code_des, state) => {
    const fields = till(running.simulator.makeAuthCode(behaviour));
    const answer = await refusalV2(client, 'pay/micropay', fields);
    expect(answer).toMatchObject({ return_code: 'SUCCESS', result_code: 'FAIL', err_code, err_code_des });
    expect(answer['sign']).toBe(Hash.sign('MD5', without(answer, 'sign'), running.direct.api_v2_key));
    expect(await stateOf(fields)).toBe(state);
  });

  test.each([
    ['121212121212121212', 'AUTH_CODE_INVALID'],
    ['12345', 'AUTH_CODE_INVALID'],
  ])('%s that no wallet has shown is %s', async (code, err_code) => {
    expect(await refusalV2(client, 'pay/micropay', till(code))).toMatchObject({ err_code });
  });

  test('works once', async () => {
    const code = running.simulator.makeAuthCode('pay');
    await callV2(client, 'pay/micropay', till(code));
    expect(await refusalV2(client, 'pay/micropay', till(code))).toMatchObject({ err_code: 'AUTH_CODE_ERROR' });
  });

  test('whose payer approves on the phone is paid at once', async () => {
    const code = running.simulator.makeAuthCode('password_then_cancel');
    const fields = till(code);
    await refusalV2(client, 'pay/micropay', fields);
    running.simulator.scan(code, 'wrong_password');
    expect(await stateOf(fields)).toBe('USERPAYING');
    expect(await refusalV2(client, 'pay/micropay', fields)).toMatchObject({ err_code: 'USERPAYING' });
    running.simulator.scan(code, 'pay');
    expect(await stateOf(fields)).toBe('SUCCESS');
    expect(await refusalV2(client, 'pay/micropay', fields)).toMatchObject({ err_code: 'ORDERPAID' });
  });

  test('of an order is reversed, again and again, and cannot be closed', async () => {
    const fields = till(running.simulator.makeAuthCode('pay'));
    await callV2(client, 'pay/micropay', fields);
    expect(await refusalV2(client, 'pay/closeorder', named(fields))).toMatchObject({ err_code: 'INVALID_REQUEST' });
    for (const round of [1, 2]) {
      expect([round, await callV2(client, 'secapi/pay/reverse', named(fields))]).toMatchObject([
        round,
        { result_code: 'SUCCESS', recall: 'N' },
      ]);
    }
    expect(await stateOf(fields)).toBe('REVOKED');
    expect(await refusalV2(client, 'pay/micropay', fields)).toMatchObject({ err_code: 'ORDERREVERSED' });
  });

  test.each([
    ['a Native order', 'INVALID_REQUEST'],
    ['an unknown number', 'ORDERNOTEXIST'],
  ])('reverse refuses %s with %s and does not ask to be called again', async (what, err_code) => {
    const { out_trade_no } = what === 'a Native order' ? await placeDirect(running) : { out_trade_no: newNumber() };
    const answer = await refusalV2(client, 'secapi/pay/reverse', { ...v2Owner(running.direct), out_trade_no });
    expect(answer).toMatchObject({ err_code, recall: 'N' });
  });
});

describe('a refund', () => {
  const paid = async (): Promise<Xml> => {
    const fields = till(running.simulator.makeAuthCode('pay'), { total_fee: '1000' });
    return callV2(client, 'pay/micropay', fields);
  };
  const wish = (of: Xml, more: Xml = {}): Xml =>
    named(of, { out_refund_no: newNumber(), total_fee: '1000', refund_fee: '10', ...more });

  test('is accepted and found by each of its four numbers', async () => {
    const charged = await paid();
    const fields = wish(charged, { refund_desc: '退货', refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS' });
    const accepted = await callV2(client, 'secapi/pay/refund', fields);
    expect(accepted).toMatchObject({
      transaction_id: charged['transaction_id'],
      out_refund_no: fields['out_refund_no'],
      refund_id: expect.stringMatching(/^50300\d{24}$/),
      refund_fee: '10',
      total_fee: '1000',
      cash_fee: '1000',
    });
    await expect
      .poll(async () => (await callV2(client, 'pay/refundquery', named(charged)))['refund_status_0'], {
        timeout: 5_000,
      })
      .toBe('SUCCESS');
    for (const name of ['refund_id', 'out_refund_no', 'transaction_id', 'out_trade_no']) {
      const asked = { ...v2Owner(running.direct), [name]: accepted[name] ?? '' };
      expect([name, await callV2(client, 'pay/refundquery', asked)]).toMatchObject([
        name,
        {
          refund_count: '1',
          out_refund_no_0: fields['out_refund_no'],
          refund_id_0: accepted['refund_id'],
          refund_fee_0: '10',
          refund_status_0: 'SUCCESS',
          refund_channel_0: 'ORIGINAL',
          refund_account_0: 'REFUND_SOURCE_RECHARGE_FUNDS',
          refund_recv_accout_0: '支付用户零钱',
          refund_success_time_0: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
        },
      ]);
    }
  });

  test('again is the same refund; with another amount it is a mismatch', async () => {
    const charged = await paid();
    const fields = wish(charged);
    const { refund_id } = await callV2(client, 'secapi/pay/refund', fields);
    expect(await callV2(client, 'secapi/pay/refund', fields)).toMatchObject({ refund_id });
    const other = { ...fields, refund_fee: '11' };
    expect(await refusalV2(client, 'secapi/pay/refund', other)).toMatchObject({ err_code: 'REFUND_FEE_MISMATCH' });
  });

  test('of more than ten is shown ten at a time', async () => {
    const charged = await paid();
    const numbers: string[] = [];
    for (let count = 0; count < 12; count += 1) {
      numbers.push((await callV2(client, 'secapi/pay/refund', wish(charged)))['out_refund_no'] ?? '');
    }
    const first = await callV2(client, 'pay/refundquery', named(charged));
    expect(first).toMatchObject({ total_refund_count: '12', refund_count: '10', out_refund_no_9: numbers[9] });
    const rest = await callV2(client, 'pay/refundquery', named(charged, { offset: '10' }));
    expect(rest).toMatchObject({ refund_count: '2', out_refund_no_0: numbers[10], out_refund_no_1: numbers[11] });
  });

  test.each([
    ['ABNORMAL', 'CHANGE'],
    ['CLOSED', 'REFUNDCLOSE'],
  ])('whose reason says %s ends as %s', async (refund_desc, status) => {
    const charged = await paid();
    await callV2(client, 'secapi/pay/refund', wish(charged, { refund_desc }));
    await expect
      .poll(async () => (await callV2(client, 'pay/refundquery', named(charged)))['refund_status_0'], {
        timeout: 5_000,
      })
      .toBe(status);
  });

  test('that is unknown, too large or of an unknown order is refused', async () => {
    const charged = await paid();
    expect(await refusalV2(client, 'pay/refundquery', named(charged))).toMatchObject({ err_code: 'REFUNDNOTEXIST' });
    expect(await refusalV2(client, 'secapi/pay/refund', wish(charged, { refund_fee: '1001' }))).toMatchObject({
      err_code: 'INVALID_REQUEST',
    });
    const unknown = wish({ out_trade_no: newNumber() });
    expect(await refusalV2(client, 'secapi/pay/refund', unknown)).toMatchObject({ err_code: 'ORDERNOTEXIST' });
    running.simulator.setBalance(running.direct.mchid, 5);
    expect(await refusalV2(client, 'secapi/pay/refund', wish(charged))).toMatchObject({ err_code: 'NOTENOUGH' });
    running.simulator.setBalance(running.direct.mchid, null);
  });
});

describe('a request that is not looked at', () => {
  const fail = async (path: string, fields: Xml, asked = client): Promise<string | undefined> => {
    const answer = await refusalV2(asked, path, fields);
    expect(answer).toEqual({ return_code: 'FAIL', return_msg: expect.any(String) });
    return answer['return_msg'];
  };

  test('has a wrong signature', async () => {
    const stranger = pluginClient(running, running.direct, { api_v2_key: 'x'.repeat(32) });
    expect(await fail('pay/unifiedorder', order(running.direct, 'NATIVE'), stranger)).toBe('签名错误');
    expect(await fail('pay/orderquery', named({}, { sign_type: 'SHA1' }))).toBe('sign_type参数格式错误');
  });

  test.each([
    ['NATIVE', 'product_id', '缺少参数product_id'],
    ['JSAPI', 'openid', 'JSAPI支付必须传openid'],
    ['APP', 'body', '缺少参数body'],
    ['APP', 'total_fee', '缺少参数total_fee'],
    ['APP', 'notify_url', '缺少参数notify_url'],
    ['APP', 'trade_type', '缺少参数trade_type'],
  ])('is a %s order without %s', async (trade_type, name, words) => {
    expect(await fail('pay/unifiedorder', without(order(running.direct, trade_type), name))).toBe(words);
  });

  test.each([
    [{ total_fee: '0' }, 'total_fee参数格式错误'],
    [{ total_fee: '1.5' }, 'total_fee参数格式错误'],
    [{ out_trade_no: 'a.b' }, 'out_trade_no参数格式错误'],
    [{ out_trade_no: 'x'.repeat(33) }, 'out_trade_no参数长度有误'],
    [{ spbill_create_ip: 'localhost' }, 'invalid spbill_create_ip'],
    [{ trade_type: 'MICROPAY' }, 'trade_type参数格式错误'],
    [{ notify_url: 'http://127.0.0.1/a?b=c' }, 'notify_url参数格式错误'],
    [{ time_expire: '20260132000000' }, 'time_expire参数格式错误'],
  ])('has %j', async (more, words) => {
    expect(await fail('pay/unifiedorder', order(running.direct, 'APP', more))).toBe(words);
  });

  test.each([
    ['<xml', 'XML格式错误'],
    ['<!DOCTYPE xml><xml><mch_id>1900000001</mch_id></xml>', 'XML格式错误'],
    ['<xml><mch_id>abc</mch_id></xml>', 'mch_id参数格式错误'],
    ['<xml><mch_id>1000000000</mch_id></xml>', '商户号mch_id不存在'],
  ])('is %s', async (body, words) => {
    const answer = await fetch(`${running.base_url}/pay/orderquery`, { method: 'POST', body });
    expect(answer.status).toBe(200);
    expect(parseXml(Buffer.from(await answer.text()))).toEqual({ return_code: 'FAIL', return_msg: words });
  });

  test('is a GET', async () => {
    const answer = await fetch(`${running.base_url}/pay/orderquery`);
    expect(parseXml(Buffer.from(await answer.text()))?.['return_msg']).toBe('请使用post方法');
  });
});

test.each([
  [{ appid: 'wx0000000000000000' }, 'APPID_NOT_EXIST'],
  [{ sub_mch_id: '1900000109' }, 'NOAUTH'],
  [{ time_expire: '20200101000000' }, 'INVALID_REQUEST'],
])('an order with %j is refused as %s', async (more, err_code) => {
  const answer = await refusalV2(client, 'pay/unifiedorder', order(running.direct, 'APP', more));
  expect(answer).toMatchObject({ return_code: 'SUCCESS', result_code: 'FAIL', err_code });
});

test('an appid of another merchant, and another provider sub-merchant, are refused', async () => {
  const appid = running.provider.appids[0] ?? '';
  expect(await refusalV2(client, 'pay/unifiedorder', order(running.direct, 'APP', { appid }))).toMatchObject({
    err_code: 'APPID_MCHID_NOT_MATCH',
  });
  const provider = pluginClient(running, running.provider);
  const stranger = order(running.provider, 'APP', { sub_mch_id: running.direct.mchid });
  expect(await refusalV2(provider, 'pay/unifiedorder', stranger)).toMatchObject({ err_code: 'NOAUTH' });
  const nobody = order(running.provider, 'APP', { sub_mch_id: '1900000000' });
  expect(await refusalV2(provider, 'pay/unifiedorder', nobody)).toMatchObject({ err_code: 'MCHID_NOT_EXIST' });
  const { out_trade_no } = await placeDirect(running);
  const asked = { ...v2Owner(running.provider), out_trade_no };
  expect(await refusalV2(provider, 'pay/orderquery', asked)).toMatchObject({ err_code: 'ORDERNOTEXIST' });
});

test('an H5 order must name its scene', async () => {
  for (const scene of ['{}', 'no json', '{"h5_info":{}}']) {
    const fields = order(running.direct, 'MWEB', { scene_info: scene });
    expect(await refusalV2(client, 'pay/unifiedorder', fields)).toMatchObject({ err_code: 'INVALID_REQUEST' });
  }
});
