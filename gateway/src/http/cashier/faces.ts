/** The HTML of every face of the payment page. Which one is shown: operations/payment-page.ts; the table: docs/cashier.md. */
import { logoPath } from '../../operations/merchant-logo.ts';
import type { Order } from '../../domain/order.ts';
import type { Face, Subject } from '../../operations/payment-page.ts';
import type { Wallet } from '../../domain/wallet.ts';
import { escapeHtml } from './document.ts';
import { beijingTime, grouped, type Texts } from './texts.ts';
import type { Language } from './visitor.ts';

/** What the page can offer to this visitor while it can be paid. */
export type Offer =
  /** Inside a wallet that is ready. */
  | { readonly kind: 'pay'; readonly wallet: Wallet }
  /** Inside a wallet that the merchant does not take, that is not set up, or that this link is not for. */
  | {
      readonly kind: 'no_route' | 'not_set_up' | 'other_wallet';
      readonly wallet: Wallet;
      readonly others: readonly Wallet[];
    }
  /** Any other browser: wallets that a phone can open, wallets that can scan. */
  | { readonly kind: 'browser'; readonly opens: readonly Wallet[]; readonly scans: readonly Wallet[] };

export interface Shown {
  readonly subject: Subject;
  readonly face: Face;
  readonly offer: Offer;
  /** SVG of the page's own address. */
  readonly code: string;
  /** The page's address, asking the channel. */
  readonly ask_url: string;
  readonly texts: Texts;
  readonly language: Language;
  /** Where `paying` leads in a browser; null inside a wallet, or when it opens no more. */
  readonly open_url: string | null;
}

/** Everything inside main. */
export function faceHtml(shown: Shown): string {
  const foot = ASKS_TO_PAY.has(shown.face.kind) ? `<p class="foot">${escapeHtml(shown.texts.check_first)}</p>` : '';
  return `${notices(shown.texts)}${status(shown)}${foot}`;
}

const ASKS_TO_PAY: ReadonlySet<Face['kind']> = new Set<Face['kind']>(['open', 'paying', 'refused', 'unreachable']);

/** Drawn here, so that no phone makes a coloured picture of a character. */
const SIGNS = {
  done: '<path d="M14 25l7 7 14-16"/>',
  over: '<path d="M17 17l14 14M31 17L17 31"/>',
  back: '<path d="M20 15l-7 7 7 7M13 22h15a6 6 0 010 12h-4"/>',
  stop: '<path d="M24 13v14M24 34v.5"/>',
} as const;

function sign(name: keyof typeof SIGNS): string {
  return `<div class="sign" aria-hidden="true"><svg viewBox="0 0 48 48"><circle cx="24" cy="24" r="22"/>${SIGNS[name]}</svg></div>`;
}

/** Lines that the script shows and hides. */
function notices(texts: Texts): string {
  return `<p class="note" id="offline" role="alert" hidden>${escapeHtml(texts.offline)}</p>
<p class="note" id="asking" role="status" hidden><span class="spin" aria-hidden="true"></span>${escapeHtml(texts.asking)}</p>
<p class="note" id="cancelled" role="status" hidden>${escapeHtml(texts.cancelled)}</p>
<p class="note" id="silent" role="alert" hidden>${escapeHtml(texts.wallet_silent)}</p>
`;
}

/** One face each. */
function status(shown: Shown): string {
  const { face, texts, subject } = shown;
  switch (face.kind) {
    case 'paid':
      return face.own
        ? over(shown, 'good', 'done', texts.paid, texts.paid_own_help, face.order)
        : over(shown, 'good', 'done', texts.paid_other, texts.paid_other_help, face.order);
    case 'paid_twice':
      return over(shown, 'wait', 'back', texts.paid_twice, texts.paid_twice_help, face.order);
    case 'given_back':
      return over(shown, 'wait', 'back', texts.given_back, texts.given_back_help, face.order);
    case 'closed':
    case 'expired':
    case 'exhausted':
      return over(shown, 'bad', 'over', texts[face.kind], texts.over_help, null);
    case 'suspended':
      return over(shown, 'bad', 'over', texts.suspended, texts.suspended_help, null);
    case 'taken':
      return over(shown, 'bad', 'over', texts.taken, texts.taken_help, null);
    case 'paying':
      return paying(shown, face.order);
    case 'checking':
      return (
        bill(shown) +
        waiting(shown, texts.checking, texts.checking_help, form(shown, walletOf(face.order), texts.try_again))
      );
    case 'busy':
      return bill(shown) + waiting(shown, texts.busy, texts.busy_help, buttons(shown, texts.try_again));
    case 'unreachable':
      return (
        bill(shown) +
        trouble(texts.unreachable(walletName(shown, face.order)), texts.unreachable_help, '', retry(shown))
      );
    case 'refused':
      return bill(shown) + refused(shown, face.order);
    case 'open':
      return two(bill(shown), open(shown, face.somebody_pays && subject.link.kind === 'preorder'));
  }
}

/** Beside each other where there is room. */
function two(left: string, right: string): string {
  return `<div class="two">${left}<div>${right}</div></div>`;
}

function walletOf(order: Order): Wallet {
  return order.channel === 'alipay' ? 'alipay' : 'wechat';
}

function walletName({ texts }: Shown, order: Order): string {
  return texts.wallet[walletOf(order)];
}

/** Who is paid, how much, for what, until when. */
function bill({ subject, texts, language }: Shown): string {
  const { name } = subject.merchant.merchant;
  return `<section class="card">
<h1 class="who">${mark(subject)}<span><small>${escapeHtml(texts.pay_to)}</small> <b>${escapeHtml(name)}</b></span></h1>
${amount(subject, texts)}
<p class="goods">${escapeHtml(subject.body)}</p>
<p class="until">${escapeHtml(texts.pay_until(beijingTime(subject.expires_at_ms, language)))}</p>
</section>
`;
}

/** The merchant's picture, or the first character of its name. Its name stands beside it: a reader of screens needs no more. */
function mark({ merchant: { merchant } }: Subject): string {
  const logo = logoPath(merchant);
  return logo === null
    ? `<span class="mark" aria-hidden="true">${escapeHtml(Array.from(merchant.name)[0] ?? '')}</span>`
    : `<img class="mark" src="${escapeHtml(logo)}" width="44" height="44" alt="">`;
}

function amount({ total_fen }: Subject, texts: Texts): string {
  const text = grouped(total_fen);
  const size = text.length > 10 ? ' long' : '';
  return `<p class="amount${size}" role="img" aria-label="${escapeHtml(`${texts.amount} ¥${text}`)}"><small>¥</small>${text}</p>`;
}

/** A face after which nothing can be done here. */
function over(
  shown: Shown,
  tone: string,
  picture: keyof typeof SIGNS,
  title: string,
  help: string,
  order: Order | null,
): string {
  const { subject, texts, language } = shown;
  const paid_at_ms = (order?.facts ?? order?.late_facts)?.paid_at_ms ?? null;
  const rows = [
    [texts.pay_to, subject.merchant.merchant.name],
    ...(paid_at_ms === null ? [] : [[texts.paid_at, beijingTime(paid_at_ms, language)]]),
    ...(order === null ? [] : [[texts.number, order.trade_id]]),
  ];
  const list = rows.map(
    ([term = '', value = '']) =>
      `<dt>${escapeHtml(term)}</dt><dd${term === texts.number ? ' class="number"' : ''}>${escapeHtml(value)}</dd>`,
  );
  return `<section class="card ${tone}">
${sign(picture)}
<h1 class="title">${escapeHtml(title)}</h1>
${amount(subject, texts)}
<p class="goods">${escapeHtml(subject.body)}</p>
<p class="help">${escapeHtml(help)}</p>
<dl>${list.join('')}</dl>
</section>`;
}

function waiting({ ask_url, texts }: Shown, title: string, help: string, actions: string): string {
  return `<section class="card wait">
<div class="sign" aria-hidden="true"><span class="spin"></span></div>
<h2 class="title">${escapeHtml(title)}</h2>
<p class="help">${escapeHtml(help)}</p>
${actions}<a class="do plain" href="${escapeHtml(ask_url)}">${escapeHtml(texts.check_again)}</a>
</section>`;
}

function trouble(title: string, help: string, reason: string, actions: string): string {
  return `<section class="card bad">
${sign('stop')}
<h2 class="title">${escapeHtml(title)}</h2>
<p class="help">${escapeHtml(help)}</p>
${reason}${actions}
</section>`;
}

function paying(shown: Shown, order: Order): string {
  const { texts, open_url } = shown;
  const name = walletName(shown, order);
  const wallet = walletOf(order);
  const open_again =
    open_url === null
      ? form(shown, wallet, texts.open_wallet(name), true)
      : `<a class="do ${wallet}" href="${escapeHtml(open_url)}">${escapeHtml(texts.open_wallet(name))}</a>\n`;
  const others = shown.offer.kind === 'browser' ? otherWallets(shown, wallet) : '';
  return bill(shown) + waiting(shown, texts.paying(name), texts.paying_help, open_again + others);
}

function otherWallets(shown: Shown, chosen: Wallet): string {
  if (shown.offer.kind !== 'browser') return '';
  const { texts } = shown;
  return shown.offer.opens
    .filter((wallet) => wallet !== chosen)
    .map((wallet) => form(shown, wallet, texts.pay_with(texts.wallet[wallet])))
    .join('');
}

function refused(shown: Shown, order: Order): string {
  const { texts, subject } = shown;
  const final = subject.link.kind === 'order';
  const reason = `<p class="reason">${escapeHtml(firstCharacters(order.channel_message, 160))}</p>\n`;
  return trouble(
    texts.refused,
    final ? texts.refused_final_help : texts.refused_help,
    reason,
    final ? '' : retry(shown),
  );
}

function firstCharacters(text: string, limit: number): string {
  const characters = Array.from(text);
  return characters.length <= limit ? text : `${characters.slice(0, limit).join('')}…`;
}

function retry(shown: Shown): string {
  return buttons(shown, shown.texts.try_again);
}

/** The buttons that pay; inside a wallet `label` may replace the words of its one button. */
function buttons(shown: Shown, label: string | null): string {
  const { offer, texts, subject } = shown;
  if (offer.kind === 'pay')
    return form(shown, offer.wallet, label ?? texts.pay_amount(`¥${grouped(subject.total_fen)}`));
  if (offer.kind !== 'browser') return '';
  return offer.opens.map((wallet) => form(shown, wallet, texts.pay_with(texts.wallet[wallet]))).join('');
}

/** @param opens the script may open the wallet without sending the form */
function form({ subject }: Shown, wallet: Wallet, label: string, opens = false): string {
  return `<form method="post" action="/preorder/pay"${opens ? ' data-opens="1"' : ''}>
<input type="hidden" name="pay_order_id" value="${subject.link.pay_order_id}">
<input type="hidden" name="with" value="${wallet}">
<button class="do ${wallet}">${escapeHtml(label)}</button>
</form>
`;
}

function open(shown: Shown, somebody_pays: boolean): string {
  const { offer, texts } = shown;
  switch (offer.kind) {
    case 'pay':
      return somebodyPays(texts, somebody_pays) + buttons(shown, null);
    case 'browser':
      return inBrowser(shown, offer, somebody_pays);
    case 'no_route':
      return elsewhere(shown, texts.not_here(texts.wallet[offer.wallet]), texts.not_here_help, offer.others);
    case 'not_set_up':
      return elsewhere(shown, texts.not_set_up(texts.wallet[offer.wallet]), texts.not_set_up_help, offer.others);
    case 'other_wallet':
      return elsewhere(
        shown,
        texts.only_in(texts.wallet.wechat),
        texts.only_in_help(texts.wallet.wechat),
        offer.others,
      );
  }
}

function somebodyPays(texts: Texts, somebody_pays: boolean): string {
  return somebody_pays
    ? `<p class="help" role="status"><span class="spin" aria-hidden="true"></span>${escapeHtml(texts.somebody_pays)}</p>\n`
    : '';
}

function elsewhere(shown: Shown, title: string, help: string, scans: readonly Wallet[]): string {
  return trouble(title, help, '', scans.length > 0 ? codeOf(shown, scans) : '');
}

function inBrowser(shown: Shown, offer: Extract<Offer, { kind: 'browser' }>, somebody_pays: boolean): string {
  const { texts } = shown;
  if (offer.opens.length + offer.scans.length === 0) return trouble(texts.no_wallet, '', '', '');
  const pay = offer.opens.length === 0 ? '' : buttons(shown, null);
  if (offer.scans.length === 0) return pay;
  const hint = offer.opens.length === 0 ? texts.scan_title : texts.scan_other_phone;
  return `${pay}<section class="card scan">
<h2 class="title">${escapeHtml(hint)}</h2>
${codeOf(shown, offer.scans)}<p class="help">${escapeHtml(texts.scan_waits)}</p>
${somebodyPays(texts, somebody_pays)}</section>`;
}

function codeOf({ code, texts }: Shown, scans: readonly Wallet[]): string {
  const [first] = scans;
  const words = scans.length === 1 && first ? texts.scan_one(texts.wallet[first]) : texts.scan_both;
  return `<div class="code" role="img" aria-label="${escapeHtml(texts.code_label)}">${code}</div>
<p class="help">${escapeHtml(words)}</p>
`;
}

/** A page about no payment: the link, or the moment, is wrong. @param again where to begin anew, and in which words */
export function messageHtml(
  texts: Texts,
  title: string,
  help: string,
  again: { readonly url: string; readonly label: string } | null,
): string {
  const link = again ? `<a class="do" href="${escapeHtml(again.url)}">${escapeHtml(again.label)}</a>` : '';
  return `${notices(texts)}${trouble(title, help, '', link)}`;
}
