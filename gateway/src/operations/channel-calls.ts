import type { ChannelClient, OrderForChannel, OrderReference, RefundForChannel } from '../channels/channel.ts';
import { ChannelMisconfigured } from '../channels/channel.ts';
import { ApiError } from '../domain/codes.ts';
import type { Order } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import type { NewOrder } from '../storage/orders.ts';
import { callbackUrl, type Gateway } from './gateway.ts';

function text(value: string | number | undefined): string | null {
  return value === undefined ? null : String(value);
}

/** An order in the words a channel needs. */
export function orderForChannel(
  gateway: Gateway,
  order: Order | NewOrder,
  fields: Readonly<Record<string, string>>,
): OrderForChannel {
  const request = order.request;
  return {
    out_trade_no: order.trade_id,
    pay_type: order.pay_type,
    total_fen: order.total_fen,
    body: String(request['body']),
    spbill_create_ip: text(request['spbill_create_ip']),
    attach: text(request['attach']),
    device_info: text(request['device_info']),
    store_id: text(request['store_id']),
    op_user_id: text(request['op_user_id']),
    created_at_ms: order.created_at_ms,
    expires_at_ms: order.expires_at_ms,
    notify_url: callbackUrl(gateway, order.account_id, order.merchant_id),
    fields,
    merchant_params: order.merchant_params,
  };
}

/** An order that was placed before, by what the channel knows it by. */
export function orderReference(order: Order): OrderReference {
  return {
    out_trade_no: order.trade_id,
    pay_type: order.pay_type,
    total_fen: order.total_fen,
    merchant_params: order.merchant_params,
  };
}

/** A refund in the words a channel needs. */
export function refundForChannel(gateway: Gateway, order: Order, refund: Refund): RefundForChannel {
  return {
    order: orderReference(order),
    out_refund_no: refund.channel_refund_no,
    refund_fen: refund.refund_fen,
    reason: refund.refund_desc,
    notify_url: callbackUrl(gateway, order.account_id, order.merchant_id),
  };
}

/** The opened account of an order. Throws 1500 for the merchant when it cannot be used; the operator finds why in the log. */
export async function openAccount(gateway: Gateway, account_id: string): Promise<ChannelClient> {
  try {
    const account = await gateway.directory.account(account_id);
    if (account) return account.client;
  } catch (error) {
    if (!(error instanceof ChannelMisconfigured)) throw error;
    gateway.log.error({ account_id, reason: error.message }, 'channel account cannot be opened');
  }
  throw new ApiError(
    'channel_misconfigured',
    `channel account ${account_id} is misconfigured: ask the operator to run "heliu channel test ${account_id}"`,
  );
}

/** Counts a call to a channel by its outcome and passes the report on. */
export function counted<Report extends { readonly outcome: string }>(
  gateway: Gateway,
  channel: string,
  operation: string,
  report: Report,
): Report {
  gateway.metrics.channel_calls.inc({ channel, operation, outcome: report.outcome });
  return report;
}
