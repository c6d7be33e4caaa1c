/**
 * A channel calls us. Nothing in a callback is believed before its signature is verified under the account that the path
 * names; then it goes through the same funnel as every other answer. What is well signed but not for us is kept, with its
 * bytes, for a person, and acknowledged, so that the channel does not repeat it for a day.
 */
import type { Callback, CallbackAnswer, CallbackRequest } from '../channels/channel.ts';
import { ChannelMisconfigured } from '../channels/channel.ts';
import { isId } from '../domain/identifiers.ts';
import { hasPaymentCode, type Order } from '../domain/order.ts';
import type { AccountEntry } from './directory.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { applyToRefund, refundEvent } from './apply-refund-result.ts';
import { askAboutOrder } from './channel-calls.ts';
import { paymentEvent, rawOf } from './channel-events.ts';
import type { Gateway } from './gateway.ts';
import { raiseException } from './raise-exception.ts';

/** Null when there is no such account: the path is not ours. */
export async function applyCallback(
  gateway: Gateway,
  account_id: string,
  merchant_id: string,
  request: CallbackRequest,
): Promise<CallbackAnswer | null> {
  const account = await openedAccount(gateway, account_id);
  if (!account) return null;
  const callback = await account.client.readCallback(request);
  const result = await apply(gateway, account, merchant_id, request, callback);
  gateway.metrics.callbacks.inc({ channel: account.channel, result });
  if (result === 'applied' || result === 'kept') return account.client.acknowledge(true, 'success');
  gateway.log.warn({ account_id, result }, 'callback refused');
  return account.client.acknowledge(false, result);
}

async function openedAccount(gateway: Gateway, account_id: string): Promise<AccountEntry | null> {
  try {
    return await gateway.directory.account(account_id);
  } catch (error) {
    if (!(error instanceof ChannelMisconfigured)) throw error;
    gateway.log.error({ account_id, reason: error.message }, 'channel account cannot be opened');
    throw error;
  }
}

async function apply(
  gateway: Gateway,
  account: AccountEntry,
  merchant_id: string,
  request: CallbackRequest,
  callback: Callback,
): Promise<string> {
  switch (callback.kind) {
    case 'rejected':
      return callback.reason;
    case 'unhandled':
      await keep(gateway, account, request, 'callback_not_understood', callback.callback_id, {
        reason: callback.reason,
      });
      return 'kept';
    case 'payment':
      return applyPayment(gateway, account, merchant_id, request, callback);
    case 'refund':
      return applyRefund(gateway, account, merchant_id, request, callback);
  }
}

type PaymentCallback = Extract<Callback, { kind: 'payment' }>;
type RefundCallback = Extract<Callback, { kind: 'refund' }>;

async function applyPayment(
  gateway: Gateway,
  account: AccountEntry,
  merchant_id: string,
  request: CallbackRequest,
  callback: PaymentCallback,
): Promise<string> {
  const order = isId(callback.out_trade_no)
    ? await gateway.store.orders.byTradeId(merchant_id, callback.out_trade_no)
    : null;
  if (!order || order.account_id !== account.account_id) {
    await keep(gateway, account, request, 'callback_unknown_order', callback.callback_id, {
      out_trade_no: callback.out_trade_no,
    });
    return 'kept';
  }
  const event = paymentEvent(callback.report);
  // What the adapter could not understand is not acknowledged: the channel repeats it, and the resolver asks meanwhile.
  if (event.kind === 'unknown') return event.reason;
  if (event.kind === 'paid' && order.state === 'reversed' && hasPaymentCode(order))
    return askAboutReversed(gateway, order);
  await applyToOrder(gateway, order, event, { source: 'callback', raw: rawOf(callback.report) });
  return 'applied';
}

/**
 * "Paid", said of a payment code that its channel has reversed: word of the payment that the reverse gave back, late on its way, or a
 * payment that came after it. Only asking tells, and a payment that has gone back already must not be refunded.
 */
async function askAboutReversed(gateway: Gateway, order: Order): Promise<string> {
  const { event, raw } = await askAboutOrder(gateway, order);
  if (event.kind === 'unknown') return event.reason;
  await applyToOrder(gateway, order, event, { source: 'query', raw, after_reverse: true });
  return 'applied';
}

async function applyRefund(
  gateway: Gateway,
  account: AccountEntry,
  merchant_id: string,
  request: CallbackRequest,
  callback: RefundCallback,
): Promise<string> {
  const refund = await gateway.store.refunds.byChannelNumber(merchant_id, callback.out_refund_no);
  const order = refund ? await gateway.store.orders.byTradeId(merchant_id, refund.trade_id) : null;
  if (!refund || !order || order.account_id !== account.account_id || callback.out_trade_no !== order.trade_id) {
    await keep(gateway, account, request, 'callback_unknown_refund', callback.callback_id, {
      out_refund_no: callback.out_refund_no,
    });
    return 'kept';
  }
  const report = callback.report;
  if (report.outcome === 'unknown' || report.outcome === 'not_sent' || report.outcome === 'not_found')
    return 'not_understood';
  if (report.outcome === 'succeeded' && report.amount_fen !== null && report.amount_fen !== refund.refund_fen) {
    await keep(gateway, account, request, 'refund_mismatch', callback.callback_id, {
      refund_id: refund.refund_id,
      ours: refund.refund_fen,
      theirs: report.amount_fen,
    });
    return 'kept';
  }
  await applyToRefund(gateway, order, refund, refundEvent(report, true), {
    source: 'callback',
    raw: rawOf(report),
  });
  return 'applied';
}

/** Headers that say how a callback was signed and carried; no others are kept. */
const KEPT_HEADERS = /^(wechatpay-|content-type$|request-id$|user-agent$)/;

async function keep(
  gateway: Gateway,
  account: AccountEntry,
  request: CallbackRequest,
  kind: string,
  callback_id: string,
  detail: Readonly<Record<string, unknown>>,
): Promise<void> {
  await raiseException(gateway, {
    kind,
    dedupe_key: `${kind} ${account.account_id} ${callback_id}`,
    channel: account.channel,
    account_id: account.account_id,
    detail,
    raw_headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => KEPT_HEADERS.test(name))),
    raw_body: request.body,
  });
}
