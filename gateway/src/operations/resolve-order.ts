/**
 * Finds out about an undecided order by asking its channel; ends it there when its merchant wants that or its time is up.
 * Nothing is closed in our books that the channel has not confirmed.
 */
import { hasPaymentCode, lastSentAt, REVERSE_CERTAIN_MS, type Order, type Source } from '../domain/order.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { askAboutOrder } from './channel-calls.ts';
import { closeAtChannel, reverseAtChannel } from './end-order.ts';
import type { Gateway } from './gateway.ts';

/** Asks the channel once and records what it said. Answers the order as it stands then. */
export async function resolveOrder(gateway: Gateway, order: Order, source: Source): Promise<Order> {
  if (order.state !== 'undecided') return order;
  // A reverse may be repeated and decides by itself: there is nothing to ask before it.
  if (order.ending === 'reverse' && hasPaymentCode(order))
    return (await reverseAtChannel(gateway, order, { promised: true })).order;
  const { report, event, raw } = await askAboutOrder(gateway, order);
  const asked = await applyToOrder(gateway, order, event, { source, raw });
  const may_end = event.kind === 'waiting' || event.kind === 'not_found';
  if (asked.state !== 'undecided' || !may_end) return asked;
  if (asked.ending !== null) return (await closeAtChannel(gateway, asked, asked.ending, { promised: true })).order;
  const now_ms = gateway.ports.clock.now_ms();
  // The vendor asks not to reverse within 15 s of the payment, and for a reverse before a failed payment counts as over.
  const failed = report.outcome === 'pay_error' && now_ms >= lastSentAt(asked) + REVERSE_CERTAIN_MS;
  if (!failed && now_ms < asked.expires_at_ms) return asked;
  return hasPaymentCode(asked)
    ? reverseOnOurOwn(gateway, asked)
    : (await closeAtChannel(gateway, asked, 'expiry')).order;
}

/**
 * Asks once more about an order that has ended although its code could still be paid.
 * @returns false when the channel did not say: ask again later
 */
export async function lookOnceMore(gateway: Gateway, order: Order): Promise<boolean> {
  if (order.state === 'paid' || order.facts || order.late_facts) return true;
  const { event, raw } = await askAboutOrder(gateway, order);
  if (event.kind === 'unknown') return false;
  await applyToOrder(gateway, order, event, { source: 'resolver', raw });
  return true;
}

/** Wanted first, so that a payment which is found after a lost answer is not taken for one that stands. */
async function reverseOnOurOwn(gateway: Gateway, order: Order): Promise<Order> {
  const wanted = await applyToOrder(gateway, order, { kind: 'ending_wanted', ending: 'reverse' }, { source: 'expiry' });
  if (wanted.state !== 'undecided') return wanted;
  return (await reverseAtChannel(gateway, wanted)).order;
}
