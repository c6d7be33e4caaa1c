/**
 * The funnel: whatever a channel is found to have said about an order ends here. Decide on what was read, save by
 * compare-and-set with everything the change causes in the same commit; when somebody was faster, read again and decide anew.
 */
import { makeId } from '../domain/identifiers.ts';
import type { Decision, Exception, Order, OrderChanges, OrderEvent, Source } from '../domain/order.ts';
import { assertArrow, decide, hasPaymentCode, hasVirtualAccount, lastLookAt } from '../domain/order.ts';
import { delayAfter, type QueryKind } from '../domain/retry-schedule.ts';
import type { LateRefund, OrderSave, TakenCredits } from '../storage/save-orders.ts';
import { askAboutOrder, orderReference } from './channel-calls.ts';
import type { Gateway } from './gateway.ts';
import { paymentNotification } from './new-notification.ts';
import { aboutOrder, newException, noteRaised, raiseException, type Matter } from './raise-exception.ts';
import { releaseNumber } from './release-number.ts';

const MAX_CONFLICTS = 20;
const MAX_RAW_CHARACTERS = 4_000;

export interface Evidence {
  readonly source: Source;
  /** The channel's own words, kept in the timeline. */
  readonly raw?: string | undefined;
  /** The channel was asked after the order had been reversed: its word is no older than that. */
  readonly after_reverse?: true;
  /** A merchant was promised the end that the channel was asked for: it hears nothing of a refusal that comes now. */
  readonly promised?: true;
  /** What an order is paid by, where it is bank credits: nobody must have decided otherwise about them when it is saved. */
  readonly credits?: TakenCredits;
}

/** The result of the funnel: the order as it stands now; unchanged too when the credits that were to pay it are gone. */
export async function applyToOrder(gateway: Gateway, read: Order, said: OrderEvent, told: Evidence): Promise<Order> {
  let order = read;
  let event = said;
  let evidence = told;
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    if (mayBeOlderThanReverse(order, event, evidence)) [event, evidence] = await askAfterReverse(gateway, order);
    const at_ms = gateway.ports.clock.now_ms();
    const decision = decide(order, event, await decisionInput(gateway, order, event, evidence.source, at_ms));
    const { changes, exception } = decision;
    if (!changes && !exception) return order;
    const matter = exception ? matterOf(order, exception, evidence) : brokenPromise(order, event, evidence);
    const raises = changes && matter && newException(gateway, matter, at_ms);
    const save = changes && { ...savedAs(gateway, order, changes, decision, evidence, event, at_ms), raises };
    if (save && (await gateway.store.orders.save(save))) {
      if (raises) noteRaised(gateway, raises);
      if (save.notification) gateway.wakeJobs('notification');
      if (save.late_refund) gateway.wakeJobs('refund');
      if (hasVirtualAccount(save.order) && hasEnded(order, save.order))
        await releaseNumber(gateway, save.order, evidence.source);
      return afterSave(save.order, save);
    }
    const fresh = await gateway.store.orders.byTradeId(order.merchant_id, order.trade_id);
    if (!fresh) throw new Error('an order disappeared');
    // Nobody has changed the order: somebody has decided about a credit.
    if (save?.takes_credits && fresh.version === order.version) return order;
    // Placed at another account meanwhile: what the one before says about its number is not about this order.
    if (fresh.account_id !== read.account_id) return heardFromFormerAccount(gateway, fresh, event, evidence);
    // A person is asked to look at the order as it stands: what was read may be older than a refund that explains everything.
    if (exception && !changes && fresh.version === order.version) {
      await raiseException(gateway, matterOf(order, exception, evidence));
      return order;
    }
    order = fresh;
    event = believed(event);
  }
  throw new Error('an order kept changing under us');
}

/**
 * "Paid", said of a payment code that its channel has reversed: word of the payment that the reverse gave back, late on its way
 * (a slow answer, a callback, a question asked before), or a payment that came after it. Only asking anew tells.
 */
function mayBeOlderThanReverse(order: Order, event: OrderEvent, evidence: Evidence): boolean {
  if (event.kind !== 'paid' || event.facts.refunded || evidence.after_reverse) return false;
  return order.state === 'reversed' && hasPaymentCode(order) && !order.facts && !order.late_facts;
}

async function askAfterReverse(gateway: Gateway, order: Order): Promise<[OrderEvent, Evidence]> {
  const { event, raw } = await askAboutOrder(gateway, order);
  const evidence = { source: 'query', raw, after_reverse: true } as const;
  if (event.kind !== 'unknown') return [event, evidence];
  // Nobody will ask again about an order that is over: a person has to look.
  const detail = { we_have: order.state, channel_says: 'paid', message: event.reason };
  await raiseException(gateway, matterOf(order, { kind: 'contradiction', detail }, evidence));
  return [event, evidence];
}

async function heardFromFormerAccount(
  gateway: Gateway,
  order: Order,
  event: OrderEvent,
  evidence: Evidence,
): Promise<Order> {
  if (event.kind === 'paid') {
    const detail = { we_have: order.account_id, channel_says: 'paid', message: event.facts.transaction_id };
    await raiseException(gateway, matterOf(order, { kind: 'contradiction', detail }, evidence));
  }
  return order;
}

function hasEnded(before: Order, after: Order): boolean {
  return before.state === 'undecided' && after.state !== 'undecided' && after.state !== 'paid';
}

/**
 * A refusal is believed only of the order as it was when the call was made. Somebody who changed it since may have placed it
 * again, and been accepted: then asking decides.
 */
function believed(event: OrderEvent): OrderEvent {
  return event.kind === 'declined' || event.kind === 'not_placed'
    ? { kind: 'unknown', reason: 'refused_meanwhile' }
    : event;
}

async function decisionInput(gateway: Gateway, order: Order, event: OrderEvent, source: Source, at_ms: number) {
  const [merchant, account, preorder_is_paid] = await Promise.all([
    gateway.directory.merchant(order.merchant_id),
    gateway.directory.account(order.account_id),
    event.kind === 'paid' && siblingIsPaid(gateway, order),
  ]);
  return {
    at_ms,
    source,
    late_payment: merchant?.merchant.late_payment ?? 'refund',
    expected_identity: account?.client.expectedIdentity(orderReference(order)) ?? {},
    preorder_is_paid,
  } as const;
}

/** Read anew for each decision: a save that would have made a second success is refused, and the next reading says why. */
async function siblingIsPaid(gateway: Gateway, order: Order): Promise<boolean> {
  if (order.preorder_id === null) return false;
  const preorder = await gateway.store.preorders.byId(order.merchant_id, order.preorder_id);
  return preorder?.state === 'paid' && preorder.paid_trade_id !== order.trade_id;
}

function afterSave(next: Order, save: OrderSave): Order {
  const late = save.late_refund;
  return {
    ...next,
    version: next.version + 1,
    ...(late && {
      refund_reserved_fen: (next.refund_reserved_fen + late.refund_fen) as Order['refund_reserved_fen'],
      refund_count: next.refund_count + 1,
    }),
  };
}

function savedAs(
  gateway: Gateway,
  before: Order,
  changes: OrderChanges,
  decision: Decision,
  evidence: Evidence,
  event: OrderEvent,
  at_ms: number,
): OrderSave {
  const next: Order = { ...before, ...changes, updated_at_ms: at_ms };
  assertArrow(before.state, next.state);
  return {
    order: next,
    at_ms,
    event:
      decision.timeline === ''
        ? null
        : { source: evidence.source, kind: decision.timeline, detail: eventDetail(event, evidence) },
    job: nextJob(before, next, event, evidence.source, at_ms),
    notification: decision.notify ? paymentNotification(gateway, next, at_ms) : null,
    late_refund: decision.return_payment
      ? newLateRefund(gateway, next, decision.return_payment, evidence, at_ms)
      : null,
    takes_preorder: next.preorder_id !== null && next.state === 'paid' && before.state !== 'paid',
    takes_credits: event.kind === 'paid' ? evidence.credits : undefined,
  };
}

/** How long the node that wants an order to end is given for it before the resolver does it. */
const ENDING_LEASE_MS = 15_000;

/** A decided order needs no more questions, but for a last look where it may still be paid; an accepted one keeps the question that was planned when it was created. */
function nextJob(before: Order, next: Order, event: OrderEvent, source: Source, at_ms: number): OrderSave['job'] {
  if (next.state !== 'undecided') {
    return before.state === 'undecided' ? (lastLookAt(next, event, at_ms) ?? 'delete') : null;
  }
  if (event.kind === 'ending_wanted') return at_ms + ENDING_LEASE_MS;
  // A till that asks again and again must not push the resolver's own question away.
  if (event.kind === 'accepted' || source === 'query') return null;
  return nextCheckAt(next, at_ms);
}

/** When an undecided order is asked about next: by its schedule, but not later than its expiry the first time that passes. */
export function nextCheckAt(order: Order, at_ms: number): number {
  const kind = scheduleOf(order, at_ms);
  // The lost answer itself counts as the first check of its schedule: the first question follows five seconds after it.
  const checks = kind === 'waiting_for_payer' ? order.check_count : Math.max(0, order.check_count - 1);
  const by_schedule = at_ms + delayAfter(kind, checks);
  return at_ms < order.expires_at_ms ? Math.min(by_schedule, order.expires_at_ms) : by_schedule;
}

function scheduleOf(order: Order, at_ms: number): QueryKind {
  if (order.ending !== null) return 'unknown_outcome';
  if (hasPaymentCode(order) && at_ms < order.expires_at_ms) return 'at_till';
  return order.placement === 'accepted' ? 'waiting_for_payer' : 'unknown_outcome';
}

function eventDetail(event: OrderEvent, evidence: Evidence): Record<string, unknown> {
  const { kind: _kind, ...said } = event;
  return { ...said, ...(evidence.raw !== undefined && { raw: evidence.raw.slice(0, MAX_RAW_CHARACTERS) }) };
}

const RETURN_REASONS = {
  late: '订单失效后到账，自动退回',
  reversed: '订单已撤销，退回付款',
  second: '重复付款，自动退回',
} as const;

/** A merchant who reverses is about to send the refund itself and to hear how it went: the resolver waits that long. */
const REVERSING_LEASE_MS = 5_000;

function newLateRefund(
  gateway: Gateway,
  order: Order,
  why: keyof typeof RETURN_REASONS,
  { source }: Evidence,
  at_ms: number,
): LateRefund {
  return {
    refund_id: makeId(at_ms, gateway.ports.random.bytes(8)),
    refund_fen: order.total_fen - order.refunded_fen - order.refund_reserved_fen,
    refund_desc: RETURN_REASONS[why],
    check_at_ms: source === 'reverse' ? at_ms + REVERSING_LEASE_MS : at_ms,
  };
}

/** A merchant that heard 601 hears nothing of a refusal that comes later: a person must see it, in the commit that gives the end up. */
function brokenPromise(order: Order, event: OrderEvent, evidence: Evidence): Matter | null {
  if (event.kind !== 'ending_refused' || !evidence.promised) return null;
  const { ending: wanted, code, message } = event;
  return {
    kind: 'ending_refused',
    dedupe_key: `ending_refused ${order.trade_id} ${wanted} ${code}`,
    ...aboutOrder(order),
    detail: { wanted, code, message },
    raw_body: evidence.raw ?? null,
  };
}

function matterOf(order: Order, exception: Exception, evidence: Evidence): Matter {
  return {
    kind: exception.kind,
    dedupe_key: `${exception.kind} ${order.trade_id} ${JSON.stringify(exception.detail)}`,
    ...aboutOrder(order),
    detail: { ...exception.detail, source: evidence.source },
    raw_body: evidence.raw ?? null,
  };
}
