/** What must be true of everything that a channel is said to have reported. */
import type { Callback, PaymentFacts } from '../../gateway/src/channels/channel.ts';
import { must, mustBeFen, mustBeStorable, mustNotBePolluted } from './target.ts';

const OUTCOMES = [
  ['paid', 'finished', 'waiting', 'paying', 'pay_error', 'closed', 'reversed', 'again', 'not_found', 'accepted'],
  ['already_paid', 'succeeded', 'processing', 'abnormal', 'declined', 'not_sent', 'unknown'],
].flat();

/** A stable word for metrics: never what a peer wrote. */
const REASON = /^[a-z0-9_]{1,64}$/;

/** What every kind of report may have. */
interface Report {
  readonly outcome: string;
  readonly facts?: PaymentFacts;
  readonly amount_fen?: number | null;
  readonly channel_refund_id?: string | null;
}

export function mustBeReport(report: Report): void {
  must(OUTCOMES.includes(report.outcome), `outcome ${report.outcome}`);
  const { facts, amount_fen, channel_refund_id } = report;
  if (facts) {
    mustBeFen(facts.amount_fen, 'amount_fen');
    must(facts.transaction_id !== '', 'transaction_id is empty');
    must(facts.paid_at_ms === null || Number.isSafeInteger(facts.paid_at_ms), `paid_at_ms ${facts.paid_at_ms}`);
    mustBeStorable(facts.transaction_id, 'transaction_id');
  }
  if (amount_fen !== undefined && amount_fen !== null) mustBeFen(amount_fen, 'amount_fen');
  mustBeStorable(channel_refund_id, 'channel_refund_id');
  mustNotBePolluted();
}

export function mustBeCallback(callback: Callback): void {
  if (callback.kind === 'rejected') return must(REASON.test(callback.reason), `reason ${callback.reason}`);
  must(callback.callback_id !== '', 'callback_id is empty');
  mustBeStorable(callback.callback_id, 'callback_id');
  if (callback.kind === 'unhandled') return;
  must(callback.out_trade_no !== '', 'out_trade_no is empty');
  if (callback.kind === 'refund') mustBeStorable(callback.out_refund_no, 'out_refund_no');
  mustBeReport(callback.report);
}
