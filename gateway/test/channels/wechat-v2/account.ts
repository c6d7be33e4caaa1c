/** An account at the stub, in either mode, and what APIv2 says about the order that the tests of both protocols work with. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { ChannelAccount, ChannelClient, OrderForChannel, OrderReference } from '../../../src/channels/channel.ts';
import { wechat } from '../../../src/channels/wechat/channel.ts';
import { createHttpClient } from '../../../src/outbound/http-client.ts';
import type { Ports } from '../../../src/ports.ts';
import { selfSigned } from '../../outbound/certificate.ts';
import { NOW_MS, order } from '../wechat/support/account.ts';
import { API_KEY, Upstream } from './upstream.ts';

export const codeOrder: OrderForChannel = {
  ...order,
  pay_type: 'common.micro',
  fields: { auth_code: '136345610916464024' },
  expires_at_ms: NOW_MS + 300_000,
};

export function referenceTo(placed: OrderForChannel): OrderReference {
  const { out_trade_no, pay_type, total_fen, created_at_ms, fields, merchant_params } = placed;
  return { out_trade_no, pay_type, total_fen, created_at_ms, fields, merchant_params };
}
export const codeReference = referenceTo(codeOrder);

/** What a paid order is said to be, in a query's answer; micropay's answer and callbacks have no trade_state. */
export const PAID = {
  out_trade_no: order.out_trade_no,
  transaction_id: '4200001234202603011234567890',
  trade_type: 'NATIVE',
  trade_state: 'SUCCESS',
  trade_state_desc: '支付成功',
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  sub_openid: 'oSub8uMuAJO_M2pxb1Q9zNjWeS6o',
  is_subscribe: 'N',
  bank_type: 'CMC',
  total_fee: '221',
  cash_fee: '201',
  coupon_fee: '20',
  fee_type: 'CNY',
  time_end: '20260301120030',
} as const;

export const PARTNER_IDENTITY = {
  sp_appid: 'wx8888888888888888',
  sp_mchid: '1230000109',
  sub_mchid: '1900000109',
  sub_appid: 'wxd678efh567hg6999',
} as const;

export const PAID_FACTS = {
  transaction_id: '4200001234202603011234567890',
  amount_fen: 221,
  currency: 'CNY',
  identity: PARTNER_IDENTITY,
  paid_at_ms: NOW_MS + 30_000,
  details: {
    bank_type: 'CMC',
    cash_fee: '201',
    fee_type: 'CNY',
    openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
    sub_openid: 'oSub8uMuAJO_M2pxb1Q9zNjWeS6o',
  },
  refunded: false,
} as const;

export const server_certificate = selfSigned(['127.0.0.1']);
export const merchant = selfSigned(['merchant.example']);

export interface Bench {
  readonly clock: { time_ms: number };
  readonly upstream: Upstream;
  readonly ports: Ports;
  account(settings?: Readonly<Record<string, unknown>>, secrets?: Readonly<Record<string, string>>): ChannelAccount;
  /** Opens a partner account with a client certificate, or one with other settings and secrets. */
  open(settings?: Readonly<Record<string, unknown>>, secrets?: Readonly<Record<string, string>>): ChannelClient;
}

export const ALL_SECRETS = {
  api_v2_key: API_KEY,
  merchant_private_key: merchant.key_pem,
  merchant_certificate: merchant.certificate_pem,
};

/** Starts the stub for a test file; before each test the requests are forgotten. */
export function bench(): Bench {
  const clock = { time_ms: NOW_MS };
  const upstream = new Upstream(server_certificate);
  const http = createHttpClient();
  const ports: Ports = {
    clock: {
      now_ms: () => clock.time_ms,
      setTimer() {
        throw new Error('the channel sets no timer');
      },
    },
    random: { bytes: (length) => randomBytes(length) },
    http,
    signer: {
      signSha256() {
        throw new Error('APIv2 signs nothing by RSA');
      },
    },
  };
  beforeAll(() => upstream.start());
  afterAll(async () => {
    await upstream.stop();
    await http.close();
  });
  beforeEach(() => {
    clock.time_ms = NOW_MS;
    upstream.requests.length = 0;
  });
  const account: Bench['account'] = (settings = {}, secrets = ALL_SECRETS) => ({
    account_id: '1',
    channel: 'wechat',
    settings: {
      protocol: 'v2',
      mode: 'partner',
      base_url: upstream.url,
      mchid: '1230000109',
      appid: 'wx8888888888888888',
      sign_type: 'HMAC-SHA256',
      timeout_ms: 5_000,
      ca_certificate: server_certificate.certificate_pem,
      ...settings,
    },
    secrets,
  });
  return { clock, upstream, ports, account, open: (...given) => wechat.open(account(...given), ports) };
}
