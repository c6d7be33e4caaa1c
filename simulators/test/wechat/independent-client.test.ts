import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Aes, Rsa, Wechatpay } from 'wechatpay-axios-plugin';
import type { WechatMerchant } from '../../src/wechat/config.ts';
import { directOrder, newNumber, partnerOrder, start } from './support.ts';
import type { Running } from './support.ts';

let running: Running;

beforeAll(async () => {
  running = await start();
});
afterAll(() => running.close());

/** The plugin refuses every 2xx answer whose signature does not verify under `certs`. */
function client(merchant: WechatMerchant, certs?: Record<string, string>): Wechatpay['client']['v3'] {
  const keys = running.simulator.platformKeys();
  const known = certs ?? Object.fromEntries(keys.map((key) => [key.serial, key.public_key]));
  return new Wechatpay({
    mchid: merchant.mchid,
    serial: merchant.certificate_serial,
    privateKey: merchant.private_key,
    certs: Object.fromEntries(
      Object.entries(known).map(([serial, pem]) => [serial, Rsa.from(pem, Rsa.KEY_TYPE_PUBLIC)]),
    ),
    baseURL: `${running.base_url}/`,
  }).client.v3;
}

describe('a client written by others', () => {
  test('orders, queries, refunds and queries the refund for a service provider', async () => {
    const wechat = client(running.provider);
    const body = partnerOrder(running, { attach: '附加', notify_url: 'https://127.0.0.1:9/notify' });
    const { sp_mchid, sub_mchid, out_trade_no } = body as Record<string, string>;
    const placed = await wechat.post('v3/pay/partner/transactions/native', body);
    expect(placed.data.code_url).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=\w{9}$/);
    const asked = { params: { sp_mchid, sub_mchid } };
    const before = await wechat.get(`v3/pay/partner/transactions/out-trade-no/${out_trade_no}`, asked);
    expect(before.data).toMatchObject({ trade_state: 'NOTPAY', trade_state_desc: '订单未支付' });
    expect(before.data).not.toHaveProperty('transaction_id');

    expect(running.simulator.scan(placed.data.code_url, 'pay')).toEqual({ out_trade_no, state: 'SUCCESS' });

    const after = await wechat.get(`v3/pay/partner/transactions/out-trade-no/${out_trade_no}`, asked);
    expect(after.data).toEqual({
      sp_appid: body['sp_appid'],
      sp_mchid,
      sub_appid: body['sub_appid'],
      sub_mchid,
      out_trade_no,
      transaction_id: expect.stringMatching(/^4200\d{24}$/),
      trade_type: 'NATIVE',
      trade_state: 'SUCCESS',
      trade_state_desc: '支付成功',
      bank_type: 'OTHERS',
      attach: '附加',
      success_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$/),
      payer: { sp_openid: expect.stringMatching(/^o.{27}$/), sub_openid: expect.stringMatching(/^o.{27}$/) },
      amount: { total: 100, payer_total: 100, currency: 'CNY', payer_currency: 'CNY' },
      promotion_detail: [],
    });
    const byId = await wechat.get(`v3/pay/partner/transactions/id/${after.data.transaction_id}`, asked);
    expect(byId.data).toEqual(after.data);

    const out_refund_no = newNumber();
    const refund = await wechat.post('v3/refund/domestic/refunds', {
      sub_mchid,
      out_trade_no,
      out_refund_no,
      amount: { refund: 30, total: 100, currency: 'CNY' },
    });
    expect(refund.data).toMatchObject({
      refund_id: expect.stringMatching(/^50300\d{24}$/),
      out_refund_no,
      out_trade_no,
      transaction_id: after.data.transaction_id,
      status: 'PROCESSING',
      channel: 'ORIGINAL',
      amount: { refund: 30, total: 100, payer_refund: 30, payer_total: 100, discount_refund: 0, currency: 'CNY' },
    });
    await expect
      .poll(
        async () =>
          (await wechat.get(`v3/refund/domestic/refunds/${out_refund_no}`, { params: { sub_mchid } })).data.status,
        { timeout: 5_000 },
      )
      .toBe('SUCCESS');
    const refunded = await wechat.get(`v3/pay/partner/transactions/out-trade-no/${out_trade_no}`, asked);
    expect(refunded.data.trade_state).toBe('REFUND');
  });

  test('orders, closes and queries for a direct merchant; the empty 204 verifies', async () => {
    const wechat = client(running.direct);
    const body = directOrder(running);
    const { mchid, out_trade_no } = body as Record<string, string>;
    await wechat.post('v3/pay/transactions/native', body);
    for (const round of ['first', 'again']) {
      const closed = await wechat.post(`v3/pay/transactions/out-trade-no/${out_trade_no}/close`, { mchid });
      expect([round, closed.status, closed.data]).toEqual([round, 204, '']);
    }
    const after = await wechat.get(`v3/pay/transactions/out-trade-no/${out_trade_no}`, { params: { mchid } });
    expect(after.data).toMatchObject({ appid: body['appid'], mchid, trade_state: 'CLOSED', amount: { total: 100 } });
  });

  test('refuses our answers when it holds another key of the same serial', async () => {
    const current = running.simulator.platformKeys().find((key) => key.current);
    const other = running.simulator.platformKeys().find((key) => !key.current);
    const wechat = client(running.direct, { [current?.serial ?? '']: other?.public_key ?? '' });
    await expect(wechat.post('v3/pay/transactions/native', directOrder(running))).rejects.toMatchObject({
      code: 'EV3_RES_HEADER_SIGNATURE_DIGEST',
    });
  });

  test('downloads platform certificates that hold the keys answers are signed with', async () => {
    const { data } = await client(running.direct).get('v3/certificates');
    const opened = data.data.map((entry: { serial_no: string; encrypt_certificate: Record<string, string> }) => {
      const { ciphertext, nonce, associated_data } = entry.encrypt_certificate;
      const key = running.direct.api_v3_key;
      return [entry.serial_no, Aes.AesGcm.decrypt(ciphertext ?? '', key, nonce ?? '', associated_data)];
    }) as [string, string][];
    expect(opened.length).toBe(2);
    for (const [serial, pem] of opened) {
      const certificate = new X509Certificate(pem);
      expect(certificate.serialNumber).toBe(serial);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
    }
    const held = Object.fromEntries(
      opened.map(([serial, pem]) => [
        serial,
        new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      ]),
    );
    expect((await client(running.direct, held).post('v3/pay/transactions/native', directOrder(running))).status).toBe(
      200,
    );
  });
});
