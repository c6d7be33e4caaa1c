/** The bank's counter: a page to make transfers at. Plain HTML with a form; it works without script. */
import { ControlError } from '../kernel/control-error.ts';
import type { Answer, IncomingRequest } from '../kernel/ports.ts';
import { escapeHtml } from '../wallet/html.ts';
import { chooseLocale } from '../wallet/locale.ts';
import type { Locale } from '../wallet/locale.ts';
import type { BankBook } from './book.ts';
import { chinaDateTime } from './china-time.ts';
import type { BankConfig } from './config.ts';
import { COUNTER_STYLE } from './page-style.ts';
import { COUNTER_TEXTS } from './page-texts.ts';
import type { CounterTexts } from './page-texts.ts';
import type { AccountEntry } from './records.ts';
import type { BankStore } from './store.ts';

interface Parts {
  readonly book: BankBook;
  readonly store: BankStore;
  readonly config: BankConfig;
}

const SHOWN = 30;

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // Under no-referrer a browser would send the form with Origin null, as a foreign page does.
  'referrer-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
} as const;

/** Answers a request of a browser. @throws ControlError */
export function counterPage(request: IncomingRequest, path: string, parts: Parts): Answer {
  const query = new URLSearchParams(request.target.split('?')[1] ?? '');
  const locale = chooseLocale(query.get('lang'), request.headers);
  if (path === '/counter.css') return answer(200, 'text/css; charset=utf-8', COUNTER_STYLE);
  if (path === '/' && (request.method === 'GET' || request.method === 'HEAD'))
    return answer(200, 'text/html; charset=utf-8', render(locale, query, parts));
  if (path === '/transfer' && request.method === 'POST') return transfer(request, locale, parts.book);
  throw new ControlError(
    404,
    `there is no ${path.slice(0, 100)} here: the counter is at /, the bank's interface under /v1/`,
  );
}

function answer(status: number, type: string, text: string): Answer {
  return { status, headers: { ...HEADERS, 'content-type': type }, body: Buffer.from(text) };
}

/** The form was sent; the browser is sent back to the page, so that a reload transfers nothing. */
function transfer(request: IncomingRequest, locale: Locale, book: BankBook): Answer {
  const form = new URLSearchParams(request.body.toString('utf8'));
  const back = new URLSearchParams({ lang: locale });
  try {
    const entry = book.receive({
      fund_acc: (form.get('fund_acc') ?? '').replaceAll(/\s/g, ''),
      amount: readYuan(form.get('amount') ?? ''),
      payer: {
        name: form.get('payer_name')?.trim() || null,
        account: payerAccount(form.get('payer_name') ?? ''),
        bank: '合流演示银行',
      },
      ...(form.get('remittance')?.trim() ? { remittance: form.get('remittance')?.trim() ?? '' } : {}),
    });
    back.set('sent', entry.reference);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    back.set('refused', error.reason);
  }
  return { status: 303, headers: { ...HEADERS, location: `/?${back.toString()}` }, body: Buffer.alloc(0) };
}

/** One account a name, so that the same payer is the same payer the next time. */
export function payerAccount(name: string): string {
  let digest = 7;
  for (const character of name) digest = (digest * 31 + (character.codePointAt(0) ?? 0)) % 1_000_000_007;
  return `622202${String(digest).padStart(10, '0')}`;
}

function readYuan(text: string): number {
  const [, whole, decimals = ''] = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(text.trim()) ?? [];
  const amount = whole === undefined ? 0 : Number(whole) * 100 + Number(decimals.padEnd(2, '0'));
  if (amount > 0) return amount;
  throw new ControlError(400, 'amount must be yuan with at most two decimals');
}

function render(locale: Locale, query: URLSearchParams, parts: Parts): string {
  const texts = COUNTER_TEXTS[locale];
  const other = locale === 'zh' ? 'en' : 'zh';
  return `<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(texts.title)}</title>
<link rel="stylesheet" href="/counter.css">
</head>
<body>
<header><span class="seal" aria-hidden="true">银</span><div><h1>${escapeHtml(texts.title)}</h1><p class="soft">${escapeHtml(texts.tagline)}</p></div>
<a href="/?lang=${other}" hreflang="${other}">${escapeHtml(texts.other)}</a></header>
<main>
${notice(texts, query)}
${transferForm(texts, query, locale)}
<section><h2>${escapeHtml(texts.waiting)}</h2>${waiting(texts, locale, parts)}</section>
<section class="wide"><h2>${escapeHtml(texts.entries)} <span class="soft">${escapeHtml(texts.balance)} ${yuan(parts.book.balance())}</span></h2>${entries(texts, parts)}</section>
</main>
</body>
</html>
`;
}

function notice(texts: CounterTexts, query: URLSearchParams): string {
  const sent = query.get('sent');
  if (sent !== null)
    return `<p class="notice" role="status">${escapeHtml(texts.sent)} <code>${escapeHtml(sent)}</code></p>`;
  const refused = query.get('refused');
  return refused === null
    ? ''
    : `<p class="notice bad" role="alert">${escapeHtml(texts.refused)}: ${escapeHtml(refused)}</p>`;
}

function transferForm(texts: CounterTexts, query: URLSearchParams, locale: Locale): string {
  const field = (name: string, label: string, extra: string): string =>
    `<label for="${name}">${escapeHtml(label)}</label><input id="${name}" name="${name}" value="${escapeHtml(query.get(name) ?? '')}" autocomplete="off" ${extra}>`;
  return `<section><h2>${escapeHtml(texts.form)}</h2><p class="soft">${escapeHtml(texts.hint)}</p>
<form method="post" action="/transfer?lang=${locale}">
${field('fund_acc', texts.fundAcc, 'required inputmode="numeric" class="number"')}
${field('amount', texts.amount, 'required inputmode="decimal" placeholder="76.22"')}
${field('payer_name', texts.payer, 'maxlength="140"')}
${field('remittance', texts.remittance, 'maxlength="140"')}
<button type="submit">${escapeHtml(texts.send)}</button>
</form></section>`;
}

function waiting(texts: CounterTexts, locale: Locale, { store }: Parts): string {
  const open = store
    .numbers()
    .filter((number) => number.status === 'OPEN')
    .slice(-SHOWN)
    .toReversed();
  if (open.length === 0) return `<p class="soft">${escapeHtml(texts.nobodyWaits)}</p>`;
  const rows = open.map(({ fund_acc, amount, description }) => {
    const fill = new URLSearchParams({ lang: locale, fund_acc, amount: yuan(amount) });
    return `<li><div><code>${fund_acc}</code><p class="soft">${escapeHtml(description)} · ${yuan(amount)}</p></div><a class="use" href="/?${escapeHtml(fill.toString())}">${escapeHtml(texts.fill)}</a></li>`;
  });
  return `<ul>${rows.join('')}</ul>`;
}

function entries(texts: CounterTexts, { store }: Parts): string {
  const { columns, kinds } = texts;
  const last = store.entries().slice(-SHOWN).toReversed();
  if (last.length === 0) return `<p class="soft">${escapeHtml(texts.noEntries)}</p>`;
  const kind = (entry: AccountEntry): string => {
    if (entry.reversal) return kinds.reversal;
    if (entry.return_reason !== null) return kinds.returned;
    return entry.direction === 'CRDT' ? kinds.credit : kinds.debit;
  };
  const rows = last.map(
    (entry) =>
      `<tr><td>${chinaDateTime(entry.booked_at_ms).slice(0, 19).replace('T', ' ')}</td><td>${escapeHtml(kind(entry))}</td><td><code>${escapeHtml(entry.fund_acc ?? '–')}</code></td><td>${escapeHtml(entry.party.name ?? '–')}</td><td class="amount ${entry.direction}">${entry.direction === 'CRDT' ? '+' : '−'}${yuan(entry.amount)}</td></tr>`,
  );
  return `<div class="table"><table><thead><tr><th>${escapeHtml(columns.time)}</th><th>${escapeHtml(columns.what)}</th><th>${escapeHtml(columns.number)}</th><th>${escapeHtml(columns.party)}</th><th class="amount">${escapeHtml(columns.amount)}</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function yuan(fen: number): string {
  const digits = String(Math.abs(fen)).padStart(3, '0');
  return `${fen < 0 ? '−' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
