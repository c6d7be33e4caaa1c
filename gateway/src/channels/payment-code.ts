/**
 * common.micro (统一反扫支付): what both wallets' implementations have in common. Which wallet a payment code (付款码) belongs to is
 * told by its first two digits: WeChat Pay 10–15 (18 digits), Alipay 25–30 (16 to 24 digits). Its length is the wallet's
 * business: a code that was misread is answered in the wallet's own words.
 */
import { PAYMENT_CODE_PAY_TYPE } from '../domain/order.ts';
import type { FieldRule, PayType } from './channel.ts';

/** The channel whose wallet shows codes like this one; null for no wallet of ours. */
export function walletOf(auth_code: string): 'wechat' | 'alipay' | null {
  const prefix = Number(auth_code.slice(0, 2));
  if (prefix >= 10 && prefix <= 15) return 'wechat';
  return prefix >= 25 && prefix <= 30 ? 'alipay' : null;
}

const AUTH_CODE: FieldRule = {
  required: true,
  description: '授权码，设备读取用户付款码中的条码或者二维码信息',
  example: '136345610916464024',
  max_length: 32,
  check(value) {
    if (!/^\d{2,32}$/.test(value)) return 'must be digits only';
    return walletOf(value)
      ? null
      : 'must be a payment code of WeChat Pay (begins with 10–15) or Alipay (begins with 25–30)';
  },
};

/** How long a payer may take before an order that nobody reverses is reversed by the gateway itself. */
const LIFETIME_S = 300;

/** The part of the pay type that is the same for every wallet. */
export function paymentCodePayType(channel: 'wechat' | 'alipay') {
  return {
    code: PAYMENT_CODE_PAY_TYPE,
    channel,
    summary: '统一反扫支付: the till scans the payer’s code of WeChat Pay or Alipay',
    fields: { auth_code: AUTH_CODE },
    reply: {},
    initial_trade_state: 6,
    reply_shows_state: true,
    lifetime_s: LIFETIME_S,
    begin_is_repeatable: true,
    payment_code: true,
    takes: ({ auth_code }: Readonly<Record<string, string>>): boolean => walletOf(auth_code ?? '') === channel,
  } as const satisfies PayType;
}
