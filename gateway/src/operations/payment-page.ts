/**
 * What the payment page shows: read from what is stored, never from what a wallet told the page. The table of faces is
 * docs/cashier.md; each row is one return below, in its order.
 */
import { ApiError } from '../domain/codes.ts';
import type { Fen } from '../domain/money.ts';
import type { Order } from '../domain/order.ts';
import { MAX_TRIES, MIN_TRY_LIFETIME_MS } from '../domain/preorder.ts';
import type { Wallet } from '../domain/wallet.ts';
import type { MerchantEntry } from './directory.ts';
import type { Gateway } from './gateway.ts';
import type { PaymentLink } from './payment-links.ts';
import { freshStanding, standingOf } from './query-preorder.ts';
import { freshOrder } from './query.ts';

/** What is paid by a link, whichever kind it is. */
export interface Subject {
  readonly link: PaymentLink;
  readonly merchant: MerchantEntry;
  readonly body: string;
  readonly total_fen: Fen;
  readonly expires_at_ms: number;
  /** A link that works inside one wallet only (wechat.jsurl). */
  readonly locked_to: Wallet | null;
  readonly closed: boolean;
  /** The latest try, or the order itself. */
  readonly current: Order | null;
  /** The one success. */
  readonly paid: Order | null;
  readonly exhausted: boolean;
}

export type Face =
  | { readonly kind: 'paid'; readonly order: Order; readonly own: boolean }
  /** This payer's own payment came second and goes back. */
  | { readonly kind: 'paid_twice'; readonly order: Order }
  /** Paid, and the money has gone back. */
  | { readonly kind: 'given_back'; readonly order: Order }
  | { readonly kind: 'closed' | 'expired' | 'exhausted' | 'suspended' }
  /** The order belongs to another payer (wechat.jsurl). */
  | { readonly kind: 'taken' }
  /** This payer's try waits in the wallet. */
  | { readonly kind: 'paying'; readonly order: Order; readonly reply: Readonly<Record<string, string>> }
  /** The wallet's answer to this payer's try is not known. */
  | { readonly kind: 'checking'; readonly order: Order }
  /** The wallet could not be reached: nothing was placed. */
  | { readonly kind: 'unreachable'; readonly order: Order }
  /** A try is being ended before the next one. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'refused'; readonly order: Order }
  | { readonly kind: 'open'; readonly somebody_pays: boolean };

/** Reads what a link is about. @param ask whether the channel is asked about an undecided try. Null: there is no such link. */
export async function readSubject(gateway: Gateway, link: PaymentLink, ask: boolean): Promise<Subject | null> {
  const merchant = await gateway.directory.merchant(link.merchant_id);
  if (!merchant) return null;
  return link.kind === 'preorder' ? ofPreorder(gateway, link, merchant, ask) : ofOrder(gateway, link, merchant, ask);
}

async function ofPreorder(
  gateway: Gateway,
  link: PaymentLink,
  merchant: MerchantEntry,
  ask: boolean,
): Promise<Subject | null> {
  const found = await gateway.store.preorders.byId(link.merchant_id, link.subject_id);
  if (!found) return null;
  const { preorder, current, paid } = await (ask
    ? asking(
        () => freshStanding(gateway, found),
        () => standingOf(gateway, found),
      )
    : standingOf(gateway, found));
  return {
    link,
    merchant,
    body: String(preorder.request['body'] ?? ''),
    total_fen: preorder.total_fen,
    expires_at_ms: preorder.expires_at_ms,
    locked_to: null,
    closed: preorder.state === 'closed',
    current,
    paid: preorder.state === 'paid' ? paid : null,
    exhausted: preorder.tries >= MAX_TRIES,
  };
}

async function ofOrder(
  gateway: Gateway,
  link: PaymentLink,
  merchant: MerchantEntry,
  ask: boolean,
): Promise<Subject | null> {
  const found = await gateway.store.orders.byTradeId(link.merchant_id, link.subject_id);
  if (!found) return null;
  const placed = found.placement !== 'never';
  const order =
    ask && placed
      ? await asking(
          () => freshOrder(gateway, found),
          async () => found,
        )
      : found;
  const expires_at_ms = confirmableUntil(order);
  const time_up = gateway.ports.clock.now_ms() >= expires_at_ms;
  return {
    link,
    merchant,
    body: String(order.request['body'] ?? ''),
    total_fen: order.total_fen,
    expires_at_ms,
    locked_to: 'wechat',
    closed: order.ending !== null || (order.state !== 'undecided' && order.state !== 'paid' && !time_up),
    current: order,
    paid: order.facts === null ? null : order,
    exhausted: false,
  };
}

/** A payment link's order that is not placed yet has to be while its channel still takes it: a minute before its time is up. */
export function confirmableUntil(order: Order): number {
  return order.placement === 'never' ? order.expires_at_ms - MIN_TRY_LIFETIME_MS : order.expires_at_ms;
}

/** An account that cannot be used just now leaves what is known. */
async function asking<Value>(ask: () => Promise<Value>, known: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && error.code_name === 'channel_misconfigured') return known();
    throw error;
  }
}

/**
 * The face of the page for one visitor.
 * @param payer_keys who the visitor may be: the payer of their wallet, and their browser
 */
export function faceOf(subject: Subject, payer_keys: readonly string[], at_ms: number): Face {
  const { current, paid, merchant } = subject;
  const is_own = (order: Order): boolean => order.payer_key !== null && payer_keys.includes(order.payer_key);
  if (current && current !== paid && is_own(current) && current.late_facts)
    return { kind: 'paid_twice', order: current };
  if (paid) return paid.state === 'paid' ? paidFace(paid, is_own(paid)) : { kind: 'given_back', order: paid };
  const undecided = current?.state === 'undecided' ? current : null;
  if (undecided && is_own(undecided) && undecided.ending === null) return ownTry(undecided);
  if (subject.closed) return refusedLast(subject, is_own) ?? { kind: 'closed' };
  if (at_ms >= subject.expires_at_ms) return undecided && current?.ending ? { kind: 'busy' } : { kind: 'expired' };
  if (merchant.merchant.status !== 'active' || merchant.platform_suspended) return { kind: 'suspended' };
  if (undecided && subject.link.kind === 'order' && undecided.placement !== 'never') return { kind: 'taken' };
  if (undecided?.ending) return { kind: 'busy' };
  const refused = refusedLast(subject, is_own);
  if (refused) return refused;
  if (subject.exhausted && !undecided) return { kind: 'exhausted' };
  return { kind: 'open', somebody_pays: undecided !== null && undecided.placement !== 'never' };
}

function paidFace(order: Order, own: boolean): Face {
  const gone = order.refunded_fen + order.refund_reserved_fen >= order.total_fen;
  return gone ? { kind: 'given_back', order } : { kind: 'paid', order, own };
}

function refusedLast({ current }: Subject, is_own: (order: Order) => boolean): Face | null {
  return current?.state === 'failed' && is_own(current) ? { kind: 'refused', order: current } : null;
}

function ownTry(order: Order): Face {
  if (order.reply) return { kind: 'paying', order, reply: order.reply };
  return order.placement === 'never' ? { kind: 'unreachable', order } : { kind: 'checking', order };
}
