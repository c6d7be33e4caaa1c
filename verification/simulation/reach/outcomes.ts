/**
 * The rows of docs/outcomes.md under "Outcomes that need nobody", and how each is recognised. A test proves that the document has
 * these rows and no others.
 */
import { changeOf } from '../mirror.ts';
import type { Observation } from '../observation.ts';
import { channelDid, either, heard, told, type Look, type Row, type Sign, type Told } from './recognise.ts';

const isCode = ({ order }: Told): boolean => order.pay_type === 'common.micro';
const isNoCode = (one: Told): boolean => !isCode(one);

/** Those of one section. */
function section(name: string, rows: Readonly<Record<string, Sign>>): Row[] {
  return Object.entries(rows).map(([row, sign]) => ({ section: name, row, sign }));
}

/** An answer to an order, and while it was waited for. */
interface Answered {
  readonly asked_at_ms: number;
  readonly at_ms: number;
  readonly trade_id: string;
}

const answers = new WeakMap<Look, Answered[]>();

/** Two requests for one order were under way at once, and the second was answered as the first, or told to come again. */
const answeredTogether: Sign = (observation, look) => {
  if (observation.kind !== 'answered' || observation.path !== '/v2/pay') return false;
  const { asked_at_ms, result } = observation;
  if (result.kind !== 'answered') return false;
  if (result.code === 601) return /it is being placed|another request is placing/.test(result.msg);
  const trade_id = result.data['trade_id'];
  if (result.code !== 0 || typeof trade_id !== 'string') return false;
  const known = answers.get(look) ?? [];
  answers.set(look, [...known, { asked_at_ms, at_ms: look.now_ms(), trade_id }]);
  return known.some((one) => one.trade_id === trade_id && one.at_ms > asked_at_ms);
};

const PLACING: readonly Row[] = section('Placing an order', {
  "the channel's answer to an order is lost (601)": told(
    ['unknown'],
    (one) => one.event.source === 'pay' && isNoCode(one),
  ),
  'the channel could not be reached at all (600 `NOT_SENT`)': heard('/v2/pay', 600, ({ msg }) =>
    msg.startsWith('NOT_SENT'),
  ),
  'the channel refuses an order (600)': told(['declined']),
  'an account is refused for what it is (signature, permission, unknown number, and at WeChat Pay APIv3 and Alipay too many requests), cannot be reached, or its request cannot be built':
    told(['rerouted']),
  'ten calls of an account in a row bring no verdict': either(
    told(['rerouted', 'not_placed'], ({ event }) => event.detail['reason'] === 'circuit_open'),
    heard('/v2/pay', 600, ({ msg }) => msg.includes('circuit_open')),
  ),
  'the same order comes again while the first call is under way': answeredTogether,
  'an order is closed or reversed while it is being placed': heard('/v2/pay', 302),
});

/** The order of which a channel has just said that it is paid: by a callback, or by an answer that its till hears at last. */
function reportedPaid(observation: Observation, { books }: Look): string | null {
  if (observation.kind === 'called_back')
    return observation.event.includes('SUCCESS') ? observation.out_trade_no : null;
  if (observation.kind !== 'answered' || observation.path !== '/v2/pay') return null;
  const { result, merchant_id, fields } = observation;
  if (result.kind !== 'answered' || result.code !== 302) return null;
  return books.orderByNumber(merchant_id, String(fields['mch_trade_id']))?.trade_id ?? null;
}

const CODES: readonly Row[] = section('Payment codes (`common.micro`)', {
  'the payer has to type a password': heard(
    '/v2/pay',
    0,
    ({ fields, result }) =>
      fields['pay_type'] === 'common.micro' && result.kind === 'answered' && result.data['trade_state'] === 6,
  ),
  'the answer is lost (601)': told(['unknown'], (one) => one.event.source === 'pay' && isCode(one)),
  'the channel says that the payment failed (cancelled, refused by the bank)': told(
    ['reverse_wanted'],
    (one) => one.event.source === 'expiry' && isCode(one) && one.look.now_ms() < one.order.expires_at_ms - 5_000,
  ),
  'nobody decides until the time is up': told(
    ['reverse_wanted'],
    (one) => one.event.source === 'expiry' && isCode(one) && one.look.now_ms() >= one.order.expires_at_ms - 5_000,
  ),
  'the channel does not know the order': told(
    ['reversed'],
    (one) => isCode(one) && one.event.source === 'reverse' && !channelDid(one.look, one.order.trade_id, 'order'),
  ),
  'a close is asked for': heard('/v2/pay/close', 302, ({ msg }) => msg.includes('payment code')),
  'a reverse finds it paid, or the money was taken without our knowing': (observation) =>
    observation.kind === 'ledger' && observation.entry.kind === 'reverse',
  '"paid" is heard of an order that the channel has reversed: an answer or a callback that was late on its way': (
    observation,
    look,
  ) => {
    const number = reportedPaid(observation, look);
    const order = number === null ? undefined : look.books.order(number);
    return (
      order?.pay_type === 'common.micro' && order.state === 'reversed' && channelDid(look, order.trade_id, 'reverse')
    );
  },
});

const isEnding = ({ event }: Told): boolean => event.source === 'close' || event.source === 'reverse';
const isUnknownThere = ({ order, look }: Told): boolean => !channelDid(look, order.trade_id, 'order');
/** Alipay knows nothing of such an order before somebody has opened it. */
const UNOPENED: ReadonlySet<string> = new Set(['alipay.scan', 'alipay.app', 'alipay.wap']);

const ENDING: readonly Row[] = section('Closing and reversing', {
  'nobody pays until the time is up': told(['closed'], ({ event }) => event.source === 'expiry'),
  'the answer to a close or reverse is lost (601)': either(heard('/v2/pay/close', 601), heard('/v2/pay/reverse', 601)),
  'the channel refuses to close or reverse (600)': told(['close_refused', 'reverse_refused']),
  'a QR code, link or order string of Alipay that nobody had opened is closed before its time': told(
    ['closed', 'reversed'],
    (one) => isEnding(one) && isUnknownThere(one) && UNOPENED.has(one.order.pay_type),
  ),
  'closing meets "already paid"': told(['paid'], ({ event }) => event.source === 'close'),
  'a close and a reverse are both asked for': told(['reverse_wanted'], ({ order, look }) =>
    look.books.eventsOf(order.trade_id).some((event) => event.kind === 'close_wanted'),
  ),
  'the channel does not know an order that is to end': told(
    ['closed', 'reversed'],
    (one) => isEnding(one) && isUnknownThere(one) && isNoCode(one) && !UNOPENED.has(one.order.pay_type),
  ),
  'a merchant reverses an order that turns out to be paid': (observation) => {
    if (observation.kind !== 'commit') return false;
    return observation.changes.some((change) => {
      const { before, after } = changeOf(change, 'orders') ?? {};
      const turned = before?.state === 'undecided' && after?.state === 'reversed' && after.facts !== null;
      return turned && after.pay_type !== 'common.micro';
    });
  },
  'a merchant reverses a paid order, within 7 days and before any refund': (observation) =>
    observation.kind === 'commit' &&
    observation.changes.some((change) => {
      const { before, after } = changeOf(change, 'orders') ?? {};
      return before?.state === 'paid' && after?.state === 'reversed';
    }),
});

const PAYMENTS: readonly Row[] = section('Payments', {
  'the callback never comes': told(['paid'], ({ event }) => event.source === 'resolver' || event.source === 'expiry'),
  'the callback comes twice, or after the query found the payment': (observation, { books }) => {
    if (observation.kind !== 'called_back' || !observation.accepted) return false;
    if (!/^T.*SUCCESS$/.test(observation.event)) return false;
    const paid = books.eventsOf(observation.out_trade_no).find((event) => event.kind === 'paid');
    return paid !== undefined && paid.source !== 'callback';
  },
  'a callback is forged or damaged': (observation) =>
    observation.kind === 'stranger' && /^callback .* refused$/.test(observation.what),
  'a payment arrives for an order that is closed, reversed or failed': told(['late_payment', 'late_payment_accepted']),
  'a preorder is paid a second time, through a try that had been closed or in a race': told([
    'second_payment_of_preorder',
  ]),
});

const REFUNDS: readonly Row[] = section('Refunds', {
  'the answer to a refund is lost, or it could not be sent (601)': told(['refund_unknown']),
  'a refund is refused (600) or closed at the channel': told(['refund_refused', 'refund_closed']),
  "not enough money in the merchant's account for a refund (WeChat Pay `NOT_ENOUGH`, Alipay `ACQ.SELLER_BALANCE_NOT_ENOUGH`)":
    told(['refund_processing', 'refund_refused'], ({ event }) => JSON.stringify(event.detail).includes('NOT_ENOUGH')),
});

const AROUND: readonly Row[] = section('Around it', {
  "the merchant's server does not answer `success`": (observation) =>
    observation.kind === 'commit' &&
    observation.changes.some((change) => {
      const { before, after } = changeOf(change, 'notifications') ?? {};
      return after?.state === 'pending' && after.attempts > (before?.attempts ?? 0);
    }),
  'a node is killed in the middle of anything': (observation, { books }) =>
    observation.kind === 'blow' && observation.what === 'crash' && books.all('jobs').length > 0,
  'a node is stopped while a channel does not answer': (observation) =>
    observation.kind === 'stops' && observation.waits_for_channels > 0,
  'the database is away': (observation) =>
    observation.kind === 'answered' &&
    observation.result.kind === 'answered' &&
    observation.result.code === 503 &&
    observation.result.msg.includes('database'),
  'WeChat Pay changes its platform certificate': (observation) =>
    observation.kind === 'exchanged' && observation.target === '/v3/certificates' && observation.status === 200,
});

/** How each row is recognised. */
export const OUTCOMES: readonly Row[] = [...PLACING, ...CODES, ...ENDING, ...PAYMENTS, ...REFUNDS, ...AROUND];

/** Rows that no world here can reach, and which test does. */
export const OUTCOMES_NOT_HERE: readonly { readonly section: string; readonly row: string; readonly test: string }[] = [
  {
    section: 'Placing an order',
    row: 'WeChat Pay APIv2 says `FREQUENCY_LIMITED` to an order',
    test: 'gateway/test/channels/wechat-v2/begin.test.ts',
  },
];
