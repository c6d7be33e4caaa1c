/** Ends an undecided order at its channel, and records what the channel said to that. */
import { ChannelMisconfigured, type ChannelClient, type Declined, type ReverseReport } from '../channels/channel.ts';
import type { Order, Source } from '../domain/order.ts';
import { applyToOrder, type Evidence } from './apply-channel-result.ts';
import { askAboutOrder, counted, openAccount, orderReference } from './channel-calls.ts';
import { closeEvent, rawOf, reverseEvent } from './channel-events.ts';
import type { Gateway } from './gateway.ts';

export interface Ended {
  /** The order as it stands after the call. */
  readonly order: Order;
  /** The channel's verified refusal, if it refused. */
  readonly refused: Declined | null;
  /** The channel asks for the same call again. */
  readonly again: boolean;
}

/**
 * Closes an order; when the channel says that it has been paid, the payment is asked for and booked.
 * @param told who hears of a refusal
 */
export async function closeAtChannel(
  gateway: Gateway,
  order: Order,
  source: Extract<Source, 'close' | 'reverse' | 'expiry'>,
  told: Pick<Evidence, 'promised'> = {},
): Promise<Ended> {
  const client = await openAccount(gateway, order.account_id);
  const report = counted(gateway, order, 'close', await client.close(orderReference(order)));
  const event = closeEvent(report, order.ending ?? 'close');
  if (event) {
    const evidence = { source, raw: rawOf(report), ...told };
    const closed = await applyToOrder(gateway, order, event, evidence);
    return { order: closed, refused: report.outcome === 'declined' ? report : null, again: false };
  }
  // The channel says it has been paid in the meantime: the payment itself is asked for, with its amount and number.
  const { event: payment, raw } = await askAboutOrder(gateway, order);
  return { order: await applyToOrder(gateway, order, payment, { source, raw }), refused: null, again: false };
}

/**
 * Reverses an order of a payment code: nothing will be paid, or what was paid goes back.
 * @param told who hears of a refusal
 */
export async function reverseAtChannel(
  gateway: Gateway,
  order: Order,
  told: Pick<Evidence, 'promised'> = {},
): Promise<Ended> {
  const client = await openAccount(gateway, order.account_id);
  // Given up meanwhile and paid after all, a reverse that came now would take back what its merchant has been told of.
  const now = await gateway.store.orders.byTradeId(order.merchant_id, order.trade_id);
  if (now && (now.state !== 'undecided' || now.ending !== 'reverse'))
    return { order: now, refused: null, again: false };
  const report = counted(gateway, order, 'reverse', await tryReverse(gateway, client, order));
  const evidence = { source: 'reverse', raw: rawOf(report), ...told } as const;
  return {
    order: await applyToOrder(gateway, order, reverseEvent(report), evidence),
    refused: report.outcome === 'declined' ? report : null,
    again: report.outcome === 'again',
  };
}

/**
 * An account that cannot reverse (no client certificate, say) is one that refuses to: the order must stay one that is asked about,
 * for its payer may be paying.
 */
async function tryReverse(gateway: Gateway, client: ChannelClient, order: Order): Promise<ReverseReport> {
  try {
    return await client.reverse(orderReference(order));
  } catch (error) {
    if (!(error instanceof ChannelMisconfigured)) throw error;
    gateway.log.error({ account_id: order.account_id, reason: error.message }, 'channel account cannot reverse');
    const message = `the channel account cannot reverse: ask the operator to run "heliu channel test ${order.account_id}"`;
    return { outcome: 'declined', code: 'CHANNEL_MISCONFIGURED', message };
  }
}
