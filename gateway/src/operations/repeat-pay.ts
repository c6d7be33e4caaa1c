/**
 * The same mch_trade_id again (protocol section 7). The same parameters while the order is undecided are a retry after a lost
 * answer: it is answered what the first call was answered. Anything else is 107.
 */
import { implementationOf } from '../channels/registry.ts';
import { ApiError } from '../domain/codes.ts';
import type { Order, OrderEvent } from '../domain/order.ts';
import { isCalling } from '../domain/order.ts';
import type { Route } from '../storage/configuration.ts';
import type { NewOrder } from '../storage/orders.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { askAboutOrder, counted } from './channel-calls.ts';
import { beginEvent, rawOf } from './channel-events.ts';
import type { Gateway } from './gateway.ts';
import { payAnswer } from './pay-answer.ts';
import {
  beingEnded,
  decidedAnswer,
  Misconfigured,
  place,
  prepare,
  reroute,
  stillOurs,
  stillUnknown,
  takeLease,
  type PendingAnswer,
} from './place-order.ts';

const FIRST_LOOK_MS = 50;

/** Longer than a channel usually takes; a merchant's request is not held up for the whole of its time limit. */
const PATIENCE_MS = 3_000;

/** What tells whether a request is the same one again. */
type Repeated = Pick<NewOrder, 'merchant_id' | 'mch_trade_id' | 'request_hash'>;

/**
 * Answers a request whose number is taken. Throws `ApiError`.
 * @param routes what a new order would try, for one that never got to its channel
 */
export async function repeatPay(gateway: Gateway, request: Repeated, routes: readonly Route[]): Promise<PendingAnswer> {
  const order = await settled(gateway, request);
  assertSameAndOpen(order, request);
  if (order.ending !== null) throw beingEnded(order.ending);
  if (order.reply) {
    const answer = payAnswer(order, gateway.ports.clock.now_ms());
    return { answer, committed: Promise.resolve(answer) };
  }
  return placeAgain(gateway, order, routes);
}

/** Throws 107 for a request with other parameters than the order's own, and for an order that is decided. */
export function assertSameAndOpen(order: Order, request: Pick<NewOrder, 'request_hash'>): void {
  if (order.request_hash !== request.request_hash)
    throw new ApiError('number_repeated', 'mch_trade_id has been used with other parameters: use a new number');
  if (order.state !== 'undecided') throw decidedAlready(order);
}

function decidedAlready(order: Order): ApiError {
  return new ApiError(
    'number_repeated',
    `mch_trade_id has been used and its order is decided (${order.state}): query it, or use a new number`,
  );
}

/** Waits a little for the call that is under way for this order, on whichever node; who still finds it under way hears 601. */
async function settled(gateway: Gateway, request: Repeated): Promise<Order> {
  const { clock } = gateway.ports;
  const started_ms = clock.now_ms();
  for (let pause_ms = FIRST_LOOK_MS; ; pause_ms *= 2) {
    const order = await gateway.store.orders.byNumber(request.merchant_id, request.mch_trade_id);
    if (!order) throw new Error('an order disappeared');
    const now_ms = clock.now_ms();
    const calling = order.state === 'undecided' && isCalling(order, now_ms);
    if (!calling || order.request_hash !== request.request_hash) return order;
    if (now_ms - started_ms > PATIENCE_MS) throw stillUnknown('it is being placed');
    await new Promise<void>((resolve) => void clock.setTimer(pause_ms, resolve));
  }
}

/**
 * The first answer was lost, or the channel was never reached. Only one node goes on (the lease is taken by compare-and-set);
 * unless it is certain that the channel saw nothing, it is asked first, and then sent the same order under the same number
 * only where the channel takes that for the same order.
 */
async function placeAgain(gateway: Gateway, read: Order, routes: readonly Route[]): Promise<PendingAnswer> {
  const pay_type = implementationOf(read);
  const order = await takeLease(gateway, read);
  if (!order) throw stillUnknown('another request is placing this order');
  if (read.placement === 'never') return placeAnywhere(gateway, order, routes);
  const { event, raw } = await askAboutOrder(gateway, order);
  const asked = await applyToOrder(gateway, order, event, { source: 'query', raw });
  if (asked.state !== 'undecided') throw decidedAlready(asked);
  const certain = event.kind === 'not_found' || event.kind === 'waiting';
  if (!certain || !pay_type.begin_is_repeatable || asked.ending !== null) {
    await applyToOrder(gateway, asked, { kind: 'unknown', reason: channelWord(event) }, { source: 'pay' });
    throw stillUnknown(channelWord(event));
  }
  return sendSameOrder(gateway, asked);
}

/** Nothing of it ever reached a channel: it goes where a new order would go. */
async function placeAnywhere(gateway: Gateway, order: Order, routes: readonly Route[]): Promise<PendingAnswer> {
  const [first, ...others] = routes;
  const moved =
    first && first.account_id !== order.account_id
      ? await reroute(gateway, order, first, 'sent_again_by_merchant')
      : order;
  return place(gateway, moved, await prepare(gateway, moved), others);
}

function channelWord(event: OrderEvent): string {
  return 'reason' in event ? event.reason : event.kind;
}

/** The channel may know this number: its refusal of the repeat proves nothing, so only an acceptance is believed. */
async function sendSameOrder(gateway: Gateway, asked: Order): Promise<PendingAnswer> {
  const prepared = await prepare(gateway, asked);
  if (prepared instanceof Misconfigured) throw prepared.error;
  // A slow answer to the question has used the lease up; a till's code is good as long as that would have lasted.
  const is_young = gateway.ports.clock.now_ms() <= asked.placing_until_ms;
  const order = await stillOurs(gateway, asked, is_young);
  const report = counted(gateway, order, 'pay', await prepared.send());
  const believed = report.outcome === 'accepted' || report.outcome === 'paid' || report.outcome === 'paying';
  const event = believed ? beginEvent(report) : ({ kind: 'unknown', reason: 'repeat_refused' } as const);
  const saved = await applyToOrder(gateway, order, event, { source: 'pay', raw: rawOf(report) });
  if (!believed) throw stillUnknown('code' in report ? report.code : report.reason);
  const now_ms = gateway.ports.clock.now_ms();
  if (report.outcome !== 'accepted') {
    const answer = decidedAnswer(saved, now_ms);
    return { answer, committed: Promise.resolve(answer) };
  }
  // Decided while the channel was answering: nobody may be shown a code that must not be paid any more.
  if (saved.state !== 'undecided') throw decidedAlready(saved);
  const answer = payAnswer(saved, now_ms);
  return { answer, committed: Promise.resolve(answer) };
}
