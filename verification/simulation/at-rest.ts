/**
 * What must hold at the end of every run, once the world has been quiet: the books of both sides agree to the fen, everything is
 * decided, and every merchant has heard each outcome under one nonce. Each check answers its violations in words.
 */
import type { Database } from '../../gateway/src/storage/database.ts';
import type { LedgerEntry } from '../../simulators/src/kernel/ledger.ts';
import type { World } from './world.ts';

interface OrderRow {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly state: string;
  readonly total_fen: number;
  readonly refunded_fen: number;
  readonly refund_reserved_fen: number;
  readonly facts: { readonly transaction_id: string } | null;
  readonly late_facts: { readonly transaction_id: string } | null;
  readonly notify_url: string | null;
  /** How often the timeline says that it was paid. */
  readonly times_paid: number;
}

interface RefundRow {
  readonly refund_id: string;
  readonly trade_id: string;
  readonly state: string;
  readonly refund_fen: number;
  readonly channel_refund_no: string;
  readonly notify_url: string | null;
}

interface NotificationRow {
  readonly notification_id: string;
  readonly merchant_id: string;
  readonly subject: string;
  readonly trade_id: string;
  readonly refund_id: string | null;
  readonly payload: string;
  readonly state: string;
}

/** The gateway's books as they stand, and the channels' ledger. */
interface Books {
  readonly orders: readonly OrderRow[];
  readonly refunds: readonly RefundRow[];
  readonly notifications: readonly NotificationRow[];
  readonly jobs: number;
  readonly ledger: readonly LedgerEntry[];
}

/**
 * Checks a world that has come to rest.
 * @returns one sentence for each violation, with the number of the order concerned; none when all is well
 */
export async function violations(world: World): Promise<string[]> {
  const books = await readBooks(world.raw_database, world.ledger.list());
  return [
    ...undecided(books),
    ...paymentsDiffer(books),
    ...refundsDiffer(books),
    ...notificationsMissing(books),
    ...heardWrong(world, books),
  ];
}

async function readBooks(database: Database, ledger: readonly LedgerEntry[]): Promise<Books> {
  const all = <Row>(name: string, text: string): Promise<Row[]> => database.query<Row>({ name, text }, []);
  const [jobs] = await all<{ count: number }>('check_jobs', 'SELECT count(*)::integer AS count FROM jobs');
  return {
    orders: await all<OrderRow>(
      'check_orders',
      `SELECT o.*, (SELECT count(*)::integer FROM order_events e
         WHERE e.trade_id = o.trade_id AND e.kind IN ('paid', 'late_payment_accepted')) AS times_paid
       FROM orders o ORDER BY o.trade_id`,
    ),
    refunds: await all<RefundRow>('check_refunds', 'SELECT * FROM refunds ORDER BY refund_id'),
    notifications: await all<NotificationRow>(
      'check_notifications',
      'SELECT * FROM notifications ORDER BY notification_id',
    ),
    jobs: jobs?.count ?? 0,
    ledger,
  };
}

/** An abnormal refund waits for a person: it alone may keep its amount reserved, and be asked about. */
function undecided({ orders, refunds, notifications, jobs }: Books): string[] {
  const abnormal = refunds.filter((refund) => refund.state === 'abnormal');
  const reserved = (trade_id: string): number =>
    sum(abnormal.filter((refund) => refund.trade_id === trade_id).map((refund) => refund.refund_fen));
  return [
    ...orders.filter((order) => order.state === 'undecided').map((order) => `order ${order.trade_id} is undecided`),
    ...orders
      .filter((order) => order.refund_reserved_fen !== reserved(order.trade_id))
      .map((order) => `order ${order.trade_id} still reserves ${order.refund_reserved_fen} fen`),
    ...refunds
      .filter((refund) => ['undecided', 'processing'].includes(refund.state))
      .map((refund) => `refund ${refund.refund_id} of ${refund.trade_id} is ${refund.state}`),
    ...notifications
      .filter((one) => one.state === 'pending')
      .map((one) => `notification ${one.notification_id} of ${one.trade_id} is pending`),
    ...(jobs === abnormal.length ? [] : [`${jobs} jobs are left, though ${abnormal.length} have something to do`]),
  ];
}

function paymentsDiffer({ orders, ledger }: Books): string[] {
  const payments = ledger.filter((entry) => entry.kind === 'payment');
  const known = new Map(orders.map((order) => [order.trade_id, order]));
  const of_nobody = payments
    .filter((payment) => !known.has(payment.out_trade_no))
    .map((payment) => `the channel took money for ${payment.out_trade_no}, which we do not know`);
  return [...of_nobody, ...orders.flatMap((order) => paymentDiffers(order, ledger))];
}

function paymentDiffers(order: OrderRow, all: readonly LedgerEntry[]): string[] {
  const entries = all.filter((entry) => entry.out_trade_no === order.trade_id);
  const of = (kind: LedgerEntry['kind']): LedgerEntry[] => entries.filter((entry) => entry.kind === kind);
  const [payments, reverses] = [of('payment'), of('reverse')];
  const recorded = order.facts ?? order.late_facts;
  const [payment] = payments;
  const who = `order ${order.trade_id} (${order.state})`;
  if (payments.length > 1) return [`${who} was paid ${payments.length} times at the channel`];
  if (!payment) {
    return recorded || order.state === 'paid' ? [`${who} counts as paid, but the channel took nothing`] : [];
  }
  const found: string[] = [];
  const kept = payment.amount - sum([...of('refund'), ...reverses].map((entry) => entry.amount));
  if (kept < 0) found.push(`${who} gave back ${-kept} fen more than were paid`);
  if (order.state !== 'paid' && kept > 0) found.push(`${who} was paid and the payer has not got ${kept} fen back`);
  if (reverses.length > 0) {
    // What the channel's own reverse of a payment code gave back need not have a number here, and is no refund.
    if (order.state !== 'reversed') found.push(`${who} was reversed at the channel`);
    if (order.refunded_fen > 0) found.push(`${who} was reversed at the channel and refunded by us`);
  } else if (!recorded) return [...found, `${who} was paid at the channel, which we do not know`];
  if (order.facts !== null && !['paid', 'reversed'].includes(order.state)) {
    found.push(`${who} and its facts contradict each other`);
  }
  if (payment.amount !== order.total_fen) found.push(`${who}: ${order.total_fen} fen here, ${payment.amount} there`);
  if (recorded && payment.transaction_id !== recorded.transaction_id) {
    found.push(`${who} carries another payment's number`);
  }
  return found;
}

function refundsDiffer({ orders, refunds, ledger }: Books): string[] {
  const paid_back = ledger.filter((entry) => entry.kind === 'refund');
  const sums = orders.flatMap((order) => {
    const there = sum(paid_back.filter((entry) => entry.out_trade_no === order.trade_id).map((entry) => entry.amount));
    const text = `order ${order.trade_id}: ${order.refunded_fen} fen refunded here, ${there} there`;
    return there === order.refunded_fen ? [] : [text];
  });
  const singles = refunds.flatMap((refund) => {
    const there = paid_back.filter((entry) => entry.out_refund_no === refund.channel_refund_no);
    const expected = refund.state === 'succeeded' ? [refund.refund_fen] : [];
    const same = JSON.stringify(there.map((entry) => entry.amount)) === JSON.stringify(expected);
    return same ? [] : [`refund ${refund.refund_id} is ${refund.state}, the channel paid back ${there.length} times`];
  });
  return [...sums, ...singles];
}

function notificationsMissing({ orders, refunds, notifications }: Books): string[] {
  const count = (trade_id: string, refund_id: string | null): number =>
    notifications.filter((one) => one.trade_id === trade_id && one.refund_id === refund_id).length;
  const of_orders = orders.flatMap((order) => {
    const found = count(order.trade_id, null);
    // A payment that was taken back later was told; one that is only taken back never is.
    const may_be = { paid: order.times_paid > 0, reversed: true }[order.state] ?? order.times_paid === 0;
    const expected = order.notify_url === null ? 0 : order.times_paid;
    return may_be && found === expected ? [] : [`order ${order.trade_id} (${order.state}) has ${found} notifications`];
  });
  const of_refunds = refunds.flatMap((refund) => {
    const expected = refund.state === 'succeeded' && refund.notify_url !== null ? 1 : 0;
    const found = count(refund.trade_id, refund.refund_id);
    return found >= expected ? [] : [`refund ${refund.refund_id} (${refund.state}) has no notification`];
  });
  return [...of_orders, ...of_refunds];
}

/** Every notification that counts as delivered was heard; whatever was heard is one of ours, byte for byte the same each time. */
function heardWrong(world: World, { notifications }: Books): string[] {
  const found: string[] = [];
  const sent = new Map(notifications.map((one) => [nonceOf(one.payload), one]));
  const tokens = new Map<string, string>();
  for (const merchant of world.merchants) {
    for (const heard of merchant.heard) {
      const first = tokens.get(heard.nonce_str) ?? heard.token;
      tokens.set(heard.nonce_str, first);
      if (first !== heard.token) found.push(`${merchant.name} heard nonce ${heard.nonce_str} with two contents`);
      if (!sent.has(heard.nonce_str)) found.push(`${merchant.name} heard ${heard.nonce_str}, which is in no outbox`);
    }
  }
  for (const [nonce, one] of sent) {
    const delivered_unheard = one.state === 'delivered' && !tokens.has(nonce);
    if (delivered_unheard) found.push(`notification ${one.notification_id} counts as delivered, nobody heard it`);
  }
  return found;
}

function nonceOf(payload: string): string {
  return String((JSON.parse(payload) as { nonce_str?: unknown }).nonce_str);
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
