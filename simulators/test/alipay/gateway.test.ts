import { createVerify, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import {
  call,
  certificateApp,
  commonParameters,
  keyApp,
  newNumber,
  officialClient,
  post,
  precreate,
  read,
  signed,
  start,
} from './support.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

const order = () => ({ out_trade_no: newNumber(), total_amount: '0.01', subject: '一杯茶' });

describe('the official client', () => {
  test('places an order in key mode and verifies the answer', async () => {
    const stand = await start(config);
    const biz = order();
    const answer = await call(stand, keyApp(config), 'alipay.trade.precreate', biz);
    expect(answer).toMatchObject({ code: '10000', msg: 'Success', outTradeNo: biz.out_trade_no });
    expect(answer['qrCode']).toMatch(/^https:\/\/qr\.alipay\.com\/bax[a-z0-9]{21}$/);
    expect(answer['traceId']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('places an order in certificate mode and verifies the answer by the certificate', async () => {
    const stand = await start(config);
    const answer = await call(stand, certificateApp(config), 'alipay.trade.precreate', order());
    expect(answer['code']).toBe('10000');
  });

  test("rejects an answer signed with another app's key", async () => {
    const stand = await start(config);
    const stranger = { ...keyApp(config), alipay_public_key: certificateApp(config).alipay_public_key };
    await expect(call(stand, stranger, 'alipay.trade.precreate', order())).rejects.toThrow(/验签失败/);
  });

  test('downloads the certificate that an answer names', async () => {
    const stand = await start(config);
    const app = certificateApp(config);
    const sdk = officialClient(stand, app);
    const alipay_cert_sn = (sdk.config as unknown as { alipayCertSn: string }).alipayCertSn;
    const answer = await call(stand, app, 'alipay.open.app.alipaycert.download', { alipay_cert_sn });
    const pem = Buffer.from(answer['alipayCertContent'] as string, 'base64').toString('utf8');
    expect(pem).toBe(app.certificates?.alipay_cert);
    const unknown = await call(stand, app, 'alipay.open.app.alipaycert.download', { alipay_cert_sn: 'f'.repeat(32) });
    expect(unknown).toMatchObject({ code: '40002', subCode: 'isv.alipay-cert-not-exist' });
  });
});

describe('an answer', () => {
  test('is HTML by its header, JSON by its content, and signed over the exact text of its node', async () => {
    const stand = await start(config);
    const app = keyApp(config);
    const answer = await post(stand, signed(app, commonParameters(app, 'alipay.trade.precreate', order())));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html;charset=utf-8');
    const node = /^\{"alipay_trade_precreate_response":(\{.*\}),"sign":"([^"]+)"\}$/.exec(answer.text);
    expect(node?.[1]).toContain('"qr_code":"https:\\/\\/qr.alipay.com\\/bax');
    const verifies = (text: string) =>
      createVerify('RSA-SHA256')
        .update(text)
        .verify(app.alipay_public_key, node?.[2] ?? '', 'base64');
    expect(verifies(node?.[1] ?? '')).toBe(true);
    expect(verifies(JSON.stringify(answer.body))).toBe(false);
  });

  test('names the certificate behind its signature in certificate mode', async () => {
    const stand = await start(config);
    const app = certificateApp(config);
    const sdk = officialClient(stand, app).config as unknown as Record<string, string>;
    const certificates = { app_cert_sn: sdk['appCertSn'] ?? '', alipay_root_cert_sn: sdk['alipayRootCertSn'] ?? '' };
    const parameters = { ...commonParameters(app, 'alipay.trade.precreate', order()), ...certificates };
    const answer = await post(stand, signed(app, parameters));
    expect(answer.body).toMatchObject({ code: '10000' });
    expect(answer.text).toMatch(new RegExp(`\\},"alipay_cert_sn":"${sdk['alipayCertSn']}","sign":"[^"]+"\\}$`));
  });
});

describe('parameters', () => {
  const app = () => keyApp(config);
  const all = () => signed(app(), commonParameters(app(), 'alipay.trade.precreate', order()));

  test.each([
    ['all in the body', [] as string[]],
    [
      'all but biz_content in the query',
      ['app_id', 'method', 'format', 'charset', 'sign_type', 'timestamp', 'version', 'sign'],
    ],
    [
      'all in the query',
      ['app_id', 'method', 'format', 'charset', 'sign_type', 'timestamp', 'version', 'sign', 'biz_content'],
    ],
  ])('may stand %s', async (_name, inQuery) => {
    const stand = await start(config);
    const parameters = Object.entries(all());
    const query = new URLSearchParams(parameters.filter(([name]) => inQuery.includes(name)));
    const body = new URLSearchParams(parameters.filter(([name]) => !inQuery.includes(name)));
    const answer = await read(await fetch(`${stand.gateway_url}?${query}`, { method: 'POST', body }));
    expect(answer.body['code']).toBe('10000');
  });

  test('may come by GET', async () => {
    const stand = await start(config);
    const answer = await read(await fetch(`${stand.gateway_url}?${new URLSearchParams(all())}`));
    expect(answer.body['code']).toBe('10000');
  });

  test('of the query win over those of the body', async () => {
    const stand = await start(config);
    const body = new URLSearchParams({ ...all(), method: 'alipay.trade.unknown' });
    const answer = await read(
      await fetch(`${stand.gateway_url}?method=alipay.trade.precreate`, { method: 'POST', body }),
    );
    expect(answer.body['code']).toBe('10000');
  });
});

test('any path but /gateway.do is not found', async () => {
  const stand = await start(config);
  const response = await fetch(stand.gateway_url.replace('gateway.do', 'v3/alipay/trade/query'), { method: 'POST' });
  expect(response.status).toBe(404);
});

test('an app does not see the orders of another', async () => {
  const stand = await start(config);
  const { out_trade_no, code } = await precreate(stand, keyApp(config));
  stand.simulator.scan(code, 'pay');
  const mine = await call(stand, keyApp(config), 'alipay.trade.query', { out_trade_no });
  const other = certificateApp(config);
  const byNumber = await call(stand, other, 'alipay.trade.query', { out_trade_no });
  const byTradeNo = await call(stand, other, 'alipay.trade.query', { trade_no: mine['tradeNo'] });
  expect(byNumber['subCode']).toBe('ACQ.TRADE_NOT_EXIST');
  expect(byTradeNo['subCode']).toBe('ACQ.TRADE_NOT_EXIST');
});

test('the certificates form a chain: root, issuing authority, app and Alipay', () => {
  const { certificates } = certificateApp(config);
  const parse = (pem: string | undefined) =>
    (pem?.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map((one) => new X509Certificate(one));
  const [, root] = parse(certificates?.alipay_root_cert);
  const [alipay, issuer] = parse(certificates?.alipay_cert);
  const [app] = parse(certificates?.app_cert);
  if (!root || !alipay || !issuer || !app) throw new Error('a certificate is missing');
  expect(issuer.verify(root.publicKey)).toBe(true);
  expect(alipay.verify(issuer.publicKey)).toBe(true);
  expect(app.verify(issuer.publicKey)).toBe(true);
  expect(root.ca && issuer.ca).toBe(true);
  expect(alipay.ca || app.ca).toBe(false);
});
