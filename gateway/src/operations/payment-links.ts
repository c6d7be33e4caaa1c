/**
 * Links to the payment page. A link names its merchant and its preorder or order, and carries a keyed digest of both: a link that
 * nobody was given is refused before the database is asked, and looks the same as one that never was.
 *
 *   pay_order_id = merchant_id (16 digits) + preorder_id or trade_id (24 hex) + HMAC-SHA256 cut to 64 bits (16 hex)
 *
 * The number itself is 64 random bits beside its second, so that 128 bits stand between a stranger and a payment page.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Gateway } from './gateway.ts';

/** `preorder`: several tries; `order`: wechat.jsurl, the one order itself. */
export type LinkKind = 'preorder' | 'order';

export interface PaymentLink {
  readonly kind: LinkKind;
  readonly merchant_id: string;
  /** preorder_id or trade_id. */
  readonly subject_id: string;
  /** The link's own text: pay_order_id. */
  readonly pay_order_id: string;
}

const FORM = /^(\d{16})([0-9a-f]{24})([0-9a-f]{16})$/;
const KINDS: readonly LinkKind[] = ['preorder', 'order'];

/** The key of links and authorization states: derived, so that neither can be made with a key of any other use. */
export function deriveLinkKey(master_key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', master_key, Buffer.alloc(0), 'heliu payment links', 32));
}

/** A keyed digest of texts, each of which is told apart from its neighbours. */
export function keyedDigest(link_key: Buffer, purpose: string, ...texts: readonly string[]): Buffer {
  return createHmac('sha256', link_key)
    .update(JSON.stringify([purpose, ...texts]))
    .digest();
}

/** The link of a preorder or an order. */
export function linkTo(
  gateway: Pick<Gateway, 'link_key'>,
  kind: LinkKind,
  merchant_id: string,
  subject_id: string,
): PaymentLink {
  const digest = keyedDigest(gateway.link_key, `link ${kind}`, merchant_id, subject_id).toString('hex', 0, 8);
  return { kind, merchant_id, subject_id, pay_order_id: `${merchant_id}${subject_id}${digest}` };
}

/** What a pay_order_id names, or null when it is none of ours. */
export function readLink(gateway: Pick<Gateway, 'link_key'>, pay_order_id: string): PaymentLink | null {
  const [, merchant_id, subject_id] = FORM.exec(pay_order_id) ?? [];
  if (merchant_id === undefined || subject_id === undefined) return null;
  const given = Buffer.from(pay_order_id);
  const links = KINDS.map((kind) => linkTo(gateway, kind, merchant_id, subject_id));
  return links.find((link) => timingSafeEqual(Buffer.from(link.pay_order_id), given)) ?? null;
}

/** The payment page's address: what a merchant is given as pay_url. */
export function payUrl(gateway: Pick<Gateway, 'public_url'>, link: PaymentLink): string {
  return `${gateway.public_url}/preorder?pay_order_id=${link.pay_order_id}`;
}
