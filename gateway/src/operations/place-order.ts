/**
 * Sends an order to its channel and turns what came back into the merchant's answer. Another account is tried only when it is
 * certain that nothing was placed at the one before: no connection, or turned away for what the account is. Never on a timeout.
 */
import type { BeginReport, PreparedBegin } from '../channels/channel.ts';
import { ApiError } from '../domain/codes.ts';
import { hasPaymentCode, PLACING_LEASE_MS, type Order } from '../domain/order.ts';
import type { Route } from '../storage/configuration.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { counted, inTime, isMisconfigured, openAccount, orderForChannel } from './channel-calls.ts';
import { beginEvent, rawOf } from './channel-events.ts';
import { CIRCUIT_OPEN } from './circuit-breaker.ts';
import { withNumber } from './take-number.ts';
import type { Gateway } from './gateway.ts';
import { payAnswer, type Answer } from './pay-answer.ts';

/** `answer` may be signed at once, but must not leave before `committed` resolves (with the answer that may leave). */
export interface PendingAnswer {
  readonly answer: Answer;
  readonly committed: Promise<Answer>;
}

/** Opens an order's account and builds its request: `Misconfigured` when either cannot be done, so that nothing was sent. */
export async function prepare(gateway: Gateway, order: Order): Promise<PreparedBegin | Misconfigured> {
  try {
    const client = await openAccount(gateway, order.account_id);
    if (client.virtual_accounts) return withNumber(gateway, order, client, client.virtual_accounts);
    return await client.prepareBegin(orderForChannel(gateway, order));
  } catch (error) {
    if (!isMisconfigured(error)) throw error;
    return new Misconfigured(error);
  }
}

/** Why an order's request could not even be built. */
export class Misconfigured {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/**
 * Sends a prepared order, and goes on to the next account while it is certain that nothing was placed.
 * @param others routes that may be tried after the order's own
 */
export async function place(
  gateway: Gateway,
  begun: Order,
  prepared: PreparedBegin | Misconfigured,
  others: readonly Route[],
): Promise<PendingAnswer> {
  const calls = !(prepared instanceof Misconfigured) && !prepared.made_here;
  const order = calls ? await stillOurs(gateway, begun) : begun;
  const report = await send(gateway, order, prepared);
  const [next, ...rest] = others;
  if (next && nothingPlaced(report)) {
    const moved = await reroute(gateway, order, next, 'code' in report ? report.code : report.reason);
    return place(gateway, moved, await prepare(gateway, moved), rest);
  }
  if (report.outcome === 'misconfigured') {
    await applyToOrder(gateway, order, { kind: 'not_placed', reason: report.reason }, { source: 'pay' });
    throw report.error;
  }
  return record(gateway, order, report);
}

/** What a merchant hears whose order is neither placed nor refused for certain. */
export function stillUnknown(reason: string): ApiError {
  return new ApiError('channel_timeout', `the channel's answer is not known yet (${reason}): query this order`);
}

/** Places an order alone for a while: by compare-and-set, so that null says that somebody else has it. */
export async function takeLease(gateway: Gateway, order: Order): Promise<Order | null> {
  const at_ms = gateway.ports.clock.now_ms();
  const leased: Order = { ...order, placement: 'calling', placing_until_ms: at_ms + PLACING_LEASE_MS };
  const saved = await gateway.store.orders.save({
    order: leased,
    at_ms,
    event: { source: 'pay', kind: 'placed_again', detail: { before: order.placement } },
    job: null,
    notification: null,
    late_refund: null,
  });
  return saved ? { ...leased, version: leased.version + 1 } : null;
}

/**
 * The order under a lease that lasts until its channel has answered. Throws 601 when it has been taken over.
 * @param may_renew false: the time of what was shown to a till is over with the lease
 */
export async function stillOurs(gateway: Gateway, order: Order, may_renew = !hasPaymentCode(order)): Promise<Order> {
  if (inTime(gateway, order.placing_until_ms)) return order;
  const renewed = may_renew ? await takeLease(gateway, order) : null;
  if (!renewed || !inTime(gateway, renewed.placing_until_ms)) throw stillUnknown('it took too long to be placed');
  return renewed;
}

interface NotBuilt {
  readonly outcome: 'misconfigured';
  readonly reason: 'request_not_built';
  readonly error: Error;
}

async function send(
  gateway: Gateway,
  order: Order,
  prepared: PreparedBegin | Misconfigured,
): Promise<BeginReport | NotBuilt> {
  if (prepared instanceof Misconfigured)
    return { outcome: 'misconfigured', reason: 'request_not_built', error: prepared.error };
  // What is only signed here asks nobody, and must not take the place of a call that would.
  if (!prepared.made_here && !gateway.breakers.admits(order.account_id)) return CIRCUIT_OPEN;
  return counted(gateway, order, 'pay', await prepared.send());
}

type NotPlaced = NotBuilt | Extract<BeginReport, { outcome: 'not_sent' | 'declined' }>;

function nothingPlaced(report: BeginReport | NotBuilt): report is NotPlaced {
  if (report.outcome === 'declined') return report.account_fault === true;
  return report.outcome === 'misconfigured' || report.outcome === 'not_sent';
}

/** Moves an order to another account. Throws 302 when it was decided meanwhile (closed by its merchant, say). */
export async function reroute(gateway: Gateway, order: Order, route: Route, reason: string): Promise<Order> {
  const at_ms = gateway.ports.clock.now_ms();
  const { account_id, merchant_params } = route;
  const placing_until_ms = at_ms + PLACING_LEASE_MS;
  const detail = { from: order.account_id, to: account_id, reason };
  if (!(await gateway.store.orders.reroute({ order, account_id, merchant_params, placing_until_ms, at_ms, detail })))
    throw new ApiError(
      'wrong_state',
      'the order was changed while it was being placed: query it, then send it again if it is still open',
    );
  return {
    ...order,
    account_id,
    merchant_params,
    placement: 'calling',
    placing_until_ms,
    version: order.version + 1,
    updated_at_ms: at_ms,
  };
}

/** Records what the channel said; the answer to an acceptance is made meanwhile. */
async function record(gateway: Gateway, order: Order, report: BeginReport): Promise<PendingAnswer> {
  const saved = applyToOrder(gateway, order, beginEvent(report), { source: 'pay', raw: rawOf(report) });
  if (report.outcome === 'paid' || report.outcome === 'paying') {
    // What a till shows depends on what was decided: a success that is not ours (another amount, say) is none.
    const answer = decidedAnswer(await saved, gateway.ports.clock.now_ms());
    return { answer, committed: Promise.resolve(answer) };
  }
  if (report.outcome !== 'accepted') {
    await saved;
    throw refusal(report, order);
  }
  const answer = payAnswer(
    { ...order, reply: report.reply, reply_message: report.message, channel_message: report.message },
    order.updated_at_ms,
  );
  return { answer, committed: saved.then((now) => assertShown(now, answer)) };
}

/** The answer about an order of a payment code. Throws 302 when it was ended while the channel was answering. */
export function decidedAnswer(order: Order, at_ms: number): Answer {
  return assertShown(order, payAnswer(order, at_ms));
}

/** Closed or reversed while the channel was answering: nobody may be shown a code that must not be paid any more. */
function assertShown(order: Order, answer: Answer): Answer {
  if (order.state === 'paid' || (order.state === 'undecided' && order.ending === null)) return answer;
  if (order.ending !== null) throw beingEnded(order.ending);
  throw new ApiError(
    'wrong_state',
    `the order was ${order.state} while it was being placed: query it, or use a new number`,
  );
}

/** Its merchant wants it to end: nothing may be paid for it any more. */
export function beingEnded(ending: 'close' | 'reverse'): ApiError {
  return new ApiError(
    'wrong_state',
    `the order is being ${ending === 'close' ? 'closed' : 'reversed'}: query it, or use a new number`,
  );
}

type Refused = Exclude<BeginReport, { outcome: 'accepted' | 'paid' | 'paying' }>;

function refusal(report: Refused, order: Order): ApiError {
  switch (report.outcome) {
    case 'declined':
      return new ApiError('channel_refused', `${report.code}: ${report.message}`);
    case 'not_sent':
      return new ApiError(
        'channel_refused',
        `NOT_SENT: the channel cannot be reached (${report.reason}); nothing was placed, send the same order again`,
      );
    case 'unknown':
      return new ApiError(
        'channel_timeout',
        `the channel's answer is not known (${report.reason}): query this order before anything else` +
          (hasPaymentCode(order) ? ', first after 5 s, and reverse it if it stays undecided' : ''),
      );
  }
}
