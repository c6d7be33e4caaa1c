/**
 * Finds out about an undecided order by asking its channel; ends it there when its merchant wants that or its time is up.
 * Nothing is closed in our books that the channel has not confirmed.
 */
import { hasPaymentCode, lastSentAt, REVERSE_CERTAIN_MS, type Order, type Source } from '../domain/order.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { askAboutOrder } from './channel-calls.ts';
import { closeAtChannel, reverseAtChannel, type Ended } from './end-order.ts';
import type { Gateway } from './gateway.ts';
import { aboutOrder, raiseException } from './raise-exception.ts';

/** Asks the channel once and records what it said. Answers the order as it stands then. */
export async function resolveOrder(gateway: Gateway, order: Order, source: Source): Promise<Order> {
  if (order.state !== 'undecided') return order;
  // A reverse may be repeated and decides by itself: there is nothing to ask before it.
  if (order.ending === 'reverse' && hasPaymentCode(order))
    return told(gateway, order, await reverseAtChannel(gateway, order));
  const { report, event, raw } = await askAboutOrder(gateway, order);
  const asked = await applyToOrder(gateway, order, event, { source, raw });
  const may_end = event.kind === 'waiting' || event.kind === 'not_found';
  if (asked.state !== 'undecided' || !may_end) return asked;
  if (asked.ending !== null) return told(gateway, asked, await closeAtChannel(gateway, asked, asked.ending));
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

/** A merchant who was promised the end of an order hears nothing of a refusal that comes later: a person must see it. */
async function told(gateway: Gateway, before: Order, { order, refused }: Ended): Promise<Order> {
  if (!refused || order.state !== 'undecided') return order;
  await raiseException(gateway, {
    kind: 'ending_refused',
    dedupe_key: `ending_refused ${order.trade_id} ${before.ending} ${refused.code}`,
    ...aboutOrder(order),
    detail: { wanted: before.ending, code: refused.code, message: refused.message },
    raw_body: refused.raw ?? null,
  });
  return order;
}

/** Wanted first, so that a payment which is found after a lost answer is not taken for one that stands. */
async function reverseOnOurOwn(gateway: Gateway, order: Order): Promise<Order> {
  const wanted = await applyToOrder(gateway, order, { kind: 'ending_wanted', ending: 'reverse' }, { source: 'expiry' });
  if (wanted.state !== 'undecided') return wanted;
  return (await reverseAtChannel(gateway, wanted)).order;
}
