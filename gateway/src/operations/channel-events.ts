/** What a channel answered, as an event that the funnel decides on. */
import type { BeginReport, CloseReport, PaymentReport, ReverseReport } from '../channels/channel.ts';
import type { Ending, OrderEvent } from '../domain/order.ts';

/** The channel's own words, where it said any: kept in the timeline. */
export function rawOf(report: { readonly outcome: string; readonly raw?: string }): string | undefined {
  return report.raw;
}

/** The answer to an order request as an event; a stable word stays in `reason`. */
export function beginEvent(report: BeginReport): OrderEvent {
  switch (report.outcome) {
    case 'accepted':
      return { kind: 'accepted', reply: report.reply, message: report.message };
    case 'paid':
      return { kind: 'paid', facts: report.facts, finished: false };
    case 'paying':
      return { kind: 'accepted', reply: {}, message: report.message };
    case 'declined':
      return { kind: 'declined', code: report.code, message: report.message };
    case 'not_sent':
      return { kind: 'not_placed', reason: report.reason };
    case 'unknown':
      return { kind: 'unknown', reason: report.reason };
  }
}

/** The answer to a query, or a callback, as an event. A refused query says nothing about the order. */
export function paymentEvent(report: PaymentReport): OrderEvent {
  switch (report.outcome) {
    case 'paid':
      return { kind: 'paid', facts: report.facts, finished: false };
    case 'finished':
      return { kind: 'paid', facts: report.facts, finished: true };
    case 'waiting':
    case 'pay_error':
      return { kind: 'waiting', message: report.message };
    case 'closed':
      return { kind: 'closed', message: report.message };
    case 'reversed':
      return { kind: 'reversed', message: report.message };
    case 'not_found':
      return { kind: 'not_found', message: report.message };
    case 'declined':
      return { kind: 'unknown', reason: report.code };
    case 'not_sent':
    case 'unknown':
      return { kind: 'unknown', reason: report.reason };
  }
}

/** The answer to a close as an event. "Already paid" is no event: the payment itself must be asked for. */
export function closeEvent(report: CloseReport, ending: Ending): OrderEvent | null {
  switch (report.outcome) {
    case 'closed':
      return { kind: 'closed', message: report.message };
    case 'not_found':
      return { kind: 'not_found', message: report.message };
    case 'already_paid':
      return null;
    case 'declined':
      return { kind: 'ending_refused', ending, code: report.code, message: report.message };
    case 'not_sent':
    case 'unknown':
      return { kind: 'unknown', reason: report.reason };
  }
}

/** The answer to a reverse as an event. */
export function reverseEvent(report: ReverseReport): OrderEvent {
  switch (report.outcome) {
    case 'reversed':
      return { kind: 'reversed', message: report.message, refunded: report.refunded };
    case 'again':
      return { kind: 'unknown', reason: 'again' };
    case 'not_found':
      return { kind: 'not_found', message: report.message };
    case 'declined':
      return { kind: 'ending_refused', ending: 'reverse', code: report.code, message: report.message };
    case 'not_sent':
    case 'unknown':
      return { kind: 'unknown', reason: report.reason };
  }
}
