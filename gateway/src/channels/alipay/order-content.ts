/** The part of biz_content that placing an order has in common for all pay types. */
import { fenToYuan } from '../../domain/money.ts';
import type { OrderForChannel } from '../channel.ts';
import type { AlipayAccount } from './config.ts';
import { formatTime } from './time.ts';

/** `subject` is at most 256 characters. */
const MAX_SUBJECT = 256;

/**
 * How long a payer may take, in seconds. Alipay would take one minute to 15 days for most products ("超时时间范围：1m~15d"), but a
 * QR code lives two hours whatever is asked for. Links and order strings get the same two hours: what nobody has opened has no
 * trade that could be closed, so that only its expiry ends it.
 */
export const LIFETIME_S = 7_200;

const MIN_LIFETIME_MS = 60_000;
const MAX_LIFETIME_MS = LIFETIME_S * 1_000;

/**
 * Every value is a function of the order alone, none of the present moment: the same number must be sent again with the
 * same parameters (else ACQ.CONTEXT_INCONSISTENT). That is why the expiry travels as the absolute time_expire and not as
 * timeout_express, which counts from each request anew. The merchant's `attach` is ours to return and is not sent.
 */
export function orderContent(
  account: AlipayAccount,
  order: OrderForChannel,
  product_code: string,
): Readonly<Record<string, unknown>> {
  const { seller_id, store_id, sub_merchant_id } = order.merchant_params;
  const optional = {
    seller_id: seller_id ?? account.seller_id,
    store_id: order.store_id ?? store_id,
    sub_merchant: sub_merchant_id && { merchant_id: sub_merchant_id },
    extend_params: account.sys_service_provider_id && { sys_service_provider_id: account.sys_service_provider_id },
  };
  return {
    out_trade_no: order.out_trade_no,
    total_amount: fenToYuan(order.total_fen),
    subject: subjectOf(order),
    product_code,
    time_expire: formatTime(expiryOf(order)),
    ...given(optional),
  };
}

/** What the methods of 当面付 and of trades that a shop makes take besides: who sold it, at which till. */
export function tillContent(order: OrderForChannel): Readonly<Record<string, unknown>> {
  return given({ operator_id: order.op_user_id, terminal_id: order.device_info });
}

/** Alipay takes an empty value for a given one. */
export function given(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

/**
 * The order's body as `subject`, in which `/`, `=` and `&` are not allowed: they become their full-width forms, which read
 * the same; control characters become blanks.
 */
function subjectOf(order: OrderForChannel): string {
  const subject = order.body
    .replaceAll('/', '／')
    .replaceAll('=', '＝')
    .replaceAll('&', '＆')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
  return Array.from(subject).slice(0, MAX_SUBJECT).join('') || order.out_trade_no;
}

function expiryOf(order: OrderForChannel): number {
  const earliest = order.created_at_ms + MIN_LIFETIME_MS;
  const latest = order.created_at_ms + MAX_LIFETIME_MS;
  return Math.min(Math.max(order.expires_at_ms, earliest), latest);
}
