/** The funnel for refunds: decide on what was read, save by compare-and-set, sums of the order in the same commit. */
import type { RefundReport } from '../channels/channel.ts';
import { fen } from '../domain/money.ts';
import type { Order, Source } from '../domain/order.ts';
import type { Refund, RefundDecision, RefundEvent } from '../domain/refund.ts';
import { decideRefund, isOpen } from '../domain/refund.ts';
import { delayAfter } from '../domain/retry-schedule.ts';
import type { NewNotification } from '../storage/save-orders.ts';
import type { RefundSave } from '../storage/refunds.ts';
import type { Gateway } from './gateway.ts';
import { paymentNotification, refundNotification } from './new-notification.ts';
import { aboutOrder, newException, noteRaised, raiseException, type Matter } from './raise-exception.ts';

const MAX_CONFLICTS = 20;
const MAX_RAW_CHARACTERS = 4_000;

export interface RefundEvidence {
  readonly source: Source | 'refund';
  readonly raw?: string | undefined;
}

/** Applies what the channel said about a refund. Answers the refund as it stands now. */
export async function applyToRefund(
  gateway: Gateway,
  order: Order,
  read: Refund,
  said: RefundEvent,
  evidence: RefundEvidence,
): Promise<Refund> {
  let refund = read;
  let event = said;
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const at_ms = gateway.ports.clock.now_ms();
    const decision = decideRefund(refund, event, at_ms);
    const matter = decision.exception && matterOf(order, refund, decision.exception, evidence);
    if (!decision.changes && !matter) return refund;
    if (decision.changes) {
      const next: Refund = { ...refund, ...decision.changes, updated_at_ms: at_ms };
      const raises = matter && newException(gateway, matter, at_ms);
      const save = { ...prepareSave(gateway, order, next, decision, event, evidence, at_ms), raises };
      if (await gateway.store.refunds.save(save)) {
        if (raises) noteRaised(gateway, raises);
        if (save.notification) gateway.wakeJobs('notification');
        return { ...next, version: next.version + 1 };
      }
    }
    const fresh = await gateway.store.refunds.byId(refund.merchant_id, refund.refund_id);
    if (!fresh) throw new Error('a refund disappeared');
    // Closed at the channel and sent again under a new number meanwhile: what was said about the old one is history.
    if (fresh.channel_refund_no !== read.channel_refund_no) return fresh;
    // A person is asked to look at the refund as it stands: what was read may have been sent again meanwhile.
    if (matter && !decision.changes && fresh.version === refund.version) {
      await raiseException(gateway, matter);
      return refund;
    }
    refund = fresh;
    event = believed(event);
  }
  throw new Error('a refund kept changing under us');
}

/**
 * A refusal is believed only of the refund as it was when it was sent. Somebody who changed it since may have sent it again under
 * the same number, and been accepted: then asking decides.
 */
function believed(event: RefundEvent): RefundEvent {
  return event.kind === 'refused' ? { kind: 'unknown', reason: 'refused_meanwhile' } : event;
}

function prepareSave(
  gateway: Gateway,
  order: Order,
  next: Refund,
  decision: RefundDecision,
  event: RefundEvent,
  evidence: RefundEvidence,
  at_ms: number,
): RefundSave {
  const { kind: _kind, ...said } = event;
  const raw = evidence.raw === undefined ? {} : { raw: evidence.raw.slice(0, MAX_RAW_CHARACTERS) };
  // Whoever is answered 600 at once knows; a refusal that comes later is told by notification.
  const told_already = evidence.source === 'refund' && event.kind === 'refused';
  // The payment of a reversed order that the channel does not give back stands, and its merchant must hear so.
  const paid_again = isReturn(order, next) && decision.money === 'released';
  return {
    refund: next,
    at_ms,
    money: decision.money,
    order_paid_again: paid_again,
    event: { source: evidence.source, kind: decision.timeline, detail: { refund_id: next.refund_id, ...said, ...raw } },
    job: isOpen(next) ? at_ms + delayAfter('refund', next.check_count) : 'delete',
    notification: paid_again
      ? paidAgain(gateway, order, at_ms)
      : decision.notify && !told_already
        ? refundNotification(gateway, order, next, at_ms)
        : null,
  };
}

/** Whether a refund is the one by which a reversed order's payment goes back. */
function isReturn(order: Order, refund: Refund): boolean {
  return refund.mch_refund_id === null && order.state === 'reversed' && order.facts !== null;
}

function paidAgain(gateway: Gateway, order: Order, at_ms: number): NewNotification | null {
  const paid: Order = { ...order, state: 'paid', refund_reserved_fen: fen(0), updated_at_ms: at_ms };
  return paymentNotification(gateway, paid, at_ms);
}

function matterOf(
  order: Order,
  refund: Refund,
  exception: NonNullable<RefundDecision['exception']>,
  evidence: RefundEvidence,
): Matter {
  return {
    kind: exception.kind,
    dedupe_key: `${exception.kind} ${refund.refund_id}`,
    ...aboutOrder(order),
    detail: { ...exception.detail, source: evidence.source },
    raw_body: evidence.raw ?? null,
  };
}

/** The answer to a refund or a refund query as an event. `not_found` means: send it (again). */
export function refundEvent(report: Exclude<RefundReport, { outcome: 'not_found' }>, from_query: boolean): RefundEvent {
  switch (report.outcome) {
    case 'succeeded':
      return { kind: 'succeeded', channel_refund_id: report.channel_refund_id };
    case 'processing':
      return { kind: 'processing', channel_refund_id: report.channel_refund_id, message: report.message };
    case 'closed':
      return { kind: 'closed', message: report.message };
    case 'abnormal':
      return { kind: 'abnormal', message: report.message };
    case 'declined':
      // A refused question is not a refused refund.
      return from_query
        ? { kind: 'unknown', reason: report.code }
        : { kind: 'refused', code: report.code, message: report.message };
    case 'not_sent':
    case 'unknown':
      return { kind: 'unknown', reason: report.reason };
  }
}
