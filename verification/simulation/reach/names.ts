/**
 * Kinds of exceptions and of lines in a timeline, as docs/outcomes.md lists them: each is recognised by its name. A test proves that
 * the document has these and no others.
 */

export const EXCEPTIONS = [
  'payment_mismatch',
  'second_payment',
  'contradiction',
  'ending_refused',
  'refunded_elsewhere',
  'late_payment_not_refunded',
  'refund_abnormal',
  'refund_contradiction',
  'refund_mismatch',
  'order_undecided_too_long',
  'callback_unknown_order',
  'callback_unknown_refund',
  'callback_not_understood',
] as const;

export const BANK_EXCEPTIONS = [
  'bank_credit_too_little',
  'bank_credits_sum_up',
  'bank_credit_too_much',
  'bank_credit_second',
  'bank_credit_wrong_payer',
  'bank_credit_late',
  'bank_credit_closed_number',
  'bank_credit_written_off',
  'bank_credit_before_order',
  'bank_credit_unknown_number',
  'bank_credit_wrong_currency',
  'bank_credit_changed',
  'bank_reversal_after_success',
  'bank_reversal_unknown',
  'bank_refund_returned',
  'bank_return_failed',
  'bank_return_unknown',
  'bank_entry_unreadable',
  'bank_file_unreadable',
  'bank_message_unreadable',
  'bank_statement_difference',
  'bank_numbers_low',
  'bank_number_conflict',
] as const;

/** Kinds that no world here raises, and who does: the bank of these worlds tells no lies and leaves no files. */
export const EXCEPTIONS_NOT_HERE: readonly {
  readonly kind: (typeof BANK_EXCEPTIONS)[number];
  readonly test: string;
}[] = [
  { kind: 'bank_credit_changed', test: 'gateway/test/operations/take-bank-entry.test.ts' },
  { kind: 'bank_return_unknown', test: 'gateway/test/operations/take-bank-entry.test.ts' },
  { kind: 'bank_entry_unreadable', test: 'verification/test/bank-files.test.ts' },
  { kind: 'bank_file_unreadable', test: 'verification/test/bank-files.test.ts' },
  { kind: 'bank_message_unreadable', test: 'gateway/test/operations/take-bank-entry.test.ts' },
  { kind: 'bank_statement_difference', test: 'verification/test/bank-files.test.ts' },
  { kind: 'bank_number_conflict', test: 'gateway/test/operations/take-bank-entry.test.ts' },
];

export const TIMELINE = [
  'created',
  'accepted',
  'declined',
  'not_placed',
  'unknown',
  'waiting',
  'placed_again',
  'rerouted',
  'close_wanted',
  'reverse_wanted',
  'close_refused',
  'reverse_refused',
  'paid_while_reversing',
  'paid',
  'finished',
  'closed',
  'reversed',
  'confirmed_by_payer',
  'second_payment_of_preorder',
  'late_payment',
  'late_payment_accepted',
  'refund_created',
  'refund_submitted_again',
  'refund_processing',
  'refund_unknown',
  'refund_succeeded',
  'refund_refused',
  'refund_closed',
  'refund_abnormal',
] as const;

export const BANK_TIMELINE = [
  'credit_held',
  'credit_returning',
  'credit_returned',
  'credit_not_returned',
  'number_closed',
  'written_off',
] as const;
