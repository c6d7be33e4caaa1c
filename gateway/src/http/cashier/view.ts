/** Puts a page together: what is stored, who looks at it, and what this browser can do. */
import { createHash } from 'node:crypto';
import { toString as drawCode } from 'qrcode';
import { keyedDigest, payUrl, type PaymentLink } from '../../operations/payment-links.ts';
import { browserHash, knownPayer, type KnownPayer } from '../../operations/authorize-payer.ts';
import type { Gateway } from '../../operations/gateway.ts';
import { faceOf, type Face, type Subject } from '../../operations/payment-page.ts';
import { browserCanOpen, PAGE_PAY_TYPES, readyWallets, walletOffer, WALLETS } from '../../operations/wallet-offers.ts';
import type { Wallet } from '../../domain/wallet.ts';
import type { Part } from './document.ts';
import { faceHtml, type Offer, type Shown } from './faces.ts';
import { textsOf } from './texts.ts';
import type { Visitor } from './visitor.ts';

/** The pay type by which a link is paid inside a wallet. */
export function pagePayType(link: PaymentLink, wallet: Wallet): string {
  return link.kind === 'order' ? 'wechat.jsurl' : PAGE_PAY_TYPES[wallet];
}

/** Tells a wallet's payers apart. */
export function payerKey(gateway: Gateway, wallet: Wallet, { account_id, fields }: KnownPayer): string {
  const named = Object.keys(fields)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${name}=${fields[name]}`);
  return keyedDigest(gateway.link_key, 'payer', wallet, account_id, ...named).toString('base64url');
}

/** Tells browsers apart that belong to no wallet. */
export function browserKey(gateway: Gateway, cookie: string): string {
  return keyedDigest(gateway.link_key, 'payer', 'browser', cookie).toString('base64url');
}

/** Who the visitor may be. */
async function payerKeys(gateway: Gateway, link: PaymentLink, { wallet, cookie }: Visitor): Promise<string[]> {
  if (cookie === null) return [];
  if (wallet === null) return [browserKey(gateway, cookie)];
  const known = await knownPayer(gateway, { link, wallet, browser_hash: browserHash(gateway, cookie) });
  return known ? [payerKey(gateway, wallet, known)] : [];
}

export interface View {
  readonly face: Face;
  /** Changes when the page would look different. */
  readonly digest: string;
}

/** What a visitor would see, without drawing it. */
export async function viewOf(gateway: Gateway, subject: Subject, visitor: Visitor): Promise<View> {
  const keys = await payerKeys(gateway, subject.link, visitor);
  const face = faceOf(subject, keys, gateway.ports.clock.now_ms());
  const seen = JSON.stringify([
    face.kind,
    'order' in face ? [face.order.trade_id, face.order.state] : null,
    'own' in face && face.own,
    'somebody_pays' in face && face.somebody_pays,
    'reply' in face,
  ]);
  return { face, digest: createHash('sha256').update(seen).digest('hex').slice(0, 16) };
}

/** After these nothing changes by itself any more. */
const FINAL: ReadonlySet<Face['kind']> = new Set<Face['kind']>([
  'paid',
  'given_back',
  'paid_twice',
  'closed',
  'expired',
  'exhausted',
  'suspended',
]);

/** Draws the page. */
export async function pageOf(gateway: Gateway, subject: Subject, visitor: Visitor): Promise<Part> {
  const { link } = subject;
  const { face, digest } = await viewOf(gateway, subject, visitor);
  const page_url = `/preorder?pay_order_id=${link.pay_order_id}`;
  const ask_url = `${page_url}&ask=1`;
  const offer = await offerTo(gateway, subject, visitor);
  const open_url = face.kind === 'paying' ? openUrl(gateway, subject, face) : null;
  const shown: Shown = {
    subject,
    face,
    offer,
    code: face.kind !== 'open' || offer.kind === 'pay' ? '' : await codeOf(payUrl(gateway, link)),
    ask_url,
    texts: textsOf(visitor.language),
    language: visitor.language,
    open_url,
  };
  const invoke = face.kind === 'paying' && visitor.wallet ? face.reply['pay_info'] : undefined;
  const waits = !FINAL.has(face.kind);
  return {
    status: 200,
    content: faceHtml(shown),
    wide: face.kind === 'open' && offer.kind === 'browser',
    data: {
      page: page_url,
      digest,
      ...(waits && { state: `/preorder/state?pay_order_id=${link.pay_order_id}` }),
      ...(visitor.wallet && { wallet: visitor.wallet }),
      ...(invoke !== undefined && { invoke }),
      ...(open_url !== null && { open: open_url }),
    },
    refresh: waits && face.kind !== 'refused' ? { url: ask_url, after_s: face.kind === 'open' ? 15 : 5 } : null,
    form_origins: await formOrigins(gateway, subject, visitor),
  };
}

/** Browsers hold a form to its policy through every redirect: the wallet's authorization page is one. */
async function formOrigins(gateway: Gateway, { link, merchant }: Subject, { wallet }: Visitor): Promise<string[]> {
  if (wallet === null) return [];
  const ready = await readyWallets(gateway, merchant, pagePayType(link, wallet));
  return ready.map(({ authorization }) => new URL(authorization.authorizeUrl('', '')).origin);
}

async function offerTo(gateway: Gateway, subject: Subject, { wallet, is_phone }: Visitor): Promise<Offer> {
  const { merchant, link, locked_to } = subject;
  const possible = WALLETS.filter((one) => locked_to === null || locked_to === one);
  if (wallet && !possible.includes(wallet)) return { kind: 'other_wallet', wallet, others: possible };
  if (wallet) {
    const { kind } = await walletOffer(gateway, merchant, pagePayType(link, wallet));
    if (kind === 'ready') return { kind: 'pay', wallet };
    const others = possible.filter((one) => one !== wallet);
    return { kind, wallet, others: await scannable(gateway, subject, others) };
  }
  const opening = is_phone && link.kind === 'preorder' ? possible : [];
  const opens = await Promise.all(opening.map((one) => browserCanOpen(gateway, merchant, one)));
  return {
    kind: 'browser',
    opens: opening.filter((_one, at) => opens[at]),
    scans: await scannable(gateway, subject, possible),
  };
}

/** Wallets that can pay the link when they have scanned it. */
async function scannable(gateway: Gateway, subject: Subject, wallets: readonly Wallet[]): Promise<Wallet[]> {
  const offers = await Promise.all(
    wallets.map((one) => walletOffer(gateway, subject.merchant, pagePayType(subject.link, one))),
  );
  return wallets.filter((_one, at) => offers[at]?.kind === 'ready');
}

/** mweb_url of WeChat Pay opens for five minutes; a minute before that the button places a new try instead. */
const LINK_LIVES_MS = 4 * 60_000;

/** Where a phone's browser finds the wallet; it comes back to the page, which then asks. */
function openUrl(
  gateway: Gateway,
  { link }: Subject,
  { order, reply }: Extract<Face, { kind: 'paying' }>,
): string | null {
  const mweb_url = reply['mweb_url'];
  if (mweb_url === undefined) return null;
  if (order.channel !== 'wechat') return mweb_url;
  if (gateway.ports.clock.now_ms() - order.created_at_ms > LINK_LIVES_MS) return null;
  return `${mweb_url}&redirect_url=${encodeURIComponent(`${payUrl(gateway, link)}&ask=1`)}`;
}

/** A QR code of the page's own address: any wallet that scans it opens this very page. */
function codeOf(url: string): Promise<string> {
  return drawCode(url, { type: 'svg', errorCorrectionLevel: 'M', margin: 1 });
}
