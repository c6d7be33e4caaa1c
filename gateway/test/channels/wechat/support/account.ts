/** A merchant's account at the stub, in either mode, and the order and refund that the tests work with. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type {
  ChannelAccount,
  ChannelClient,
  OrderForChannel,
  OrderReference,
  RefundForChannel,
} from '../../../../src/channels/channel.ts';
import { wechat } from '../../../../src/channels/wechat/channel.ts';
import { fen } from '../../../../src/domain/money.ts';
import { makeKey, type TestKey } from './certificate.ts';
import { testPorts, type TestClock } from './ports.ts';
import { Upstream } from './upstream.ts';

export const API_V3_KEY = 'Qk3vT9xLm2Zp7Rw5Yc8Nd4Hs6Jb1Gf0a';
export const PLATFORM_SERIAL = '5157F09EFDC096DE15EBE81A47057A7232F1B8E1';
export const MERCHANT_SERIAL = '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C';
/** 2026-03-01 12:00:00 in Beijing. */
export const NOW_MS = Date.UTC(2026, 2, 1, 4, 0, 0);

export const PARTNER_PARAMS = { sub_mchid: '1900000109', sub_appid: 'wxd678efh567hg6999' } as const;

export const order: OrderForChannel = {
  out_trade_no: '65e1a2c0aabbccddeeff0011',
  pay_type: 'wechat.scan',
  total_fen: fen(221),
  body: 'Alex Test Scan',
  spbill_create_ip: '14.23.150.211',
  attach: 'Alex attach',
  device_info: 'alex device',
  store_id: '0001',
  op_user_id: '301',
  created_at_ms: NOW_MS,
  expires_at_ms: NOW_MS + 7_200_000,
  notify_url: 'https://pay.example.com/notify/wechat/1',
  fields: {},
  merchant_params: PARTNER_PARAMS,
};

export const directOrder: OrderForChannel = { ...order, merchant_params: {} };

export const reference: OrderReference = {
  out_trade_no: order.out_trade_no,
  pay_type: order.pay_type,
  total_fen: order.total_fen,
  created_at_ms: NOW_MS,
  fields: {},
  merchant_params: PARTNER_PARAMS,
};

export const refund: RefundForChannel = {
  order: reference,
  out_refund_no: '65e1a2c1aabbccddeeff0022',
  refund_fen: fen(100),
  reason: '商品已售完',
  notify_url: 'https://pay.example.com/notify/wechat/1',
};

export interface Bench {
  readonly clock: TestClock;
  readonly upstream: Upstream;
  readonly merchant: TestKey;
  readonly platform: TestKey;
  account(settings?: Readonly<Record<string, unknown>>): ChannelAccount;
  /** Opens a partner account, or one with other settings. */
  open(settings?: Readonly<Record<string, unknown>>): ChannelClient;
}

/** Starts the stub for a test file; before each test the clock is set back and the requests are forgotten. */
export function bench(): Bench {
  const clock: TestClock = { time_ms: NOW_MS };
  const merchant = makeKey();
  const platform = makeKey();
  const signer = { key: platform, serial: PLATFORM_SERIAL };
  const upstream = new Upstream(clock, signer, merchant);
  beforeAll(() => upstream.start());
  afterAll(() => upstream.stop());
  beforeEach(() => {
    clock.time_ms = NOW_MS;
    upstream.signer = signer;
    upstream.requests.length = 0;
  });
  const account = (settings: Readonly<Record<string, unknown>> = {}): ChannelAccount => ({
    account_id: '1',
    channel: 'wechat',
    settings: {
      mode: 'partner',
      base_url: upstream.url,
      mchid: '1230000109',
      appid: 'wx8888888888888888',
      merchant_serial: MERCHANT_SERIAL,
      platform_keys: { [PLATFORM_SERIAL]: platform.public_pem },
      timeout_ms: 5_000,
      ...settings,
    },
    secrets: { merchant_private_key: merchant.private_pem, api_v3_key: API_V3_KEY },
  });
  return { clock, upstream, merchant, platform, account, open: (s) => wechat.open(account(s), testPorts(clock)) };
}

/** An order object as queries and callbacks give it. */
export function orderObject(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    sp_appid: 'wx8888888888888888',
    sp_mchid: '1230000109',
    sub_appid: PARTNER_PARAMS.sub_appid,
    sub_mchid: PARTNER_PARAMS.sub_mchid,
    out_trade_no: order.out_trade_no,
    transaction_id: '4200001234202603011234567890',
    trade_type: 'NATIVE',
    trade_state: 'SUCCESS',
    trade_state_desc: '支付成功',
    bank_type: 'CMC',
    attach: 'Alex attach',
    success_time: '2026-03-01T12:00:30+08:00',
    payer: { sp_openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o', sub_openid: 'oSub8uMuAJO_M2pxb1Q9zNjWeS6o' },
    amount: { total: 221, payer_total: 201, currency: 'CNY', payer_currency: 'CNY' },
    ...overrides,
  };
}

/** A refund object as the refund endpoints give it. */
export function refundObject(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    refund_id: '50000000382019052709732678859',
    out_refund_no: refund.out_refund_no,
    transaction_id: '4200001234202603011234567890',
    out_trade_no: order.out_trade_no,
    channel: 'ORIGINAL',
    user_received_account: '招商银行信用卡0403',
    create_time: '2026-03-01T12:10:00+08:00',
    status: 'SUCCESS',
    amount: { total: 221, refund: 100, payer_total: 201, payer_refund: 91, currency: 'CNY' },
    ...overrides,
  };
}
