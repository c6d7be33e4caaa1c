/** The shop's books: in memory and bounded, as befits a demo. A real shop has a database with a unique key on `number`. */
import { randomBytes } from 'node:crypto';
import type { Basket } from './goods.ts';
import { totalOf } from './goods.ts';
import type { Way } from './ways.ts';

export type OrderState =
  /** The gateway has not answered yet. */
  | 'placing'
  /** The payer is to act. */
  | 'waiting'
  | 'paid'
  /** Closed, refused or reversed: no money was taken, or it went back. */
  | 'not_paid'
  /** Nobody knows: it may have been paid. */
  | 'unknown';

export interface ShopRefund {
  readonly number: string;
  readonly refund_fen: number;
  /** As the API has it: 0 given back, 1 under way, 2 refused, 3 stuck; null while nobody knows. */
  status: 0 | 1 | 2 | 3 | null;
  message: string;
}

/** One thing that went over the wire, decoded. */
export interface JournalEntry {
  readonly at_ms: number;
  readonly kind: 'call' | 'notification';
  /** `POST /v2/pay` */
  readonly title: string;
  readonly outcome: 'good' | 'bad' | 'unknown';
  /** A short word for what came of it: `success`, `code 202 no_route`. */
  readonly result: string;
  readonly elapsed_ms: number | null;
  /** What went out, and what came back: claims and payloads. */
  readonly parts: readonly { readonly name: JournalPart; readonly text: string }[];
}

export type JournalPart =
  | 'request'
  | 'request_token'
  | 'answer'
  | 'answer_token'
  | 'notification'
  | 'notification_token';

export interface ShopOrder {
  /** Names the order's page; not guessable. */
  readonly id: string;
  /** `mch_trade_id`, or `mch_pre_id` of a cashier link. */
  readonly number: string;
  readonly basket: Basket;
  readonly total_fen: number;
  readonly way: Way;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  state: OrderState;
  /** The number that was paid: of a cashier link it is another one than `number`. */
  paid_number: string | null;
  /** What the payer needs: the text of a code, a link, or an account as JSON. */
  show: string | null;
  /** What the gateway or the channel said last, when it was no plain success. */
  message: string;
  readonly refunds: ShopRefund[];
  readonly journal: JournalEntry[];
}

const ORDERS_KEPT = 200;
const JOURNAL_KEPT = 40;

export class OrderBook {
  readonly #orders = new Map<string, ShopOrder>();
  readonly #watchers = new Map<string, Set<() => void>>();

  /** @param lifetime_ms how long a payer has */
  add(basket: Basket, way: Way, now_ms: number, lifetime_ms: number): ShopOrder {
    const id = randomBytes(12).toString('hex');
    const order: ShopOrder = {
      id,
      number: `shop.${id}`,
      basket,
      total_fen: totalOf(basket),
      way,
      created_at_ms: now_ms,
      expires_at_ms: now_ms + lifetime_ms,
      state: 'placing',
      paid_number: null,
      show: null,
      message: '',
      refunds: [],
      journal: [],
    };
    this.#orders.set(id, order);
    // A Map keeps the order of insertion: the first is the oldest.
    for (const oldest of this.#orders.keys()) {
      if (this.#orders.size <= ORDERS_KEPT) break;
      this.#orders.delete(oldest);
    }
    return order;
  }

  get(id: string): ShopOrder | null {
    return this.#orders.get(id) ?? null;
  }

  /** The order of a number that the gateway names: ours, or one that the cashier made of it (`<number>.1`). */
  byNumber(number: string): ShopOrder | null {
    const id = /^shop\.([0-9a-f]{24})(?:\.\d+)?$/.exec(number)?.[1];
    return id === undefined ? null : this.get(id);
  }

  /** The latest first. */
  latest(count: number): ShopOrder[] {
    return [...this.#orders.values()].slice(-count).toReversed();
  }

  note(order: ShopOrder, entry: JournalEntry): void {
    order.journal.push(entry);
    if (order.journal.length > JOURNAL_KEPT) order.journal.splice(0, order.journal.length - JOURNAL_KEPT);
    this.changed(order);
  }

  /** Tells everybody who looks at the order. */
  changed(order: ShopOrder): void {
    for (const tell of this.#watchers.get(order.id) ?? []) tell();
  }

  /** Calls back at each change until the returned function is called. */
  watch(order: ShopOrder, tell: () => void): () => void {
    const watchers = this.#watchers.get(order.id) ?? new Set();
    this.#watchers.set(order.id, watchers.add(tell));
    return () => {
      watchers.delete(tell);
      if (watchers.size === 0) this.#watchers.delete(order.id);
    };
  }
}

/** Fen that can still be given back. */
export function refundableOf(order: ShopOrder): number {
  if (order.state !== 'paid') return 0;
  const reserved = order.refunds.filter(({ status }) => status !== 2);
  return order.total_fen - reserved.reduce((sum, { refund_fen }) => sum + refund_fen, 0);
}
