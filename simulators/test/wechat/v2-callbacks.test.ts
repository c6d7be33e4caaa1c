import { createDecipheriv, createHash } from 'node:crypto';
import { Hash, Transformer } from 'wechatpay-axios-plugin';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OutgoingAnswer, OutgoingRequest } from '../../src/kernel/ports.ts';
import type { WechatMerchant } from '../../src/wechat/config.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import type { VirtualPorts } from '../support/virtual-ports.ts';
import { callV2, pluginClient, refusalV2, v2Owner } from './plugin.ts';
import type { Xml } from './plugin.ts';
import { newNumber, start } from './support.ts';
import type { Running } from './support.ts';

const ACCEPTED = '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>';

let ports: VirtualPorts;
let running: Running;
let answer: OutgoingAnswer;
let sent: OutgoingRequest[];

beforeEach(async () => {
  sent = [];
  answer = { status: 200, headers: {}, body: Buffer.from(ACCEPTED) };
  ports = virtualPorts({
    send: (request) => {
      sent.push(request);
      return answer;
    },
  });
  running = await start({ ports });
});
afterEach(() => running.close());

async function paid(merchant: WechatMerchant, more: Xml = {}): Promise<Xml> {
  const fields = {
    ...v2Owner(merchant),
    body: '咖啡',
    out_trade_no: newNumber(),
    total_fee: '100',
    spbill_create_ip: '127.0.0.1',
    notify_url: 'https://gateway.example/notify',
    trade_type: 'APP',
    ...more,
  };
  const { prepay_id } = await callV2(pluginClient(running, merchant), 'pay/unifiedorder', fields);
  running.simulator.payPrepay(prepay_id ?? '', 'pay');
  await ports.advance(0);
  return fields;
}

const read = (request: OutgoingRequest | undefined): Xml =>
  Transformer.toObject(String(request?.body)) as unknown as Xml;

function signHolds(message: Xml, merchant: WechatMerchant, type: 'MD5' | 'HMAC-SHA256'): boolean {
  const { sign, ...rest } = message;
  return sign === Hash.sign(type, rest, merchant.api_v2_key);
}

describe('a payment callback of APIv2', () => {
  test.each(['MD5', 'HMAC-SHA256'] as const)(
    'tells of the payment in XML, signed by %s as the order was',
    async (type) => {
      const fields = await paid(running.provider, { sign_type: type, attach: '附加', sub_appid: '' });
      expect(sent.map(({ method, url }) => [method, url])).toEqual([['POST', 'https://gateway.example/notify']]);
      expect(sent[0]?.headers['Content-Type']).toBe('text/xml');
      expect(sent[0]?.headers).not.toHaveProperty('Wechatpay-Signature');
      const message = read(sent[0]);
      expect(signHolds(message, running.provider, type)).toBe(true);
      expect(message).toMatchObject({
        return_code: 'SUCCESS',
        result_code: 'SUCCESS',
        appid: running.provider.appids[0],
        mch_id: running.provider.mchid,
        sub_mch_id: running.provider.sub_merchants[0]?.mchid,
        out_trade_no: fields['out_trade_no'],
        trade_type: 'APP',
        total_fee: '100',
        attach: '附加',
        time_end: '20260301100000',
      });
      await ports.advance(60 * 60_000);
      expect(sent.length).toBe(1);
    },
  );

  test.each([
    [200, '<xml><return_code>FAIL</return_code></xml>'],
    [200, ''],
    [204, ''],
    [200, 'success'],
    [500, ACCEPTED],
  ])('answered %i "%s" comes again at upstream pace, the same', async (status, body) => {
    answer = { status, headers: {}, body: Buffer.from(body) };
    await paid(running.direct);
    await ports.advance(14_999);
    expect(sent.length).toBe(1);
    answer = { status: 200, headers: {}, body: Buffer.from(ACCEPTED) };
    await ports.advance(1);
    expect(sent.length).toBe(2);
    expect(sent[1]?.body.equals(sent[0]?.body ?? Buffer.alloc(0))).toBe(true);
    await ports.advance(60_000);
    expect(sent.length).toBe(2);
  });

  test('of the fault bad_signature does not verify, and comes again with one that does', async () => {
    running.faults.add({ channel: 'wechat', operation: 'callback', fault: 'bad_signature', count: 1 });
    answer = { status: 200, headers: {}, body: Buffer.from('<xml><return_code>FAIL</return_code></xml>') };
    await paid(running.direct);
    await ports.advance(15_000);
    expect(sent.map((request) => signHolds(read(request), running.direct, 'MD5'))).toEqual([false, true]);
  });

  test('goes on after a restart', async () => {
    answer = { status: 500, headers: {}, body: Buffer.alloc(0) };
    await paid(running.direct);
    await running.close();
    ports = virtualPorts({ start_ms: ports.now(), seed: 'second life', send: ports.send });
    running = await start({ ports, journal: running.journal });
    await ports.advance(15_000);
    expect(sent.length).toBe(2);
    expect(sent[1]?.body.equals(sent[0]?.body ?? Buffer.alloc(0))).toBe(true);
  });
});

describe('a refund callback of APIv2', () => {
  /** Step by step as chapter=9_16 tells merchants. */
  function open(message: Xml, key: string): Xml {
    const decipher = createDecipheriv('aes-256-ecb', createHash('md5').update(key).digest('hex'), null);
    const bytes = Buffer.from(message['req_info'] ?? '', 'base64');
    const plain = Buffer.concat([decipher.update(bytes), decipher.final()]).toString('utf8');
    return Transformer.toObject(plain) as unknown as Xml;
  }

  const refund = async (of: Xml, more: Xml = {}): Promise<Xml> => {
    const merchant = of['sub_mch_id'] ? running.provider : running.direct;
    return callV2(pluginClient(running, merchant), 'secapi/pay/refund', {
      ...v2Owner(merchant),
      out_trade_no: of['out_trade_no'] ?? '',
      out_refund_no: newNumber(),
      total_fee: '100',
      refund_fee: '30',
      notify_url: 'https://gateway.example/refunded',
      ...more,
    });
  };

  test.each([
    ['退货', 'SUCCESS'],
    ['ABNORMAL', 'CHANGE'],
    ['CLOSED', 'REFUNDCLOSE'],
  ])('for the reason %s tells of %s, encrypted', async (refund_desc, refund_status) => {
    const fields = await paid(running.provider);
    const accepted = await refund(fields, { refund_desc });
    await ports.advance(1_000);
    expect(sent.map(({ url }) => url)).toEqual(['https://gateway.example/notify', 'https://gateway.example/refunded']);
    const message = read(sent[1]);
    expect(message).toMatchObject({
      return_code: 'SUCCESS',
      appid: running.provider.appids[0],
      mch_id: running.provider.mchid,
      sub_mch_id: running.provider.sub_merchants[0]?.mchid,
      nonce_str: expect.any(String),
    });
    expect(open(message, running.provider.api_v2_key)).toEqual({
      transaction_id: accepted['transaction_id'],
      out_trade_no: fields['out_trade_no'],
      refund_id: accepted['refund_id'],
      out_refund_no: accepted['out_refund_no'],
      total_fee: '100',
      settlement_total_fee: '100',
      refund_fee: '30',
      settlement_refund_fee: '30',
      refund_status,
      success_time: '2026-03-01 10:00:01',
      refund_recv_accout: '支付用户零钱',
      refund_account: 'REFUND_SOURCE_UNSETTLED_FUNDS',
      refund_request_source: 'API',
    });
  });

  test('is not sent to a merchant that names no address', async () => {
    const fields = await paid(running.direct);
    await refund(fields, { notify_url: '' });
    await ports.advance(60_000);
    expect(sent.length).toBe(1);
  });

  test('of the fault bad_signature does not open', async () => {
    const fields = await paid(running.direct);
    running.faults.add({ channel: 'wechat', operation: 'callback', fault: 'bad_signature', count: 1 });
    await refund(fields);
    await ports.advance(1_000);
    expect(() => {
      const told = open(read(sent[1]), running.direct.api_v2_key);
      if (told['out_trade_no'] !== fields['out_trade_no'] || told['transaction_id'] === undefined)
        throw new Error('spoilt');
    }).toThrow();
  });
});

describe('a fault befalls an APIv2 operation', () => {
  const client = (): ReturnType<typeof pluginClient> => pluginClient(running, running.direct);

  test.each([
    ['pay', 'pay/unifiedorder', {}],
    ['query', 'pay/orderquery', {}],
    ['close', 'pay/closeorder', {}],
    ['refund', 'secapi/pay/refund', {}],
    ['query', 'pay/refundquery', {}],
    ['reverse', 'secapi/pay/reverse', { recall: 'Y' }],
  ] as const)('%s: system_error on %s is signed and says SYSTEMERROR', async (operation, path, more) => {
    running.faults.add({ channel: 'wechat', operation, fault: 'system_error', count: 1 });
    const refused = await refusalV2(client(), path, { ...v2Owner(running.direct), out_trade_no: newNumber() });
    expect(refused).toMatchObject({ return_code: 'SUCCESS', result_code: 'FAIL', err_code: 'SYSTEMERROR', ...more });
    expect(signHolds(refused, running.direct, 'MD5')).toBe(true);
    expect(running.faults.list()).toEqual([]);
  });

  test('bad_signature: it happened, but the answer does not verify', async () => {
    const fields = await paid(running.direct);
    running.faults.add({ channel: 'wechat', operation: 'query', fault: 'bad_signature', count: 1 });
    const asked = { ...v2Owner(running.direct), out_trade_no: fields['out_trade_no'] ?? '' };
    await expect(callV2(client(), 'pay/orderquery', asked)).rejects.toMatchObject({
      code: 'EV2_RES_SIGNATURE_NOT_EQUAL',
    });
    expect(await callV2(client(), 'pay/orderquery', asked)).toMatchObject({ trade_state: 'SUCCESS' });
  });

  test.each(['connection_reset', 'http_500'])('%s over TLS', async (fault) => {
    running.faults.add({ channel: 'wechat', operation: 'query', fault, count: 1 });
    const asked = { ...v2Owner(running.direct), out_trade_no: newNumber() };
    const failure = fault === 'http_500' ? { response: { status: 500 } } : { code: 'ECONNRESET' };
    await expect(callV2(client(), 'pay/orderquery', asked)).rejects.toMatchObject(failure);
  });

  test('does not touch a request whose signature is wrong', async () => {
    running.faults.add({ channel: 'wechat', operation: 'query', fault: 'http_500', count: 1 });
    const stranger = pluginClient(running, running.direct, { api_v2_key: 'x'.repeat(32) });
    const asked = { ...v2Owner(running.direct), out_trade_no: newNumber() };
    expect(await refusalV2(stranger, 'pay/orderquery', asked)).toMatchObject({ return_msg: '签名错误' });
    expect(running.faults.list().length).toBe(1);
  });
});
