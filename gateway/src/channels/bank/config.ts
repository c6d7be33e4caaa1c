/** An account at a bank: what an operator enters, how it is checked, and its opened form with every key parsed once. */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { ChannelMisconfigured, type ChannelAccount } from '../channel.ts';
import { checked, origin, privateKeyPem, timeoutMs } from '../settings.ts';
import type { NumberPool } from '../virtual-accounts.ts';
import { CHECK_LENGTHS, createPool } from './number-pool.ts';
import { readPrivateKey, readPublicKey } from './sign.ts';

const DAY_MS = 86_400_000;

const shown = (what: string) => z.string().min(1, `must be ${what}`).max(140, 'must have at most 140 characters');

const serial = z.int('must be a whole number').min(0).max(999_999_999_999_999);

const poolSchema = z
  .strictObject({
    prefix: z.string().regex(/^[1-9]\d{0,14}$/, 'must be 1–15 digits that do not begin with 0'),
    first: serial,
    last: serial,
    digits: z.int('must be a whole number').min(1).max(15),
    check_digit: z.enum(['none', 'luhn', 'mod97']).default('none'),
  })
  .refine((pool) => pool.last >= pool.first, { path: ['last'], error: 'must not be below first' })
  .refine((pool) => String(pool.last).length <= pool.digits, {
    path: ['last'],
    error: 'has more digits than digits says',
  })
  // The API document shows fund_acc as a number of 16 digits.
  .refine((pool) => pool.prefix.length + pool.digits + CHECK_LENGTHS[pool.check_digit] <= 16, {
    path: ['digits'],
    error: 'prefix, serial and check digits make more than 16 digits',
  });

export const settingsSchema = z
  .strictObject({
    fund_acc_name: shown('the name of the account holder'),
    bank_branch: shown('the opening branch'),
    settlement_account: z.string().regex(/^[A-Za-z0-9-]{4,34}$/, 'must be an account number'),
    numbers: z.enum(['pool', 'bank']),
    pool: poolSchema.optional(),
    exact_numbers: z.boolean().default(true),
    quarantine_days: z.int('must be a whole number of days').min(0).max(3650).default(30),
    close_paid_after_days: z.int('must be a whole number of days').min(1).max(3650).default(30),
    warn_below: z.int('must be a whole number').min(0).max(1000).default(50),
    base_url: origin('https://bank-front.example.com').optional(),
    client_id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be letters, digits, _ and -')
      .optional(),
    bank_keys: z.record(
      z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a key is named by letters, digits, _ and -'),
      z.string().regex(/-----BEGIN PUBLIC KEY-----/, 'must be a PEM public key'),
    ),
    timeout_ms: timeoutMs,
  })
  .refine((one) => one.numbers !== 'pool' || one.pool !== undefined, {
    path: ['pool'],
    error: 'is needed when numbers is pool',
  })
  .refine((one) => one.numbers !== 'bank' || one.base_url !== undefined, {
    path: ['base_url'],
    error: 'is needed when numbers is bank',
  })
  .refine((one) => one.base_url === undefined || one.client_id !== undefined, {
    path: ['client_id'],
    error: 'is needed with base_url',
  });

/** Empty only where the bank is never called. */
export const secretsSchema = z.strictObject({
  client_private_key: privateKeyPem.exactOptional(),
});

export const merchantParamsSchema = z.strictObject({});

/** The bank's own interface, when there is one. */
export interface BankInterface {
  readonly base_url: string;
  readonly client_id: string;
  readonly client_key: KeyObject;
}

export interface BankAccount {
  readonly fund_acc_name: string;
  readonly bank_branch: string;
  readonly settlement_account: string;
  /** Null: the bank gives the numbers. */
  readonly pool: NumberPool | null;
  readonly quarantine_ms: number;
  readonly close_paid_after_ms: number;
  readonly warn_below: number;
  readonly api: BankInterface | null;
  readonly bank_keys: ReadonlyMap<string, KeyObject>;
  readonly timeout_ms: number;
}

/**
 * Checks a stored account and parses its keys.
 * @throws ChannelMisconfigured naming every field that is wrong, never a value
 */
export function openAccount(account: ChannelAccount): BankAccount {
  const settings = checked(settingsSchema, account.settings);
  const { client_private_key } = checked(secretsSchema, account.secrets);
  const { base_url, client_id } = settings;
  if (base_url !== undefined && client_private_key === undefined)
    throw new ChannelMisconfigured('client_private_key is needed with base_url');
  return {
    fund_acc_name: settings.fund_acc_name,
    bank_branch: settings.bank_branch,
    settlement_account: settings.settlement_account,
    pool: settings.numbers === 'pool' && settings.pool ? createPool(settings.pool, settings.exact_numbers) : null,
    quarantine_ms: settings.quarantine_days * DAY_MS,
    close_paid_after_ms: settings.close_paid_after_days * DAY_MS,
    warn_below: settings.warn_below,
    api:
      base_url === undefined || client_id === undefined || client_private_key === undefined
        ? null
        : { base_url, client_id, client_key: readPrivateKey(client_private_key, 'client_private_key') },
    bank_keys: new Map(
      Object.entries(settings.bank_keys).map(([name, pem]) => [name, readPublicKey(pem, `bank_keys.${name}`)]),
    ),
    timeout_ms: settings.timeout_ms,
  };
}
