import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseWechatConfig, serializeWechatConfig, wechatSandboxFields } from '../../src/wechat/config.ts';
import { directOrder, placePaid, raw, signatureHolds, start } from './support.ts';
import type { RawAnswer, Running } from './support.ts';
import { startReceiver } from '../support/receiver.ts';

let running: Running;
beforeEach(async () => {
  running = await start();
});
afterEach(() => running.close());

const order = (headers: Record<string, string> = {}): Promise<RawAnswer> =>
  raw(running, running.direct, 'POST', '/v3/pay/transactions/native', { body: directOrder(running), headers });
const certificates = (query = ''): Promise<RawAnswer> =>
  raw(running, running.direct, 'GET', `/v3/certificates${query}`);
const serialOf = (answer: RawAnswer): string | null => {
  expect(signatureHolds(running, answer.headers, answer.body)).toBe(true);
  return answer.headers.get('wechatpay-serial');
};

test('the request chooses the key that signs its answer; an unknown choice gets the current one', async () => {
  const keys = running.simulator.platformKeys();
  expect(keys.map((key) => key.kind)).toEqual(['certificate', 'certificate', 'public_key']);
  for (const key of keys) expect(serialOf(await order({ 'Wechatpay-Serial': key.serial }))).toBe(key.serial);
  expect(serialOf(await order())).toBe(running.config.current_serial);
  expect(serialOf(await order({ 'Wechatpay-Serial': 'PUB_KEY_ID_UNKNOWN' }))).toBe(running.config.current_serial);
});

test('after a rotation the new certificate signs, is downloadable, and the old one still answers who asks for it', async () => {
  const serial = await running.simulator.rotatePlatformCertificate();
  expect(serial).toMatch(/^[0-9A-F]{40}$/);
  expect(serialOf(await order())).toBe(serial);
  expect(serialOf(await order({ 'Wechatpay-Serial': running.config.current_serial }))).toBe(
    running.config.current_serial,
  );
  const { json } = await certificates();
  const listed = [serial, running.config.current_serial].map((serial_no) => expect.objectContaining({ serial_no }));
  expect(json?.['data']).toEqual(expect.arrayContaining(listed));
});

test('in public-key mode there are no certificates, and answers and callbacks name the public key', async () => {
  const receiver = await startReceiver();
  const serial = await running.simulator.enterPublicKeyMode();
  expect(serial).toMatch(/^PUB_KEY_ID_\d{34}$/);
  const refused = await certificates();
  expect([refused.status, refused.json?.code]).toEqual([404, 'RESOURCE_NOT_EXISTS']);
  expect(serialOf(await order())).toBe(serial);
  await placePaid(running, { notify_url: `${receiver.url}/notify` });
  const [callback] = await receiver.take(1);
  expect(callback?.headers['wechatpay-serial']).toBe(serial);
  await receiver.close();
});

test('a known key can be made current again; an unknown one cannot', async () => {
  const [older] = running.simulator.platformKeys();
  running.simulator.signWith(older?.serial ?? '');
  expect(serialOf(await order())).toBe(older?.serial);
  expect(() => running.simulator.signWith('NONE')).toThrow('no platform key');
});

test('certificates are listed by algorithm', async () => {
  expect((await certificates('?algorithm_type=RSA')).status).toBe(200);
  expect((await certificates('?algorithm_type=SM2')).status).toBe(404);
  expect((await certificates('?algorithm_type=DSA')).json?.code).toBe('PARAM_ERROR');
});

test('private keys of the platform are not shown', () => {
  expect(JSON.stringify(running.simulator.platformKeys())).not.toContain('PRIVATE KEY');
});

test('the configuration survives being written and read, and fills the sandbox file', () => {
  const text = serializeWechatConfig(running.config);
  expect(parseWechatConfig(text)).toEqual(running.config);
  expect(() => parseWechatConfig(JSON.stringify({ ...running.config, current_serial: 'X' }))).toThrow('current_serial');
  const fields = wechatSandboxFields(running.config, running.base_url, 'https://127.0.0.1:1');
  const key = running.simulator.platformKeys().find((candidate) => candidate.current);
  expect(fields).toEqual({
    base_url: running.base_url,
    tls_base_url: 'https://127.0.0.1:1',
    tls_ca_certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    mode: 'partner',
    sp_mchid: expect.stringMatching(/^19\d{8}$/),
    sp_appid: expect.stringMatching(/^wx[0-9a-f]{16}$/),
    sp_app_secret: expect.stringMatching(/^\w{32}$/),
    sub_mchid: expect.stringMatching(/^19\d{8}$/),
    sub_appid: expect.stringMatching(/^wx[0-9a-f]{16}$/),
    merchant_serial: expect.stringMatching(/^[0-9A-F]{40}$/),
    merchant_private_key: expect.stringContaining('BEGIN PRIVATE KEY'),
    merchant_certificate: expect.stringContaining('BEGIN CERTIFICATE'),
    api_v3_key: expect.stringMatching(/^\w{32}$/),
    api_v2_key: expect.stringMatching(/^\w{32}$/),
    platform_serial: key?.serial,
    platform_public_key: key?.public_key,
  });
});
