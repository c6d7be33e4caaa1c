/** What happens when a payer confirms, and when they come back from the wallet's authorization page. */
import {
  beginAuthorization,
  browserHash,
  finishAuthorization,
  knownPayer,
  type KnownPayer,
} from '../../operations/authorize-payer.ts';
import { candidateRoutes } from '../../operations/choose-route.ts';
import type { Gateway } from '../../operations/gateway.ts';
import { payLinkOrder } from '../../operations/pay-link-order.ts';
import { payPreorder, type Payer } from '../../operations/pay-preorder.ts';
import { payUrl, type PaymentLink } from '../../operations/payment-links.ts';
import { readSubject, type Subject } from '../../operations/payment-page.ts';
import {
  BROWSER_PAY_TYPES,
  payTypeOf,
  readyWallets,
  WALLETS,
  type ReadyWallet,
} from '../../operations/wallet-offers.ts';
import { firstCharacters } from '../../channels/text.ts';
import { ApiError } from '../../domain/codes.ts';
import type { Wallet } from '../../domain/wallet.ts';
import { browserKey, pagePayType, payerKey } from './view.ts';
import { newCookie, type Visitor } from './visitor.ts';

/** Where the browser goes next. */
export type Next =
  | { readonly kind: 'page' }
  /** To the page, which opens the wallet. */
  | { readonly kind: 'wallet' }
  /** To the wallet's authorization page. */
  | { readonly kind: 'authorize'; readonly url: string; readonly cookie: string | null }
  | { readonly kind: 'not_told' };

/**
 * The payer has confirmed.
 * @param chosen the wallet of the button; inside a wallet it is that one whatever the button says
 */
export async function confirm(gateway: Gateway, link: PaymentLink, visitor: Visitor, chosen: string): Promise<Next> {
  const subject = await payable(gateway, link);
  if (!subject) return { kind: 'page' };
  if (visitor.wallet === null) return confirmInBrowser(gateway, subject, visitor, chosen);
  const { wallet } = visitor;
  if (subject.locked_to !== null && subject.locked_to !== wallet) return { kind: 'page' };
  const ready = await readyWallets(gateway, subject.merchant, pagePayType(link, wallet));
  const [first] = ready;
  if (!first) return { kind: 'page' };
  const cookie = visitor.cookie ?? newCookie(gateway.ports.random);
  const visit = { link, wallet, browser_hash: browserHash(gateway, cookie) };
  const known = visitor.cookie === null ? null : await knownPayer(gateway, visit);
  if (known && (await payInWallet(gateway, subject, visitor, wallet, ready, known))) return { kind: 'wallet' };
  const return_url = `${gateway.public_url}/preorder/${wallet}?pay_order_id=${link.pay_order_id}`;
  const url = beginAuthorization(gateway, visit, first, return_url);
  return { kind: 'authorize', url, cookie: visitor.cookie === null ? cookie : null };
}

/** The wallet has sent the payer back: they confirmed before they went there, so that the payment goes on at once. */
export async function comeBack(
  gateway: Gateway,
  link: PaymentLink,
  visitor: Visitor,
  wallet: Wallet,
  query: Readonly<Record<string, unknown>>,
): Promise<Next> {
  const subject = await payable(gateway, link);
  if (!subject || (subject.locked_to !== null && subject.locked_to !== wallet)) return { kind: 'page' };
  if (visitor.cookie === null) return { kind: 'not_told' };
  const visit = { link, wallet, browser_hash: browserHash(gateway, visitor.cookie) };
  const ready = await readyWallets(gateway, subject.merchant, pagePayType(link, wallet));
  const state = typeof query['state'] === 'string' ? query['state'] : '';
  const finished = await finishAuthorization(gateway, visit, ready, state, query);
  if (finished.kind !== 'known') return { kind: 'not_told' };
  const paid = await payInWallet(gateway, subject, visitor, wallet, ready, finished.payer);
  return { kind: paid ? 'wallet' : 'page' };
}

/** Null when nothing may be begun: no such link, or a merchant who may not trade. The page says which. */
async function payable(gateway: Gateway, link: PaymentLink): Promise<Subject | null> {
  const subject = await readSubject(gateway, link, false);
  if (!subject) return null;
  const { merchant, platform_suspended } = subject.merchant;
  return merchant.status === 'active' && !platform_suspended ? subject : null;
}

/** False when the account by which the payer is known is not in use any more: they have to be asked for anew. */
async function payInWallet(
  gateway: Gateway,
  { link }: Subject,
  { address }: Visitor,
  wallet: Wallet,
  ready: readonly ReadyWallet[],
  known: KnownPayer,
): Promise<boolean> {
  const own = ready.find(({ route }) => route.account_id === known.account_id);
  const pay_type = payTypeOf(pagePayType(link, wallet));
  if (!own || !pay_type) return false;
  const payer_key = payerKey(gateway, wallet, known);
  await place(gateway, link, { pay_type, payer_key, fields: known.fields, address, routes: [own.route] });
  return true;
}

async function confirmInBrowser(gateway: Gateway, subject: Subject, visitor: Visitor, chosen: string): Promise<Next> {
  const wallet = WALLETS.find((one) => one === chosen);
  const pay_type = wallet && payTypeOf(BROWSER_PAY_TYPES[wallet]);
  const { link, merchant } = subject;
  if (!wallet || !pay_type || link.kind !== 'preorder') return { kind: 'page' };
  // Whoever keeps no cookie could not be shown the way into the wallet afterwards.
  if (visitor.cookie === null) return { kind: 'not_told' };
  const routes = await routesOf(() => candidateRoutes(gateway, merchant, pay_type, link.pay_order_id));
  if (!routes) return { kind: 'page' };
  const fields = browserFields(gateway, subject, wallet);
  const { address, cookie } = visitor;
  await place(gateway, link, { pay_type, payer_key: browserKey(gateway, cookie), fields, address, routes });
  return { kind: 'wallet' };
}

async function routesOf<Routes>(read: () => Promise<Routes>): Promise<Routes | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiError && error.code_name === 'no_route') return null;
    throw error;
  }
}

/** The own fields of wechat.wap and alipay.wap. */
function browserFields(
  gateway: Gateway,
  { link, merchant }: Subject,
  wallet: Wallet,
): Readonly<Record<string, string>> {
  const page_url = `${payUrl(gateway, link)}&ask=1`;
  return wallet === 'alipay'
    ? { return_url: page_url, quit_url: page_url }
    : {
        mch_app_type: 'WAP',
        mch_app_name: firstCharacters(merchant.merchant.name, 64),
        mch_app_id: gateway.public_url,
      };
}

async function place(gateway: Gateway, link: PaymentLink, payer: Payer): Promise<void> {
  if (link.kind === 'order') return payLinkOrder(gateway, link.subject_id, link.merchant_id, payer);
  return payPreorder(gateway, link.subject_id, link.merchant_id, payer);
}
