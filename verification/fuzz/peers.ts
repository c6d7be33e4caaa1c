/** The other ends: channel accounts of ours with one key for everybody, a clock that stands still, and a peer that answers what it is told. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alipay } from '../../gateway/src/channels/alipay/channel.ts';
import { bank } from '../../gateway/src/channels/bank/channel.ts';
import type {
  Channel,
  ChannelClient,
  OrderForChannel,
  OrderReference,
  RefundForChannel,
} from '../../gateway/src/channels/channel.ts';
import { wechat } from '../../gateway/src/channels/wechat/channel.ts';
import { fen } from '../../gateway/src/domain/money.ts';
import type { HttpAnswer, Ports } from '../../gateway/src/ports.ts';

const PRIVATE_PEM = readFileSync(join(import.meta.dirname, 'fixtures', 'private-key.pem'), 'utf8');

/** Signatures by it are the same in every run (RSASSA-PKCS1-v1_5 has no randomness), so that a signed message can be kept as a file. */
export const PRIVATE_KEY = createPrivateKey(PRIVATE_PEM);
export const PUBLIC_KEY = createPublicKey(PRIVATE_KEY);
export const PUBLIC_PEM = PUBLIC_KEY.export({ type: 'spki', format: 'pem' }).toString();

/** 2026-03-01 12:00:00 in China. */
export const NOW_MS = Date.UTC(2026, 2, 1, 4, 0, 0);
export const NOW_S = String(NOW_MS / 1000);

export const API_V3_KEY = 'Qk3vT9xLm2Zp7Rw5Yc8Nd4Hs6Jb1Gf0a';
export const API_V2_KEY = '8f3b2c1d4e5a69788796a5b4c3d2e1f0';
export const SERIAL = 'PUB_KEY_ID_0112300001092026030100000000000001';
export const MCHID = '1230000109';
export const APPID = 'wx8888888888888888';
export const ALIPAY_APP_ID = '2021000000000001';
export const SETTLEMENT_ACCOUNT = '6226090000000001';

export const TRADE_ID = '65e1a2c0aabbccddeeff0011';
export const REFUND_ID = '65e1a2c1aabbccddeeff0022';

/** RSA2, WECHATPAY2-SHA256-RSA2048, RS256, the bank's: all are this. */
export function signature(message: string | Buffer, encoding: 'base64' | 'base64url' = 'base64'): string {
  return sign('sha256', Buffer.from(message), PRIVATE_KEY).toString(encoding);
}

/** What the peer answers to the next call. */
export interface Peer {
  answer: HttpAnswer;
  readonly ports: Ports;
}

export function peer(): Peer {
  const state = { answer: { status: 200, headers: {}, body: Buffer.alloc(0) } as HttpAnswer };
  const ports: Ports = {
    clock: { now_ms: () => NOW_MS, setTimer: () => ({ cancel: () => undefined }) },
    random: { bytes: (length) => Buffer.alloc(length, 7) },
    http: { send: async () => state.answer },
    signer: { signSha256: async (key, data) => sign('sha256', Buffer.from(data), key) },
  };
  return Object.assign(state, { ports });
}

interface Account {
  readonly channel: Channel;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
}

const WECHAT = { mode: 'direct', base_url: 'https://wechat.example.com', mchid: MCHID, appid: APPID } as const;

/** One account of each kind. */
export const ACCOUNTS = {
  'wechat-v3': {
    channel: wechat,
    settings: { ...WECHAT, merchant_serial: '1DDE55AD98ED71D6', platform_keys: { [SERIAL]: PUBLIC_PEM } },
    secrets: { merchant_private_key: PRIVATE_PEM, api_v3_key: API_V3_KEY },
  },
  'wechat-v2': { channel: wechat, settings: { ...WECHAT, protocol: 'v2' }, secrets: { api_v2_key: API_V2_KEY } },
  alipay: {
    channel: alipay,
    settings: { mode: 'key', app_id: ALIPAY_APP_ID, alipay_public_key: PUBLIC_PEM },
    secrets: { app_private_key: PRIVATE_PEM },
  },
  bank: {
    channel: bank,
    settings: {
      fund_acc_name: '合流科技有限公司',
      bank_branch: '民生银行广州分行',
      settlement_account: SETTLEMENT_ACCOUNT,
      numbers: 'bank',
      base_url: 'https://bank.example.com',
      client_id: 'heliu',
      bank_keys: { k1: PUBLIC_PEM },
    },
    secrets: { client_private_key: PRIVATE_PEM },
  },
} as const satisfies Readonly<Record<string, Account>>;

export type AccountName = keyof typeof ACCOUNTS;

/** Opens an account whose peer is `ports.http`. */
export function openAccount(name: AccountName, ports: Ports): ChannelClient {
  const { channel, settings, secrets } = ACCOUNTS[name];
  return channel.open({ account_id: name, channel: channel.code, settings, secrets }, ports);
}

const PAY_TYPES: Readonly<Record<AccountName, string>> = {
  'wechat-v3': 'wechat.scan',
  'wechat-v2': 'wechat.scan',
  alipay: 'alipay.scan',
  bank: 'ecp.transfer',
};

/** An order as each channel is given it. */
export function orderAt(name: AccountName): OrderForChannel {
  return {
    out_trade_no: TRADE_ID,
    pay_type: PAY_TYPES[name],
    total_fen: fen(7622),
    body: 'goods',
    spbill_create_ip: '14.23.150.211',
    attach: null,
    device_info: null,
    store_id: null,
    op_user_id: null,
    created_at_ms: NOW_MS,
    expires_at_ms: NOW_MS + 1_800_000,
    notify_url: 'https://pay.example.com/notify/a/1',
    fields: {},
    merchant_params: {},
  };
}

export function referenceAt(name: AccountName): OrderReference {
  const { out_trade_no, pay_type, total_fen, created_at_ms, fields, merchant_params } = orderAt(name);
  return { out_trade_no, pay_type, total_fen, created_at_ms, fields, merchant_params };
}

export function refundAt(name: AccountName): RefundForChannel {
  return {
    order: referenceAt(name),
    out_refund_no: REFUND_ID,
    refund_fen: fen(100),
    reason: 'too cold',
    notify_url: 'https://pay.example.com/notify/a/1',
    paid_details: { payer_account: '6222020000000008', payer_name: '甲公司', payer_bank: '工商银行' },
  };
}
