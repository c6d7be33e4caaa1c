import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { ChannelAccount, OrderForChannel, RefundForChannel } from '../../../src/channels/channel.ts';
import { fen } from '../../../src/domain/money.ts';
import { NoAnswer, type HttpRequest, type Ports } from '../../../src/ports.ts';

export const NOW_MS = Date.parse('2026-04-12T02:00:00Z');

const bank = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const STRANGER = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
export const BANK_KEY = bank.privateKey;
export const OUR_PUBLIC_KEY = ours.publicKey;

const pem = (key: KeyObject): string =>
  key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString();

export function account(settings: Readonly<Record<string, unknown>> = {}): ChannelAccount {
  return {
    account_id: 'bank-main',
    channel: 'bank',
    settings: {
      fund_acc_name: '深圳市普尔瀚达科技有限公司',
      bank_branch: '民生银行广州分行',
      settlement_account: '6226090000000001',
      numbers: 'bank',
      base_url: 'https://bank.example.com',
      client_id: 'heliu',
      bank_keys: { k1: pem(bank.publicKey) },
      ...settings,
    },
    secrets: { client_private_key: pem(ours.privateKey) },
  };
}

/** Headers by which the bank signs a body. */
export function bankHeaders(
  body: Buffer,
  key: KeyObject = BANK_KEY,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const timestamp = changes['bank-timestamp'] ?? String(NOW_MS / 1000);
  const message = Buffer.concat([Buffer.from(`${timestamp}\nnonce\n`), body, Buffer.from('\n')]);
  return {
    'bank-key': 'k1',
    'bank-timestamp': timestamp,
    'bank-nonce': 'nonce',
    'bank-signature': sign('sha256', message, key).toString('base64'),
    ...changes,
  };
}

export interface Scripted {
  readonly ports: Ports;
  readonly sent: HttpRequest[];
  /** What the bank answers next: status and JSON, a text, or no answer. */
  answer: { status: number; body: unknown; key?: KeyObject } | NoAnswer;
}

/** A bank of one answer. */
export function scripted(answer: Scripted['answer'] = { status: 200, body: {} }): Scripted {
  const state: Scripted = { sent: [], answer, ports: null as unknown as Ports };
  const ports: Ports = {
    clock: { now_ms: () => NOW_MS, setTimer: () => ({ cancel: () => undefined }) },
    random: { bytes: (length) => Buffer.alloc(length, 7) },
    signer: { signSha256: async (key, data) => sign('sha256', Buffer.from(data), key) },
    http: {
      async send(request) {
        state.sent.push(request);
        if (state.answer instanceof NoAnswer) throw state.answer;
        const { status, body: given, key } = state.answer;
        const body = Buffer.from(typeof given === 'string' ? given : JSON.stringify(given));
        return { status, headers: bankHeaders(body, key), body };
      },
    },
  };
  return Object.assign(state, { ports });
}

export function order(changes: Partial<OrderForChannel> = {}): OrderForChannel {
  return {
    out_trade_no: '6b070eface31ae25a893bb6c',
    pay_type: 'ecp.transfer',
    total_fen: fen(7622),
    body: 'goods',
    spbill_create_ip: null,
    attach: null,
    device_info: null,
    store_id: null,
    op_user_id: null,
    created_at_ms: NOW_MS,
    expires_at_ms: NOW_MS + 86_400_000,
    notify_url: 'https://pay.example.com/notify/bank-main/1',
    fields: {},
    merchant_params: {},
    ...changes,
  };
}

export function refund(changes: Partial<RefundForChannel> = {}): RefundForChannel {
  const { out_trade_no, pay_type, total_fen, created_at_ms, fields, merchant_params } = order();
  return {
    order: { out_trade_no, pay_type, total_fen, created_at_ms, fields, merchant_params },
    out_refund_no: '6b070f5dfb95a8fbeeb348bb',
    refund_fen: fen(22),
    reason: 'too cold',
    notify_url: '',
    paid_details: { payer_account: '6222020000000008', payer_name: '甲公司', payer_bank: '工商银行' },
    ...changes,
  };
}
