import { createVerify, generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayAppConfig, AlipayConfig } from '../../src/alipay/config.ts';
import {
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
  VirtualPorts,
} from './support.ts';
import type { RawAnswer, Stand } from './support.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

const METHOD = 'alipay.trade.query';
const NODE = 'alipay_trade_query_response';
type Change = Record<string, string | undefined>;

/** A request that is right but for the change, signed after it. */
function changed(app: AlipayAppConfig, change: Change): Record<string, string> {
  const parameters: Record<string, string> = commonParameters(app, METHOD, { out_trade_no: newNumber() });
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) delete parameters[name];
    else parameters[name] = value;
  }
  return signed(app, parameters);
}

function expectRefusal(answer: RawAnswer, node: string, code: string, sub_code: string): void {
  expect(answer.status).toBe(200);
  expect(answer.node).toBe(node);
  expect(answer.body).toMatchObject({ code, sub_code });
  expect(answer.body['sub_msg']).not.toBe('');
}

describe('the gateway refuses, in key mode', () => {
  test.each<[string, Change, string, string, string]>([
    ['no method', { method: undefined }, 'error_response', '40001', 'isv.missing-method'],
    ['an unknown method', { method: 'alipay.trade.guess' }, 'error_response', '40002', 'isv.invalid-method'],
    ['no app_id', { app_id: undefined }, NODE, '40001', 'isv.missing-app-id'],
    ['an unknown app_id', { app_id: '2021000000000000' }, NODE, '40002', 'isv.invalid-app-id'],
  ])('%s, unsigned because no app is known', async (_name, change, node, code, sub_code) => {
    const stand = await start(config);
    const answer = await post(stand, changed(keyApp(config), change));
    expectRefusal(answer, node, code, sub_code);
    expect(answer.sign).toBeUndefined();
  });

  test.each<[string, Change, string, string]>([
    ['no sign_type', { sign_type: undefined }, '40001', 'isv.missing-signature-type'],
    ['a sign_type but RSA2', { sign_type: 'RSA' }, '40002', 'isv.invalid-signature-type'],
    ['no charset', { charset: undefined }, '40002', 'isv.invalid-charset'],
    ['a charset but utf-8', { charset: 'gbk' }, '40002', 'isv.invalid-charset'],
    ['a format but JSON', { format: 'XML' }, '40002', 'isv.invalid-format'],
    ['no timestamp', { timestamp: undefined }, '40001', 'isv.missing-timestamp'],
    ['an ISO timestamp', { timestamp: '2026-11-23T12:00:00+08:00' }, '40002', 'isv.invalid-timestamp'],
    ['a timestamp in ms', { timestamp: '1795406400000' }, '40002', 'isv.invalid-timestamp'],
    ['a day that does not exist', { timestamp: '2026-02-30 12:00:00' }, '40002', 'isv.invalid-timestamp'],
    ['no version', { version: undefined }, '40001', 'isv.missing-version'],
    ['another version', { version: '2.0' }, '40002', 'isv.invalid-parameter'],
    ['an app_auth_token that nobody gave', { app_auth_token: 'abc' }, '20001', 'aop.invalid-app-auth-token'],
    ['no biz_content', { biz_content: undefined }, '40002', 'isv.invalid-parameter'],
    ['a biz_content that is no JSON', { biz_content: '{out_trade_no:1' }, '40002', 'isv.illegal-json'],
    ['a biz_content that is no object', { biz_content: '["1"]' }, '40002', 'isv.illegal-json'],
  ])('%s, by a signed answer', async (_name, change, code, sub_code) => {
    const stand = await start(config);
    const app = keyApp(config);
    const answer = await post(stand, changed(app, change));
    expectRefusal(answer, NODE, code, sub_code);
    const node = answer.text.slice(`{"${NODE}":`.length, answer.text.lastIndexOf(',"sign"'));
    const verified = createVerify('RSA-SHA256')
      .update(node)
      .verify(app.alipay_public_key, answer.sign ?? '', 'base64');
    expect(verified).toBe(true);
  });

  test('no sign', async () => {
    const stand = await start(config);
    const { sign: _sign, ...unsigned } = changed(keyApp(config), {});
    expectRefusal(await post(stand, unsigned), NODE, '40001', 'isv.missing-signature');
  });

  test('an unknown app before it misses the sign', async () => {
    const stand = await start(config);
    const { sign: _sign, ...unsigned } = changed(keyApp(config), { app_id: '2021000000000000' });
    expectRefusal(await post(stand, unsigned), NODE, '40002', 'isv.invalid-app-id');
  });
});

describe('the signature', () => {
  test('of another key is refused, and the answer tells the text that was verified, as HTML', async () => {
    const stand = await start(config);
    const app = keyApp(config);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const stranger = { ...app, app_private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    const answer = await post(stand, changed(stranger, { biz_content: '{"out_trade_no":"a"}' }));
    expectRefusal(answer, NODE, '40002', 'isv.invalid-signature');
    expect(answer.body['sub_msg']).toContain(
      `网关生成的验签字符串为：app_id=${app.app_id}&amp;biz_content={&quot;out_trade_no&quot;:&quot;a&quot;}&amp;charset=utf-8`,
    );
    expect(answer.sign).toBeDefined();
  });

  test.each([
    'app_id',
    'method',
    'charset',
    'sign_type',
    'timestamp',
    'version',
    'format',
    'biz_content',
    'notify_url',
  ])('covers %s', async (name) => {
    const stand = await start(config);
    const app = keyApp(config);
    const all: Record<string, string> = {
      ...commonParameters(app, METHOD, { out_trade_no: 'a' }),
      notify_url: 'http://127.0.0.1:1/n',
    };
    const { [name]: _left, ...others } = all;
    const { sign } = signed(app, others);
    const answer = await post(stand, { ...all, sign: sign ?? '' });
    expect(answer.body['sub_code']).toBe('isv.invalid-signature');
  });

  test('leaves empty parameters out', async () => {
    const stand = await start(config);
    const parameters = changed(keyApp(config), {});
    const answer = await post(stand, { ...parameters, return_url: '', auth_token: ' ' });
    expect(answer.body['sub_code']).toBe('ACQ.TRADE_NOT_EXIST');
  });

  test('that is no Base64 is refused like any other', async () => {
    const stand = await start(config);
    const answer = await post(stand, { ...changed(keyApp(config), {}), sign: '??' });
    expectRefusal(answer, NODE, '40002', 'isv.invalid-signature');
  });
});

describe('the gateway refuses, in certificate mode', () => {
  async function sendSerials(stand: Stand, serials: (own: Change) => Change): Promise<RawAnswer> {
    const app = certificateApp(config);
    const sdk = officialClient(stand, app).config as unknown as Record<string, string>;
    const own = { app_cert_sn: sdk['appCertSn'], alipay_root_cert_sn: sdk['alipayRootCertSn'] };
    return post(stand, changed(app, serials(own)));
  }

  test.each<[string, (own: Change) => Change, string]>([
    ['no app_cert_sn', (own) => ({ ...own, app_cert_sn: undefined }), 'isv.missing-app-cert-sn'],
    [
      'no alipay_root_cert_sn',
      (own) => ({ ...own, alipay_root_cert_sn: undefined }),
      'isv.missing-alipay-root-cert-sn',
    ],
    ['an unknown app_cert_sn', (own) => ({ ...own, app_cert_sn: '0'.repeat(32) }), 'isv.app-cert-not-exist'],
    ['another root', (own) => ({ ...own, alipay_root_cert_sn: '0'.repeat(32) }), 'isv.invalid-alipay-root-cert-sn'],
  ])('%s', async (_name, serials, sub_code) => {
    const stand = await start(config);
    const answer = await sendSerials(stand, serials);
    expectRefusal(answer, NODE, '40002', sub_code);
    expect(answer.text).toContain('"alipay_cert_sn":');
  });

  test('an expired app certificate', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    await ports.advance(6 * 365 * 24 * 3600 * 1000);
    expectRefusal(await sendSerials(stand, (own) => own), NODE, '40002', 'isv.app-cert-expired');
  });
});

describe('precreate refuses', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['no out_trade_no', { out_trade_no: undefined }, 'ACQ.INVALID_PARAMETER'],
    ['an out_trade_no of 65 characters', { out_trade_no: 'a'.repeat(65) }, 'ACQ.INVALID_PARAMETER'],
    ['a dot in out_trade_no', { out_trade_no: 'a.1' }, 'ACQ.INVALID_PARAMETER'],
    ['an object as out_trade_no', { out_trade_no: {} }, 'ACQ.INVALID_PARAMETER'],
    ['no total_amount', { total_amount: undefined }, 'ACQ.INVALID_PARAMETER'],
    ['a total_amount of nothing', { total_amount: '0.00' }, 'ACQ.INVALID_PARAMETER'],
    ['a negative total_amount', { total_amount: '-1.00' }, 'ACQ.INVALID_PARAMETER'],
    ['three decimals', { total_amount: '1.001' }, 'ACQ.INVALID_PARAMETER'],
    ['an exponent', { total_amount: '1e2' }, 'ACQ.INVALID_PARAMETER'],
    ['more than 100000000 yuan', { total_amount: '100000000.01' }, 'ACQ.TOTAL_FEE_EXCEED'],
    ['no subject', { subject: undefined }, 'ACQ.INVALID_PARAMETER'],
    ['a subject of 257 characters', { subject: '果'.repeat(257) }, 'ACQ.INVALID_PARAMETER'],
    ['a slash in the subject', { subject: 'a/b' }, 'ACQ.INVALID_PARAMETER'],
    ['an equals sign in the subject', { subject: 'a=b' }, 'ACQ.INVALID_PARAMETER'],
    ['an ampersand in the subject', { subject: 'a&b' }, 'ACQ.INVALID_PARAMETER'],
    ['a product that is not 当面付', { product_code: 'QUICK_WAP_WAY' }, 'ACQ.INVALID_PARAMETER'],
    ['another seller', { seller_id: '2088000000000000' }, 'ACQ.SELLER_NOT_EXIST'],
    ['a timeout in seconds', { timeout_express: '90s' }, 'ACQ.INVALID_PARAMETER'],
    ['a timeout of 1.5h', { timeout_express: '1.5h' }, 'ACQ.INVALID_PARAMETER'],
    ['a timeout of nothing', { timeout_express: '0m' }, 'ACQ.INVALID_PARAMETER'],
    ['a timeout of 16d', { timeout_express: '16d' }, 'ACQ.INVALID_PARAMETER'],
    ['a time_expire of another form', { time_expire: '2026-11-23 12:30' }, 'ACQ.INVALID_PARAMETER'],
    ['a time_expire in the past', { time_expire: '2026-11-23 11:59:59' }, 'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR'],
  ])('%s', async (_name, change, sub_code) => {
    const stand = await start(config, { ports: new VirtualPorts() });
    const app = keyApp(config);
    const biz = { out_trade_no: newNumber(), total_amount: '1.00', subject: '茶', ...change };
    const answer = await post(stand, signed(app, commonParameters(app, 'alipay.trade.precreate', biz)));
    expectRefusal(answer, 'alipay_trade_precreate_response', '40004', sub_code);
    expect(answer.body['qr_code']).toBeUndefined();
    expect(stand.simulator.pending()).toEqual([]);
  });

  test.each<[string, Record<string, unknown>]>([
    ['0.01 yuan', { total_amount: '0.01' }],
    ['100000000 yuan', { total_amount: '100000000' }],
    ['an amount that is a JSON number', { total_amount: 88.88 }],
    ['a subject of 256 characters', { subject: '果'.repeat(256) }],
    ['an out_trade_no of 64 characters', { out_trade_no: 'Z_9'.padEnd(64, '0') }],
    ['a timeout of 15d', { timeout_express: '15d' }],
    ['a timeout until midnight', { timeout_express: '1c' }],
  ])('but not %s', async (_name, change) => {
    const stand = await start(config);
    const { code } = await precreate(stand, keyApp(config), change);
    expect(stand.simulator.look(code)).toBeDefined();
  });
});

test.each([
  ['alipay.trade.query', {}],
  ['alipay.trade.close', {}],
  ['alipay.trade.refund', { refund_amount: '1.00' }],
  ['alipay.trade.refund', { out_trade_no: 'a' }],
  ['alipay.trade.refund', { out_trade_no: 'a', refund_amount: '1.001' }],
  ['alipay.trade.fastpay.refund.query', { out_trade_no: 'a' }],
  ['alipay.trade.fastpay.refund.query', { out_request_no: 'a' }],
  ['alipay.open.app.alipaycert.download', {}],
])('%s refuses %j for what is missing', async (method, biz) => {
  const stand = await start(config);
  const app = keyApp(config);
  const answer = await post(stand, signed(app, commonParameters(app, method, biz)));
  expect(answer.body).toMatchObject({ code: '40004', sub_code: 'ACQ.INVALID_PARAMETER' });
});

test('a body of another content type carries no parameters', async () => {
  const stand = await start(config);
  const body = JSON.stringify(changed(keyApp(config), {}));
  const headers = { 'content-type': 'application/json' };
  const answer = await read(await fetch(stand.gateway_url, { method: 'POST', headers, body }));
  expectRefusal(answer, 'error_response', '40001', 'isv.missing-method');
});

describe('an app_auth_token and a request in certificate mode without serial numbers are refused', () => {
  test.each(['alipay.trade.pay', 'alipay.trade.create', 'alipay.trade.cancel', 'alipay.system.oauth.token'])(
    'by %s',
    async (method) => {
      const stand = await start(config);
      const node = `${method.replaceAll('.', '_')}_response`;
      const token = { ...commonParameters(keyApp(config), method, {}), app_auth_token: 'abc' };
      const refused = await post(stand, signed(keyApp(config), token));
      expectRefusal(refused, node, '20001', 'aop.invalid-app-auth-token');
      const app = certificateApp(config);
      const bare = await post(stand, signed(app, commonParameters(app, method, {})));
      expectRefusal(bare, node, '40002', 'isv.missing-app-cert-sn');
    },
  );

  test('by the wap page', async () => {
    const stand = await start(config);
    const token = { ...commonParameters(keyApp(config), 'alipay.trade.wap.pay', {}), app_auth_token: 'abc' };
    const open = async (app: AlipayAppConfig, parameters: Record<string, string>) => {
      const query = new URLSearchParams(signed(app, parameters));
      return (await fetch(`${stand.gateway_url}?${query}`)).text();
    };
    expect(await open(keyApp(config), token)).toContain('aop.invalid-app-auth-token');
    const app = certificateApp(config);
    const bare = commonParameters(app, 'alipay.trade.wap.pay', {});
    expect(await open(app, bare)).toContain('isv.missing-app-cert-sn');
  });
});
