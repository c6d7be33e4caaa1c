import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

export type Role = 'all' | 'api' | 'worker';

/** Everything the environment decides, checked and frozen. Times in milliseconds, sizes in bytes. */
export interface Config {
  /** Absolute path: all local state. */
  readonly home: string;
  readonly host: string;
  readonly port: number;
  /** Where channels and payers reach us, without a trailing slash. */
  readonly public_url: string;
  /** Null: the embedded PostgreSQL under `home`. */
  readonly database_url: string | null;
  /** 32 bytes. Null: the key file under `home`. */
  readonly master_key: Buffer | null;
  readonly log_level: (typeof LOG_LEVELS)[number];
  readonly role: Role;
  /** Who may read /metrics from another machine; null: nobody. */
  readonly metrics_token: string | null;
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trusted_proxies: readonly string[];
  readonly limits: Limits;
}

export interface Limits {
  readonly max_body_bytes: number;
  /** Merchants' requests that this process itself is busy with, those waiting for a channel not counted; beyond it the answer is 503. */
  readonly max_busy_requests: number;
  readonly database_connections: number;
  /** Requests a second that one merchant without a limit of its own may send to this node. */
  readonly merchant_requests_per_second: number;
  /** Requests a second that one address may send to this node. */
  readonly address_requests_per_second: number;
  /** Lets `notify_url` point at this machine. The sandbox alone sets it. */
  readonly notify_allow_loopback: boolean;
  /** How long a node that is to stop goes on serving first, so that whoever shares requests out takes notice. */
  readonly drain_ms: number;
  /** How long a stop waits for work that has begun. */
  readonly shutdown_timeout_ms: number;
}

/** One or more variables are wrong. Each line names one and says what it should look like; secrets are not repeated. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const ROLES = ['all', 'api', 'worker'] as const;

/** Variables whose value never appears in a message. */
const SECRETS: ReadonlySet<string> = new Set(['DATABASE_URL', 'HELIU_MASTER_KEY', 'HELIU_METRICS_TOKEN']);

const Environment = z.object({
  HELIU_HOME: z
    .string()
    .default('.heliu')
    .transform((path) => resolve(path)),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'must be an address or a host name to listen on, e.g. 127.0.0.1 or 0.0.0.0')
    .default('127.0.0.1'),
  PORT: wholeNumber(1, 65_535, 8080),
  PUBLIC_URL: z
    .string()
    .refine(isOrigin, 'must be an http or https URL without query, e.g. https://pay.example.com')
    .optional(),
  DATABASE_URL: z
    .string()
    .refine(isPostgresUrl, 'must look like postgres://user:password@host:5432/database')
    .optional(),
  HELIU_MASTER_KEY: z
    .string()
    .refine(
      (text) => readKey(text) !== null,
      'must be 32 bytes as 44 characters of base64 or 64 of hex; make one by openssl rand -base64 32',
    )
    .optional(),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
  HELIU_ROLE: oneOf(ROLES, 'all'),
  HELIU_MAX_BODY_BYTES: wholeNumber(1_024, 10_485_760, 65_536),
  HELIU_MAX_BUSY_REQUESTS: wholeNumber(1, 100_000, 128),
  HELIU_DATABASE_CONNECTIONS: wholeNumber(2, 500, 10),
  HELIU_NOTIFY_ALLOW_LOOPBACK: oneOf(['0', '1'], '0').transform((text) => text === '1'),
  HELIU_MERCHANT_REQUESTS_PER_SECOND: wholeNumber(1, 1_000_000, 2_000),
  HELIU_ADDRESS_REQUESTS_PER_SECOND: wholeNumber(1, 1_000_000, 2_000),
  HELIU_TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .refine(
      (list) => list.every(isAddressRange),
      'must be addresses or CIDR ranges separated by commas, e.g. 10.0.0.0/8',
    )
    .optional(),
  HELIU_METRICS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  HELIU_DRAIN_MS: wholeNumber(0, 300_000, 0),
  HELIU_SHUTDOWN_TIMEOUT_MS: wholeNumber(0, 300_000, 15_000),
});

/**
 * Reads the configuration.
 *
 * @param env the process's environment; an empty value counts as absent
 * @throws ConfigError that names every wrong variable
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.keys(Environment.shape).flatMap((name) => {
      const value = env[name]?.trim();
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const read = Environment.safeParse(given);
  if (!read.success) throw new ConfigError(read.error.issues.map((issue) => complaint(issue, given)).join('\n'));

  const values = read.data;
  return Object.freeze({
    home: values.HELIU_HOME,
    host: values.HOST,
    port: values.PORT,
    public_url: (values.PUBLIC_URL ?? localUrl(values.HOST, values.PORT)).replace(/(?<!\/)\/+$/, ''),
    database_url: values.DATABASE_URL ?? null,
    master_key: values.HELIU_MASTER_KEY === undefined ? null : readKey(values.HELIU_MASTER_KEY),
    log_level: values.LOG_LEVEL,
    role: values.HELIU_ROLE,
    metrics_token: values.HELIU_METRICS_TOKEN ?? null,
    trusted_proxies: values.HELIU_TRUSTED_PROXIES ?? [],
    limits: Object.freeze({
      max_body_bytes: values.HELIU_MAX_BODY_BYTES,
      max_busy_requests: values.HELIU_MAX_BUSY_REQUESTS,
      database_connections: values.HELIU_DATABASE_CONNECTIONS,
      merchant_requests_per_second: values.HELIU_MERCHANT_REQUESTS_PER_SECOND,
      address_requests_per_second: values.HELIU_ADDRESS_REQUESTS_PER_SECOND,
      notify_allow_loopback: values.HELIU_NOTIFY_ALLOW_LOOPBACK,
      drain_ms: values.HELIU_DRAIN_MS,
      shutdown_timeout_ms: values.HELIU_SHUTDOWN_TIMEOUT_MS,
    }),
  });
}

/** A URL that reaches a server on this machine which listens on `host`; one that listens on every address is reached by loopback. */
export function localUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function complaint(issue: z.core.$ZodIssue, given: Readonly<Record<string, string>>): string {
  const name = String(issue.path[0]);
  return SECRETS.has(name) ? `${name} ${issue.message}.` : `${name} ${issue.message}, and it is "${given[name]}".`;
}

function wholeNumber(least: number, most: number, otherwise: number) {
  return z
    .string()
    .refine(
      (text) => /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most,
      `must be a whole number from ${least} to ${most}, e.g. ${otherwise}`,
    )
    .transform(Number)
    .default(otherwise);
}

function oneOf<const Word extends string>(words: readonly Word[], otherwise: NoInfer<Word>) {
  return z.enum(words, `must be one of ${words.join(', ')}`).default(otherwise);
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  const scheme = url?.protocol === 'http:' || url?.protocol === 'https:';
  return scheme && url?.search === '' && url.hash === '' && url.username === '' && url.password === '';
}

function isAddressRange(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text);
}

function isPostgresUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    (url?.protocol === 'postgres:' || url?.protocol === 'postgresql:') && url.hostname !== '' && url.pathname.length > 1
  );
}

function readKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return null;
}
