import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, localUrl, readConfig } from '../src/config.ts';

describe('readConfig', () => {
  test('has a default for everything', () => {
    expect(readConfig({})).toEqual({
      home: resolve('.heliu'),
      host: '127.0.0.1',
      port: 8080,
      public_url: 'http://127.0.0.1:8080',
      database_url: null,
      master_key: null,
      log_level: 'info',
      role: 'all',
      metrics_token: null,
      trusted_proxies: [],
      limits: {
        max_body_bytes: 65_536,
        max_busy_requests: 128,
        database_connections: 10,
        merchant_requests_per_second: 2_000,
        address_requests_per_second: 2_000,
        notify_allow_loopback: false,
        drain_ms: 0,
        shutdown_timeout_ms: 15_000,
      },
    });
  });

  test('reads what is set, and takes an empty value as absent', () => {
    const config = readConfig({
      HELIU_HOME: '/srv/heliu',
      HOST: '0.0.0.0',
      PORT: ' 9000 ',
      PUBLIC_URL: 'https://pay.example.com/heliu/',
      DATABASE_URL: 'postgres://heliu:secret@db/heliu',
      LOG_LEVEL: 'warn',
      HELIU_ROLE: 'worker',
      HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
      HELIU_DATABASE_CONNECTIONS: '',
      PATH: '/usr/bin',
    });
    expect(config).toMatchObject({
      home: '/srv/heliu',
      host: '0.0.0.0',
      port: 9000,
      public_url: 'https://pay.example.com/heliu',
      database_url: 'postgres://heliu:secret@db/heliu',
      log_level: 'warn',
      role: 'worker',
      limits: { notify_allow_loopback: true, database_connections: 10 },
    });
  });

  test('takes proxies as a list of addresses and ranges, and refuses anything else by name', () => {
    const { trusted_proxies } = readConfig({ HELIU_TRUSTED_PROXIES: '127.0.0.1, 10.0.0.0/8' });
    expect(trusted_proxies).toEqual(['127.0.0.1', '10.0.0.0/8']);
    expect(() => readConfig({ HELIU_TRUSTED_PROXIES: 'loadbalancer' })).toThrow(
      /^HELIU_TRUSTED_PROXIES must be addresses or CIDR ranges separated by commas, e.g. 10.0.0.0\/8/,
    );
  });

  test('cannot be changed afterwards', () => {
    const config = readConfig({});
    expect(Object.isFrozen(config) && Object.isFrozen(config.limits)).toBe(true);
  });

  test.each([
    ['hex', 'ab'.repeat(32)],
    ['base64', Buffer.alloc(32, 0xab).toString('base64')],
    ['base64url without padding', Buffer.alloc(32, 0xab).toString('base64url')],
  ])('takes a master key as %s', (_form, text) => {
    expect(readConfig({ HELIU_MASTER_KEY: text }).master_key).toEqual(Buffer.alloc(32, 0xab));
  });

  test.each([
    ['PORT', '0', 'PORT must be a whole number from 1 to 65535, e.g. 8080, and it is "0".'],
    ['PORT', '65536', 'PORT must be a whole number from 1 to 65535, e.g. 8080, and it is "65536".'],
    ['PORT', '80.5', 'PORT must be a whole number from 1 to 65535, e.g. 8080, and it is "80.5".'],
    ['PORT', '0x50', 'PORT must be a whole number from 1 to 65535, e.g. 8080, and it is "0x50".'],
    [
      'HOST',
      'http://a',
      'HOST must be an address or a host name to listen on, e.g. 127.0.0.1 or 0.0.0.0, and it is "http://a".',
    ],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, and it is "loud".'],
    ['HELIU_ROLE', 'boss', 'HELIU_ROLE must be one of all, api, worker, and it is "boss".'],
    [
      'PUBLIC_URL',
      'pay.example.com',
      'PUBLIC_URL must be an http or https URL without query, e.g. https://pay.example.com, and it is "pay.example.com".',
    ],
    [
      'PUBLIC_URL',
      'https://a?b',
      'PUBLIC_URL must be an http or https URL without query, e.g. https://pay.example.com, and it is "https://a?b".',
    ],
    ['HELIU_NOTIFY_ALLOW_LOOPBACK', 'yes', 'HELIU_NOTIFY_ALLOW_LOOPBACK must be one of 0, 1, and it is "yes".'],
    [
      'HELIU_MAX_BODY_BYTES',
      '1',
      'HELIU_MAX_BODY_BYTES must be a whole number from 1024 to 10485760, e.g. 65536, and it is "1".',
    ],
  ])('refuses %s=%s by name', (name, value, message) => {
    expect(() => readConfig({ [name]: value })).toThrow(new ConfigError(message));
  });

  test.each([
    [
      'DATABASE_URL',
      'mysql://root:hunter2@db/heliu',
      'DATABASE_URL must look like postgres://user:password@host:5432/database.',
    ],
    [
      'DATABASE_URL',
      'postgres://root:hunter2@db',
      'DATABASE_URL must look like postgres://user:password@host:5432/database.',
    ],
    [
      'HELIU_MASTER_KEY',
      'hunter2',
      'HELIU_MASTER_KEY must be 32 bytes as 44 characters of base64 or 64 of hex; make one by openssl rand -base64 32.',
    ],
    ['HELIU_METRICS_TOKEN', 'hunter2', 'HELIU_METRICS_TOKEN must have at least 16 characters.'],
  ])('refuses a wrong %s without repeating the secret in it', (name, value, message) => {
    expect(() => readConfig({ [name]: value })).toThrow(new ConfigError(message));
  });

  test('names every wrong variable at once', () => {
    expect(() => readConfig({ PORT: 'x', HELIU_ROLE: 'y' })).toThrow(/^PORT .*\nHELIU_ROLE .*$/);
  });
});

test.each([
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://127.0.0.1:80'],
  ['::1', 'http://[::1]:80'],
  ['pay.local', 'http://pay.local:80'],
])('a server that listens on %s is reached at %s', (host, url) => {
  expect(localUrl(host, 80)).toBe(url);
});
