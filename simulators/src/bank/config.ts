import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { SimulatorPorts } from '../kernel/ports.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Waits between attempts of a push; a bank's own pace is a matter of the contract. */
export const PUSH_DELAYS_MS: readonly number[] = [
  15 * SECOND_MS,
  30 * SECOND_MS,
  MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  60 * MINUTE_MS,
  6 * 60 * MINUTE_MS,
];

/** Everything the simulated bank is told. Plain JSON; keys are PEM. */
export interface BankConfig {
  readonly client_id: string;
  /** What the customer keeps; the bank verifies by the public half. */
  readonly client_private_key: string;
  readonly client_public_key: string;
  /** The name of the bank's key, and the key that signs answers and pushes. */
  readonly bank_key_id: string;
  readonly bank_private_key: string;
  readonly bank_public_key: string;
  /** The real account behind the numbers. */
  readonly settlement_account: string;
  readonly fund_acc_name: string;
  readonly bank_branch: string;
  /** Every virtual account number begins with it; the contract assigned all of them to this customer. */
  readonly number_prefix: string;
  /** Where the bank begins to count when it gives numbers itself. */
  readonly first_number: number;
  readonly opening_balance_fen: number;
  readonly push_delays_ms: readonly number[];
  /** Multiplies the waits between pushes. */
  readonly cadence_scale: number;
  /** How long an outgoing transfer is under way. */
  readonly transfer_settle_ms: number;
}

/** Makes credentials and the contract of a new customer. */
export function createBankConfig(ports: Pick<SimulatorPorts, 'randomBytes'>): BankConfig {
  const client = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const bank = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    client_id: `heliu-${ports.randomBytes(4).toString('hex')}`,
    client_private_key: privatePem(client.privateKey),
    client_public_key: publicPem(client.publicKey),
    bank_key_id: 'bank-1',
    bank_private_key: privatePem(bank.privateKey),
    bank_public_key: publicPem(bank.publicKey),
    settlement_account: `6226${digits(ports, 12)}`,
    fund_acc_name: '深圳市合流演示科技有限公司',
    bank_branch: '合流演示银行深圳分行',
    number_prefix: '9902',
    first_number: ports.randomBytes(4).readUInt32BE(0),
    opening_balance_fen: 1_000_000_00,
    push_delays_ms: PUSH_DELAYS_MS,
    cadence_scale: 1,
    transfer_settle_ms: SECOND_MS,
  };
}

function digits(ports: Pick<SimulatorPorts, 'randomBytes'>, count: number): string {
  return [...ports.randomBytes(count)].map((byte) => String(byte % 10)).join('');
}

export function serialiseBankConfig(config: BankConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * Reads what `serialiseBankConfig` wrote.
 * @throws Error naming the member that is missing or of the wrong type
 */
export function parseBankConfig(text: string): BankConfig {
  const config = JSON.parse(text) as Partial<BankConfig>;
  const texts = [
    'client_id',
    'client_private_key',
    'client_public_key',
    'bank_key_id',
    'bank_private_key',
    'bank_public_key',
    'settlement_account',
    'fund_acc_name',
    'bank_branch',
    'number_prefix',
  ] as const;
  for (const name of texts) if (typeof config[name] !== 'string') throw new Error(`bank config: ${name} is missing`);
  for (const name of ['first_number', 'opening_balance_fen', 'cadence_scale', 'transfer_settle_ms'] as const) {
    if (typeof config[name] !== 'number') throw new Error(`bank config: ${name} is not a number`);
  }
  if (!Array.isArray(config.push_delays_ms)) throw new Error('bank config: push_delays_ms is missing');
  return config as BankConfig;
}

/** The configuration with its keys parsed. */
export interface BankKeys {
  readonly client_public_key: KeyObject;
  readonly bank_private_key: KeyObject;
}

export function loadBankKeys(config: BankConfig): BankKeys {
  return {
    client_public_key: createPublicKey(config.client_public_key),
    bank_private_key: createPrivateKey(config.bank_private_key),
  };
}

/** The entry `simulators.bank` of the sandbox file. */
export interface BankSandboxEntry {
  readonly base_url: string;
  readonly client_id: string;
  readonly client_private_key: string;
  readonly bank_key_id: string;
  readonly bank_public_key: string;
  readonly settlement_account: string;
  readonly fund_acc_name: string;
  readonly bank_branch: string;
  readonly number_prefix: string;
}

export function bankSandboxEntry(config: BankConfig, base_url: string): BankSandboxEntry {
  const { client_id, client_private_key, bank_key_id, bank_public_key } = config;
  const { settlement_account, fund_acc_name, bank_branch, number_prefix } = config;
  return {
    base_url,
    client_id,
    client_private_key,
    bank_key_id,
    bank_public_key,
    settlement_account,
    fund_acc_name,
    bank_branch,
    number_prefix,
  };
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
