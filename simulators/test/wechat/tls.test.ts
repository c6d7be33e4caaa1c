import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { Wechatpay } from 'wechatpay-axios-plugin';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseXml } from '../../src/wechat/v2/xml.ts';
import type { WechatConfig } from '../../src/wechat/config.ts';
import { newHome, start as startAll } from '../control/support.ts';
import { callV2, pluginClient, refusalV2, v2Owner } from './plugin.ts';
import { newNumber, placeDirect, raw, start } from './support.ts';
import type { Running } from './support.ts';

let running: Running;

beforeAll(async () => {
  running = await start();
});
afterAll(() => running.close());

const unknown = (): Record<string, string> => ({ ...v2Owner(running.direct), out_trade_no: newNumber() });

describe.each(['secapi/pay/reverse', 'secapi/pay/refund'])('%s', (path) => {
  test('is answered to the merchant that presents its certificate', async () => {
    const refund = { out_refund_no: newNumber(), total_fee: '1', refund_fee: '1' };
    const answer = await refusalV2(pluginClient(running, running.direct), path, { ...unknown(), ...refund });
    expect(answer).toMatchObject({ return_code: 'SUCCESS', err_code: 'ORDERNOTEXIST' });
  });

  test('is refused by the web server without a certificate, over TLS and over plain HTTP', async () => {
    for (const base_url of [running.tls_base_url, running.base_url]) {
      const client = pluginClient(running, running.direct, { certificate: false, base_url });
      await expect(callV2(client, path, unknown())).rejects.toMatchObject({ response: { status: 400 } });
    }
    const plain = await fetch(`${running.base_url}/${path}`, { method: 'POST', body: '<xml/>' });
    expect([plain.status, await plain.text()]).toEqual([400, expect.stringContaining('No required SSL certificate')]);
  });

  test('is refused to a merchant that presents the certificate of another', async () => {
    const client = pluginClient(running, running.direct, { certificate: running.provider });
    expect(await refusalV2(client, path, unknown())).toEqual({ return_code: 'FAIL', return_msg: '证书错误' });
  });
});

test('the other paths need no certificate, in either API', async () => {
  const client = pluginClient(running, running.direct, { certificate: false });
  const { out_trade_no } = await placeDirect(running);
  const asked = { ...v2Owner(running.direct), out_trade_no };
  expect(await callV2(client, 'pay/orderquery', asked)).toMatchObject({ trade_state: 'NOTPAY' });
  const target = `v3/pay/transactions/out-trade-no/${out_trade_no}`;
  const { data } = await client.v3.get(target, { params: { mchid: running.direct.mchid } });
  expect(data).toMatchObject({ out_trade_no });
});

test('the plain listener answers /secapi to nobody, however well signed', async () => {
  const answer = await raw(running, running.direct, 'POST', '/secapi/pay/refund', { body: '<xml></xml>' });
  expect(answer.status).toBe(400);
});

test('the merchant certificates are of the authority, for clients, and name the merchant', () => {
  const authority = new X509Certificate(running.config.authority?.ca_certificate ?? '');
  for (const merchant of running.config.merchants) {
    const certificate = new X509Certificate(merchant.certificate);
    expect(certificate.checkIssued(authority)).toBe(true);
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.subject).toContain(`CN=${merchant.mchid}`);
    expect(certificate.serialNumber).toBe(merchant.certificate_serial);
  }
});

describe('the simulators as a whole', () => {
  test('tell in the sandbox fields all that a client with a certificate needs', async () => {
    const { wechat } = await startAll();
    const merchant = {
      cert: wechat.merchant_certificate,
      key: wechat.merchant_private_key,
      ca: wechat.tls_ca_certificate,
    };
    const client = new Wechatpay({
      mchid: wechat.sp_mchid,
      serial: wechat.merchant_serial,
      privateKey: wechat.merchant_private_key,
      certs: { [wechat.platform_serial]: wechat.platform_public_key },
      secret: wechat.api_v2_key,
      baseURL: `${wechat.tls_base_url}/`,
      merchant,
    }).client;
    const fields = {
      appid: wechat.sp_appid,
      mch_id: wechat.sp_mchid,
      sub_mch_id: wechat.sub_mchid,
      out_trade_no: newNumber(),
    };
    // The plugin's own switch, which its types do not know.
    const withCertificate: object = { security: true };
    await expect(client.v2.post('secapi/pay/reverse', fields, withCertificate)).rejects.toMatchObject({
      response: { data: { return_code: 'SUCCESS', err_code: 'ORDERNOTEXIST', recall: 'N' } },
    });
  });

  test('add what credentials of an earlier version lack, and keep the rest', async () => {
    const home = await newHome();
    const path = join(home, 'simulators', 'wechat.json');
    const { authority: _new, ...earlier } = JSON.parse(readFileSync(path, 'utf8')) as WechatConfig;
    writeFileSync(path, JSON.stringify(earlier));
    const first = await startAll({ home });
    expect(first.wechat).toMatchObject({
      sp_mchid: earlier.merchants[0]?.mchid,
      merchant_certificate: earlier.merchants[0]?.certificate,
      tls_ca_certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    });
    // The older certificate is of no authority here, and known by itself.
    const status = await reverseOver(first.wechat);
    expect(status).toBe('ORDERNOTEXIST');
    await first.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await startAll({ home })).wechat.tls_ca_certificate).toBe(first.wechat.tls_ca_certificate);
  });
});

/** A reverse of an unknown number, over Node's own HTTPS client. */
async function reverseOver(wechat: Awaited<ReturnType<typeof startAll>>['wechat']): Promise<string | undefined> {
  const { Hash, Transformer } = await import('wechatpay-axios-plugin');
  const fields: Record<string, string> = {
    appid: wechat.sp_appid,
    mch_id: wechat.sp_mchid,
    sub_mch_id: wechat.sub_mchid,
    out_trade_no: newNumber(),
    nonce_str: 'nonce',
  };
  const body = Transformer.toXml({ ...fields, sign: Hash.sign('MD5', fields, wechat.api_v2_key) });
  const { tls_ca_certificate: ca, merchant_certificate: cert, merchant_private_key: key } = wechat;
  return new Promise((resolve, reject) => {
    const outgoing = request(`${wechat.tls_base_url}/secapi/pay/reverse`, {
      method: 'POST',
      ca,
      cert,
      key,
      agent: false,
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(parseXml(Buffer.concat(chunks))?.['err_code']));
    });
    outgoing.end(body);
  });
}
