import type {
  ChannelClient,
  OrderForChannel,
  OrderReference,
  PaymentReport,
  PayType,
  RefundForChannel,
} from '../channels/channel.ts';
import { ChannelMisconfigured } from '../channels/channel.ts';
import { implementationOf } from '../channels/registry.ts';
import { LONGEST_CALL_MS } from '../channels/settings.ts';
import { ApiError } from '../domain/codes.ts';
import type { Order, OrderEvent } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import { paymentEvent, rawOf } from './channel-events.ts';
import { callbackUrl, type Gateway } from './gateway.ts';

function text(value: string | number | undefined): string | null {
  return value === undefined ? null : String(value);
}

/** The pay type's own fields out of a stored request. */
export function ownFields(
  pay_type: PayType,
  request: Readonly<Record<string, string | number>>,
): Record<string, string> {
  const own: Record<string, string> = {};
  for (const name of Object.keys({ ...pay_type.fields, ...pay_type.payer_fields })) {
    const value = request[name];
    if (value !== undefined) own[name] = String(value);
  }
  return own;
}

/** An order in the words a channel needs. */
export function orderForChannel(gateway: Gateway, order: Order): OrderForChannel {
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
    fields: ownFields(implementationOf(order), order.request),
    merchant_params: order.merchant_params,
  };
}

/** An order that was placed before, by what the channel knows it by. */
export function orderReference(order: Order): OrderReference {
  return {
    out_trade_no: order.trade_id,
    pay_type: order.pay_type,
    total_fen: order.total_fen,
    created_at_ms: order.created_at_ms,
    fields: ownFields(implementationOf(order), order.request),
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
    ...(order.facts && { paid_details: order.facts.details }),
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

/** Whether an account's settings or keys keep it from being used, however that came to be known. */
export function isMisconfigured(error: unknown): error is Error {
  return (
    error instanceof ChannelMisconfigured || (error instanceof ApiError && error.code_name === 'channel_misconfigured')
  );
}

/**
 * Whether a call can still be made under a lease, and end before it is over. A process may stand still between the two (stopped,
 * or on a machine that is moved): others take over then, and a call that came after theirs could take or give money once more.
 * @param until_ms the end of the lease, by this node's clock
 */
export function inTime(gateway: Pick<Gateway, 'ports'>, until_ms: number): boolean {
  return gateway.ports.clock.now_ms() + LONGEST_CALL_MS <= until_ms;
}

/** Takes note of a call to an order's account, for the metrics and the account's circuit, and passes the report on. */
export function counted<Report extends { readonly outcome: string }>(
  gateway: Gateway,
  order: Pick<Order, 'channel' | 'account_id'>,
  operation: string,
  report: Report,
): Report {
  gateway.metrics.channel_calls.inc({ channel: order.channel, operation, outcome: report.outcome });
  gateway.breakers.record(order.account_id, report);
  return report;
}

export interface Asked {
  readonly report: PaymentReport;
  readonly event: OrderEvent;
  readonly raw: string | undefined;
}

/** Asks an order's channel how it stands. Nothing is recorded: that is the funnel's. Throws 1500. */
export async function askAboutOrder(gateway: Gateway, order: Order): Promise<Asked> {
  const client = await openAccount(gateway, order.account_id);
  const report = counted(gateway, order, 'query', await client.query(orderReference(order)));
  return { report, event: paymentEvent(report), raw: rawOf(report) };
}
