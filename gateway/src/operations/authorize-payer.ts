/**
 * Finds out who is paying inside a wallet (channels: WeChat Pay 网页授权 snsapi_base, Alipay 用户授权 auth_base).
 *
 * The state that goes through the wallet is made for one link, one wallet, one account and one browser (its cookie), lives ten
 * minutes, and is spent by the first code that comes with it. WeChat may come back twice with the same code: whoever is second
 * gets what the first one brought, without a second exchange.
 *
 *   state = nonce (32 hex) + last second (8 hex) + HMAC-SHA256 cut to 128 bits (32 hex)
 *
 * Hex only: WeChat Pay takes a-zA-Z0-9, at most 128; Alipay base64 characters, at most 100.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Wallet } from '../domain/wallet.ts';
import type { PayerAuthorization as Known } from '../storage/payer-authorizations.ts';
import type { Gateway } from './gateway.ts';
import { keyedDigest, type PaymentLink } from './payment-links.ts';
import type { ReadyWallet } from './wallet-offers.ts';

const STATE_LIFETIME_S = 600;
const STATE = /^([0-9a-f]{32})([0-9a-f]{8})([0-9a-f]{32})$/;
const CODE = /^[A-Za-z0-9_-]{1,256}$/;

/** A payer who is known in a browser at a link. */
export interface KnownPayer {
  readonly account_id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** One payer at one link, as their browser shows it: the cookie's digest, never the cookie. */
export interface Visit {
  readonly link: PaymentLink;
  readonly wallet: Wallet;
  readonly browser_hash: string;
}

/** What is stored of a browser's cookie. */
export function browserHash(gateway: Pick<Gateway, 'link_key'>, cookie: string): string {
  return keyedDigest(gateway.link_key, 'browser', cookie).toString('base64url');
}

/** Where the browser is sent to say who is paying. */
export function beginAuthorization(
  gateway: Gateway,
  visit: Visit,
  { route, authorization }: ReadyWallet,
  return_url: string,
): string {
  const nonce = gateway.ports.random.bytes(16).toString('hex');
  const last_s = Math.floor(gateway.ports.clock.now_ms() / 1000) + STATE_LIFETIME_S;
  const end = last_s.toString(16).padStart(8, '0');
  return authorization.authorizeUrl(
    return_url,
    nonce + end + stateDigest(gateway, visit, route.account_id, nonce, end).toString('hex'),
  );
}

function stateDigest(gateway: Gateway, visit: Visit, account_id: string, nonce: string, end: string): Buffer {
  const { link, wallet, browser_hash } = visit;
  const texts = [link.pay_order_id, wallet, account_id, browser_hash, nonce, end];
  return keyedDigest(gateway.link_key, 'authorization', ...texts).subarray(0, 16);
}

export type Authorized =
  | { readonly kind: 'known'; readonly payer: KnownPayer }
  /** Not our state, too old, of another browser, or spent by another code. */
  | { readonly kind: 'bad_state' }
  /** The wallet does not say who it is: to be begun anew. */
  | { readonly kind: 'not_told' };

/**
 * Takes what came back from the wallet.
 * @param ready the accounts through which the payer may have been sent there
 */
export async function finishAuthorization(
  gateway: Gateway,
  visit: Visit,
  ready: readonly ReadyWallet[],
  state: string,
  query: Readonly<Record<string, unknown>>,
): Promise<Authorized> {
  const [, nonce, end, digest] = STATE.exec(state) ?? [];
  if (nonce === undefined || end === undefined || digest === undefined) return { kind: 'bad_state' };
  const given = Buffer.from(digest, 'hex');
  const sent = ready.find(({ route }) =>
    timingSafeEqual(stateDigest(gateway, visit, route.account_id, nonce, end), given),
  );
  const now_ms = gateway.ports.clock.now_ms();
  if (!sent || now_ms / 1000 > Number.parseInt(end, 16)) return { kind: 'bad_state' };
  const code = query[sent.authorization.code_parameter];
  if (typeof code !== 'string' || !CODE.test(code)) return { kind: 'not_told' };
  const spent = {
    merchant_id: visit.link.merchant_id,
    subject_id: visit.link.subject_id,
    state_nonce: nonce,
    browser_hash: visit.browser_hash,
    wallet: visit.wallet,
    account_id: sent.route.account_id,
    code_hash: createHash('sha256').update(code).digest('base64url'),
    created_at_ms: now_ms,
  };
  if (!(await gateway.store.payer_authorizations.spend(spent))) return secondVisit(gateway, spent);
  return exchange(gateway, sent, spent, code);
}

type Spent = Omit<Known, 'payer_fields'>;

async function exchange(gateway: Gateway, sent: ReadyWallet, spent: Spent, code: string): Promise<Authorized> {
  const report = await sent.authorization.exchange(code);
  gateway.metrics.channel_calls.inc({ channel: spent.wallet, operation: 'authorize', outcome: report.outcome });
  if (report.outcome !== 'known') {
    const reason = report.outcome === 'refused' ? report.code : report.reason;
    gateway.log.warn({ account_id: spent.account_id, reason }, 'a wallet did not tell who is paying');
    return { kind: 'not_told' };
  }
  await gateway.store.payer_authorizations.known(spent, report.fields);
  return { kind: 'known', payer: { account_id: spent.account_id, fields: report.fields } };
}

const FIRST_LOOK_MS = 50;
const PATIENCE_MS = 5_000;

/** The same code once more: the first visit is still exchanging it, or has. Any other code finds the state spent. */
async function secondVisit(gateway: Gateway, spent: Spent): Promise<Authorized> {
  const { clock } = gateway.ports;
  const started_ms = clock.now_ms();
  for (let pause_ms = FIRST_LOOK_MS; ; pause_ms *= 2) {
    const first = await gateway.store.payer_authorizations.byState(
      spent.merchant_id,
      spent.subject_id,
      spent.state_nonce,
    );
    if (!first || first.code_hash !== spent.code_hash) return { kind: 'bad_state' };
    if (first.payer_fields)
      return { kind: 'known', payer: { account_id: first.account_id, fields: first.payer_fields } };
    if (clock.now_ms() - started_ms > PATIENCE_MS) return { kind: 'not_told' };
    await new Promise<void>((resolve) => void clock.setTimer(pause_ms, resolve));
  }
}

/** How long a payer stays known in a browser. */
const KNOWN_FOR_MS = 24 * 3_600_000;

/** The payer that this browser was found to be at this link; null: nobody knows yet. */
export async function knownPayer(gateway: Gateway, { link, wallet, browser_hash }: Visit): Promise<KnownPayer | null> {
  const { payer_authorizations } = gateway.store;
  const known = await payer_authorizations.ofBrowser(link.merchant_id, link.subject_id, browser_hash, wallet);
  if (!known?.payer_fields || gateway.ports.clock.now_ms() - known.created_at_ms > KNOWN_FOR_MS) return null;
  return { account_id: known.account_id, fields: known.payer_fields };
}
