import { beforeAll, describe, expect, test } from 'vitest';
import { chinaTime, parseChinaTime } from '../../src/alipay/china-time.ts';
import {
  alipaySandboxEntry,
  createAlipayConfig,
  parseAlipayConfig,
  serialiseAlipayConfig,
} from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { parseYuan, yuan } from '../../src/alipay/money.ts';
import { certificateApp, keyApp } from './support.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

test('credentials have the form of the real ones and differ from app to app', () => {
  for (const app of config.apps) {
    expect(app.app_id).toMatch(/^\d{16}$/);
    expect(app.seller_id).toMatch(/^2088\d{12}$/);
    expect(app.app_private_key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(app.alipay_public_key).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  }
  const [first, second] = config.apps;
  expect(first?.app_id).not.toBe(second?.app_id);
  expect(first?.alipay_public_key).not.toBe(second?.alipay_public_key);
});

test('a configuration survives being written and read', () => {
  expect(parseAlipayConfig(serialiseAlipayConfig(config))).toEqual(config);
});

test.each([
  ['apps', { apps: [] }],
  ['buyer.user_id', { buyer: {} }],
  ['cadence_scale', { cadence_scale: '1' }],
  ['callback_delays_ms', { callback_delays_ms: null }],
  ['app_id', { apps: [{}] }],
])('a configuration without %s is refused by name', (name, change) => {
  expect(() => parseAlipayConfig(JSON.stringify({ ...config, ...change }))).toThrow(name);
});

test('the sandbox entry holds what a merchant needs, in both modes, and no key of Alipay', () => {
  const entry = alipaySandboxEntry(config, 'http://127.0.0.1:8083/gateway.do');
  const key = keyApp(config);
  const certificate = certificateApp(config);
  expect(entry).toEqual({
    gateway_url: 'http://127.0.0.1:8083/gateway.do',
    app_id: key.app_id,
    seller_id: key.seller_id,
    app_private_key: key.app_private_key,
    alipay_public_key: key.alipay_public_key,
    certificate_mode: {
      app_id: certificate.app_id,
      seller_id: certificate.seller_id,
      app_private_key: certificate.app_private_key,
      ...certificate.certificates,
    },
  });
  for (const app of config.apps) expect(JSON.stringify(entry)).not.toContain(JSON.stringify(app.alipay_private_key));
});

describe('money', () => {
  test.each([
    ['0.01', 1],
    ['1', 100],
    ['1.5', 150],
    ['88.88', 8888],
    ['1.15', 115],
    ['100000000.00', 10_000_000_000],
  ])('%s yuan are %i fen', (text, fen) => {
    expect(parseYuan(text)).toBe(fen);
  });

  test.each(['', '.5', '1.', '1.001', '-1', '+1', '1,000.00', '1e3', ' 1', '１'])('"%s" is no amount', (text) => {
    expect(parseYuan(text)).toBeUndefined();
  });

  test.each([
    [0, '0.00'],
    [1, '0.01'],
    [10, '0.10'],
    [10001, '100.01'],
  ])('%i fen are written %s', (fen, text) => {
    expect(yuan(fen)).toBe(text);
  });
});

describe('time in China', () => {
  test('is eight hours ahead of UTC', () => {
    expect(chinaTime(Date.UTC(2026, 10, 22, 16, 0, 0))).toBe('2026-11-23 00:00:00');
    expect(parseChinaTime('2026-11-23 00:00:00')).toBe(Date.UTC(2026, 10, 22, 16, 0, 0));
  });

  test.each([
    '2026-11-23',
    '2026-11-23T00:00:00',
    '2026-1-23 00:00:00',
    '2026-13-01 00:00:00',
    '2026-02-29 00:00:00',
    '2026-11-23 24:00:00',
  ])('"%s" is none', (text) => {
    expect(parseChinaTime(text)).toBeUndefined();
  });
});
