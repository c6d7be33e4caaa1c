import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../simulators/src/kernel/ledger.ts';
import type { Change, Row } from '../simulation/changes.ts';
import { INVARIANTS } from '../simulation/invariants/index.ts';
import { Mirror } from '../simulation/mirror.ts';
import type { Observation } from '../simulation/observation.ts';

const ORDER = {
  merchant_id: '1',
  trade_id: 't1',
  mch_trade_id: 'n1',
  pay_type: 'wechat.scan',
  account_id: 'wechat',
  channel: 'wechat',
  state: 'undecided',
  ending: null,
  placement: 'accepted',
  placing_until_ms: 0,
  total_fen: 100,
  refunded_fen: 0,
  refund_reserved_fen: 0,
  facts: null,
  late_facts: null,
  notify_url: 'https://shop.example/paid',
  preorder_id: null,
  expires_at_ms: 0,
  version: 1,
};
const PAID = { ...ORDER, state: 'paid', facts: { transaction_id: 'x1' } };
const REFUND = {
  merchant_id: '1',
  refund_id: 'r1',
  mch_refund_id: 'm1',
  trade_id: 't1',
  state: 'undecided',
  refund_fen: 60,
  channel_refund_no: 'r1',
  notify_url: null,
};
const NOTIFICATION = {
  merchant_id: '1',
  notification_id: 'b1',
  subject: 'payment',
  trade_id: 't1',
  refund_id: null,
  url: 'https://shop.example/paid',
  payload: '{"nonce_str":"nonce-1"}',
  state: 'pending',
  attempts: 0,
  last_reason: null,
};
const NUMBER = { account_id: 'bank', number: '99', state: 'open', merchant_id: '1', trade_id: 't1', check_at_ms: 0 };

const CREDIT = {
  account_id: 'bank',
  reference: 'c1',
  number: '99',
  amount_fen: 100,
  state: 'new',
  exception_id: null,
  trade_id: 't1',
  surplus_fen: 0,
  payment_reference: null,
  reversed_by: null,
};

const change = (table: string, after: Row, before: Row | null = null): Change => ({ table, before, after });
const commit = (...changes: Change[]): Observation => ({ kind: 'commit', owner: 'node', statement: 'save', changes });
const event = (kind: string, event_no = 1): Change =>
  change('order_events', { merchant_id: '1', trade_id: 't1', event_no, source: 'callback', kind, detail: {} });
const job = (kind: string, subject_id: string): Change =>
  change('jobs', { kind, merchant_id: '1', subject_id, run_at_ms: 0 });
const moved = (kind: LedgerEntry['kind'], more: Partial<LedgerEntry> = {}): Observation => ({
  kind: 'ledger',
  entry: { seq: 1, at_ms: 0, channel: 'wechat', kind, out_trade_no: 't1', transaction_id: 'x1', amount: 100, ...more },
});
const answered = (
  path: string,
  code: number,
  data: Row,
  fields: Row = { mch_trade_id: 'n1', total_fee: 100 },
): Observation => ({
  kind: 'answered',
  merchant_id: '1',
  path,
  fields,
  asked_at_ms: 0,
  result: { kind: 'answered', code, msg: '', data },
});
const heard = (nonce_str: string, token: string, data: Row): Observation => ({
  kind: 'heard',
  merchant_id: '1',
  path: '/paid',
  token,
  nonce_str,
  data,
});

/** What was seen, and the invariants that it breaks, with a piece of what they say. */
type Case = readonly [what: string, seen: readonly Observation[], broken: Readonly<Record<string, string>>];

const GOOD: readonly Observation[] = [
  commit(change('orders', ORDER), event('created'), job('order', 't1')),
  moved('order'),
  moved('payment'),
  commit(
    change('orders', PAID, ORDER),
    event('paid', 2),
    change('notifications', NOTIFICATION),
    job('notification', 'b1'),
    { table: 'jobs', before: { kind: 'order', merchant_id: '1', subject_id: 't1' }, after: null },
  ),
  heard('nonce-1', 'token', { trade_id: 't1', trade_state: 0 }),
  commit(change('notifications', { ...NOTIFICATION, state: 'delivered', attempts: 1 }, NOTIFICATION), {
    table: 'jobs',
    before: { kind: 'notification', merchant_id: '1', subject_id: 'b1' },
    after: null,
  }),
  answered('/v2/pay/query', 0, { trade_id: 't1', trade_state: 0 }),
];

const CASES: readonly Case[] = [
  [
    'a second payment at a wallet',
    [...GOOD, moved('payment')],
    { 'one-success': 'twice', 'books-agree': 'paid 2 times' },
  ],
  ['a second word of success', [...GOOD, commit(event('paid', 3))], { 'one-success': 'recorded as paid 2 times' }],
  [
    'a payment that becomes another one',
    [...GOOD, commit(change('orders', { ...PAID, facts: { transaction_id: 'x2' } }, PAID))],
    { 'one-success': 'now x2', 'books-agree': 'carries x2' },
  ],
  [
    'two tries of one preorder that are paid',
    [
      commit(
        change('preorders', {
          merchant_id: '1',
          preorder_id: 'p',
          mch_pre_id: 'p',
          state: 'paid',
          paid_trade_id: 't1',
        }),
      ),
      commit(
        change('orders', { ...PAID, preorder_id: 'p' }),
        change('orders', { ...PAID, preorder_id: 'p', trade_id: 't2' }),
      ),
    ],
    { 'one-success-of-preorder': 'paid 2 times' },
  ],
  [
    'an order that is placed at two accounts',
    [...GOOD, moved('order', { merchant: 'another' })],
    { 'placed-once': 'and then at wechat another' },
  ],
  [
    'an order that is closed here and open there',
    [
      commit(change('orders', ORDER), event('created')),
      moved('order'),
      commit(change('orders', { ...ORDER, state: 'closed' }, ORDER), event('closed', 2)),
    ],
    { 'closed-there-first': 'open at WeChat Pay' },
  ],
  [
    'more reserved than was paid',
    [
      ...GOOD,
      commit(
        change('refunds', { ...REFUND, refund_fen: 101 }),
        change('orders', { ...PAID, refund_reserved_fen: 101 }, PAID),
      ),
    ],
    { 'refunds-within-payment': 'more than its 100 fen' },
  ],
  [
    'a refund that reserves nothing',
    [...GOOD, commit(change('refunds', REFUND))],
    { 'refunds-within-payment': 'say 0 and 60' },
  ],
  [
    'more given back at the channel than was paid',
    [...GOOD, moved('refund', { amount: 101, out_refund_no: 'r1' })],
    { 'refunds-within-payment': 'more went back', 'books-agree': 'gave back 1 fen more' },
  ],
  [
    'a paid order that is closed',
    [...GOOD, commit(change('orders', { ...PAID, state: 'closed' }, PAID), event('closed', 3))],
    { arrows: 'from paid to closed' },
  ],
  [
    'an order that disappears',
    [...GOOD, commit({ table: 'orders', before: PAID, after: null })],
    { arrows: 'was deleted' },
  ],
  [
    'a payment without a word in the timeline',
    [
      ...GOOD.slice(0, 3),
      commit(change('orders', PAID, ORDER), change('notifications', NOTIFICATION), job('notification', 'b1')),
    ],
    { 'change-is-told': 'without a word' },
  ],
  [
    'a payment without a notification',
    [...GOOD.slice(0, 3), commit(change('orders', PAID, ORDER), event('paid', 2))],
    { 'change-is-told': 'without a notification' },
  ],
  [
    'a notification without a job',
    [
      ...GOOD.slice(0, 3),
      commit(change('orders', PAID, ORDER), event('paid', 2), change('notifications', NOTIFICATION)),
    ],
    { 'change-is-told': 'has no job' },
  ],
  [
    'a repeat with other bytes',
    [...GOOD, heard('nonce-1', 'another', { trade_id: 't1', trade_state: 0 })],
    { 'merchant-hears': 'two contents' },
  ],
  [
    'a nonce that is in no outbox',
    [...GOOD, heard('nonce-2', 'token', { trade_id: 't1', trade_state: 0 })],
    { 'merchant-hears': 'in no outbox' },
  ],
  [
    'a notification that nobody heard',
    GOOD.filter((one) => one.kind !== 'heard'),
    { 'merchant-hears': 'nobody heard it' },
  ],
  [
    '"paid" that the channel knows nothing of',
    [answered('/v2/pay/query', 0, { trade_id: 't9', trade_state: 0 })],
    { 'nothing-untrue': 'took nothing' },
  ],
  [
    '"paid" of an order that is closed',
    [
      ...GOOD.slice(0, 3),
      commit(
        change('orders', { ...ORDER, state: 'closed' }, ORDER),
        event('closed', 2),
        change('notifications', NOTIFICATION),
        job('notification', 'b1'),
      ),
    ],
    { 'nothing-untrue': 'which is closed' },
  ],
  [
    'a refund that the channel did not make',
    [
      ...GOOD,
      answered('/v2/pay/refund_query', 0, {
        trade_id: 't1',
        refunds: [{ mch_refund_id: 'm1', refund_status: 0, refund_fee: 60 }],
      }),
    ],
    { 'nothing-untrue': 'refund m1 succeeded' },
  ],
  [
    '"success" about an order that is not there',
    [answered('/v2/pay', 0, { trade_id: 't1' }, { mch_trade_id: 'n1', total_fee: 100, pay_type: 'wechat.scan' })],
    { 'answers-survive': 'no such order' },
  ],
  [
    'a number that changes hands while it is open',
    [
      commit(change('virtual_accounts', NUMBER)),
      commit(change('virtual_accounts', { ...NUMBER, trade_id: 't2' }, NUMBER)),
    ],
    { 'one-owner-of-number': 'while it was open' },
  ],
  [
    'an order with two numbers',
    [commit(change('virtual_accounts', NUMBER), change('virtual_accounts', { ...NUMBER, number: '98' }))],
    { 'one-owner-of-number': 'has 2 numbers' },
  ],
  [
    'a secret in a log line',
    [{ kind: 'log', owner: 'node', line: '{"key":"the-secret-of-the-world"}' }],
    { 'no-secret-in-logs': 'wrote a secret' },
  ],
  ['a payment that we do not know', GOOD.slice(0, 3), { 'books-agree': 'which we do not know' }],
  [
    'a payment of the wrong amount',
    [...GOOD.slice(0, 2), moved('payment', { amount: 1 }), ...GOOD.slice(3)],
    { 'books-agree': 'costs 100 fen, 1 came' },
  ],
  [
    'a refund that one side alone knows',
    [
      ...GOOD,
      moved('refund', { amount: 60, out_refund_no: 'r1' }),
      commit(change('refunds', { ...REFUND, state: 'refused' })),
    ],
    { 'books-agree': 'gave back 1 times' },
  ],
  ['a transfer that is in no book', [moved('payment', { channel: 'bank' })], { 'transfers-agree': 'in no book' }],
  ['an order that stays undecided', GOOD.slice(0, 1), { 'nothing-undecided': 'is undecided' }],
  ['a job that nobody does', [...GOOD, commit(job('refund', 'r9'))], { 'nothing-undecided': 'is left' }],
  [
    'a reverse that is forgotten',
    [...GOOD, answered('/v2/pay/reverse', 601, {}, { mch_trade_id: 'n1' })],
    { 'wanted-ends': 'was to be reversed' },
  ],
  ['an answer 500', [answered('/v2/pay/query', 500, {})], { 'no-system-error': '500' }],
  [
    'a transfer that pays an order and goes back',
    [
      commit(change('bank_credits', CREDIT)),
      commit(change('orders', { ...PAID, channel: 'bank', facts: { transaction_id: 'c1' } }), event('paid')),
      commit(change('bank_credits', { ...CREDIT, state: 'held' }, CREDIT)),
    ],
    { 'one-use-of-credit': 'is held, and paid order t1' },
  ],
  [
    'a refund by bank transfer that the bank never made',
    [
      commit(change('orders', { ...PAID, channel: 'bank' })),
      commit(change('refunds', { ...REFUND, state: 'succeeded' })),
    ],
    { 'payouts-agree': 'the bank paid nothing, not 60 fen' },
  ],
  [
    'a payment out that nobody asked for',
    [moved('refund', { channel: 'bank', out_refund_no: 'r7', amount: 5 })],
    { 'payouts-agree': 'the bank was let pay r7' },
  ],
];

/** Lets every invariant look at it, and again at the end. */
function judge(seen: readonly Observation[]): Map<string, string> {
  const books = new Mirror();
  const ledger: LedgerEntry[] = [];
  const view = { books, ledger: () => ledger, merchants: [], secrets: ['the-secret-of-the-world'], now_ms: () => 0 };
  const judges = INVARIANTS.map((invariant) => ({ invariant, judge: invariant.judge(view) }));
  const broken = new Map<string, string>();
  for (const observation of seen) {
    if (observation.kind === 'commit') books.apply(observation.changes);
    if (observation.kind === 'ledger') ledger.push(observation.entry);
    for (const { invariant, judge: one } of judges)
      for (const { sentence } of one.watch?.(observation) ?? [])
        broken.set(invariant.name, `${broken.get(invariant.name) ?? ''}${sentence}\n`);
  }
  for (const { invariant, judge: one } of judges)
    for (const { sentence } of one.atRest?.() ?? [])
      broken.set(invariant.name, `${broken.get(invariant.name) ?? ''}${sentence}\n`);
  return broken;
}

describe('the invariants of the simulation', () => {
  it('have nothing to say about an order that is placed, paid and told', () => {
    expect(judge(GOOD)).toEqual(new Map());
  });

  it('do not call a reverse forgotten that was carried out before a late payment was taken', () => {
    const reversed = { ...ORDER, state: 'reversed' };
    const seen = [
      ...GOOD.slice(0, 1),
      answered('/v2/pay/reverse', 601, {}, { mch_trade_id: 'n1' }),
      commit(change('orders', reversed, ORDER), event('reversed', 2)),
      commit(change('orders', PAID, reversed), event('late_payment_accepted', 3)),
    ];
    expect(judge(seen).has('wanted-ends')).toBe(false);
  });

  it.each(CASES)('see %s', (_what, seen, expected) => {
    const broken = judge(seen);
    for (const [name, words] of Object.entries(expected))
      expect([name, broken.get(name)]).toEqual([name, expect.stringContaining(words)]);
  });

  it('can all be broken', () => {
    const broken = new Set(CASES.flatMap(([, , expected]) => Object.keys(expected)));
    expect(INVARIANTS.map((invariant) => invariant.name).filter((name) => !broken.has(name))).toEqual([]);
  });
});
