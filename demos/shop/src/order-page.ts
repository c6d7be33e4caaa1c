/** The page of an order: what the payer needs, how it stands, refunds, and what went over the wire. */
import { transferAccountOf } from '../../../sdk/typescript/src/index.ts';
import { yuan } from './goods.ts';
import { html, type Html } from './html.ts';
import { layout } from './layout.ts';
import { refundableOf, type JournalEntry, type ShopOrder, type ShopRefund } from './orders.ts';
import { wayPicture } from './pictures.ts';
import type { ShopSettings } from './shop.ts';
import { TEXTS, type Locale, type Texts } from './texts.ts';

export interface OrderPage {
  readonly locale: Locale;
  readonly order: ShopOrder;
  /** Where a sandbox lets people pay. */
  readonly settings: Pick<ShopSettings, 'wallet_url' | 'bank_url'>;
}

/** The whole page. The fragment in it is exchanged at each change. */
export function orderPage(page: OrderPage): string {
  const { locale, order } = page;
  const texts = TEXTS[locale];
  const path = `/orders/${order.id}`;
  const body = html`<p><a class="back" href="/">← ${texts.back}</a></p>
    <p class="visually-hidden" id="announcement" role="status" aria-live="polite"></p>
    <noscript><p class="soft">${texts.needsScript}</p></noscript>
    <div id="order" data-path="${path}" data-announce="${announcement(order, texts)}">${orderFragment(page)}</div>`;
  const title = `${texts.states[order.state].name} · ${texts.title}`;
  return layout({ locale, path, title, body, script: 'order.js', reload_s: 5 });
}

/** What changes: everything about the order. */
export function orderFragment({ locale, order, settings }: OrderPage): Html {
  const texts = TEXTS[locale];
  return html`<div class="order" data-announce="${announcement(order, texts)}">
    <div class="order-main">
      <section class="card state ${order.state}">
        <p class="badge ${order.state}">${texts.states[order.state].name}</p>
        <h1>${yuan(order.total_fen)}</h1>
        <p>${texts.states[order.state].hint}</p>
        ${order.message !== '' && html`<p class="message">${order.message}</p>`}
        ${['waiting', 'unknown'].includes(order.state) && toPay(order, texts, settings)}
        <form method="post" action="/orders/${order.id}/query"><button type="submit">${texts.ask}</button></form>
      </section>
      ${refundSection(order, texts)} ${basketSection(order, texts, locale)}
    </div>
    ${wireSection(order, texts)}
  </div>`;
}

function announcement(order: ShopOrder, texts: Texts): string {
  const refunds = order.refunds.map((refund) => refundState(refund, texts)).join(', ');
  return `${texts.states[order.state].name} ${refunds}`.trim();
}

function toPay(order: ShopOrder, texts: Texts, settings: OrderPage['settings']): Html {
  const until = new Date(order.expires_at_ms).toLocaleTimeString(texts.language, {
    hour: '2-digit',
    minute: '2-digit',
  });
  return html`<div class="to-pay">
    ${order.way === 'code' ? html`<p>${texts.waitingForPassword}</p>` : order.show !== null && shownToPayer(order, order.show, texts)}
    ${order.way !== 'code' && html`<p class="soft">${texts.until} ${until}</p>`}
    ${order.way === 'transfer' ? simulator(transferUrl(order, settings), texts.counter) : simulator(settings.wallet_url, texts.phone)}
  </div>`;
}

function simulator(url: string | null, name: string): Html | false {
  return url !== null && html`<a class="button" href="${url}" target="_blank" rel="noopener">${name}</a>`;
}

/** The bank counter with the form filled in. */
function transferUrl(order: ShopOrder, { bank_url }: OrderPage['settings']): string | null {
  if (bank_url === null || order.show === null) return null;
  const { fund_acc } = transferAccountOf(order.show);
  return `${bank_url}/?${new URLSearchParams({ fund_acc, amount: yuan(order.total_fen).slice(1) }).toString()}`;
}

function shownToPayer(order: ShopOrder, show: string, texts: Texts): Html {
  if (order.way === 'transfer') return account(show, order, texts);
  if (order.way === 'code') return html``;
  return html`<p class="scan">${wayPicture(order.way)} ${texts.scan[order.way]}</p>
    <img class="qr" src="/orders/${order.id}/qr.svg" alt="${texts.qrAlt}" width="240" height="240" />
    ${order.way === 'cashier' && html`<p><a class="button" href="${show}" target="_blank" rel="noopener">${texts.openLink}</a></p>`}
    <p class="code"><code>${show}</code></p>`;
}

/** The account of a bank transfer. */
function account(show: string, order: ShopOrder, texts: Texts): Html {
  const { fund_acc_name, fund_acc, ecp_bank_branch } = transferAccountOf(show);
  const row = (name: string, value: string): Html =>
    html`<dt>${name}</dt>
      <dd>${value}</dd>`;
  return html`<h2>${texts.transferTo}</h2>
    <dl class="account">
      ${row(texts.account.fund_acc_name, fund_acc_name)}${row(texts.account.fund_acc, fund_acc)}
      ${row(texts.account.ecp_bank_branch, ecp_bank_branch)}${row(texts.total, yuan(order.total_fen))}
    </dl>
    <p class="soft">${texts.exactly}</p>`;
}

function refundState(refund: ShopRefund, texts: Texts): string {
  return refund.status === null ? texts.refundUnknown : texts.refundStates[refund.status];
}

function refundSection(order: ShopOrder, texts: Texts): Html | false {
  const left_fen = refundableOf(order);
  if (order.refunds.length === 0 && left_fen === 0) return false;
  const left = yuan(left_fen).slice(1);
  return html`<section class="card refunds" aria-labelledby="refunds">
    <h2 id="refunds">${texts.refunds}</h2>
    ${
      order.refunds.length > 0 &&
      html`<ul>
        ${order.refunds.map(
          (refund) =>
            html`<li>
              <span class="badge refund-${refund.status ?? 'unknown'}">${refundState(refund, texts)}</span>
              <span class="price">${yuan(refund.refund_fen)}</span
              >${refund.message !== '' && html`<span class="message">${refund.message}</span>`}
            </li>`,
        )}
      </ul>`
    }
    ${
      left_fen > 0 &&
      html`<form class="refund" method="post" action="/orders/${order.id}/refund">
        <label for="refund-amount">${texts.refundAmount}</label>
        <div>
          <input
            id="refund-amount"
            name="amount"
            inputmode="decimal"
            value="${left}"
            pattern="\\d{1,7}(\\.\\d{1,2})?"
            required
          />
          <button type="submit">${texts.refund}</button>
        </div>
        <p class="soft">${texts.refundable} ¥${left}</p>
      </form>`
    }
  </section>`;
}

function basketSection(order: ShopOrder, texts: Texts, locale: Locale): Html {
  return html`<section class="card basket" aria-labelledby="basket">
    <h2 id="basket">${texts.order}</h2>
    <p class="number"><code>${order.number}</code></p>
    <ul>
      ${order.basket.map(
        ({ good, count }) =>
          html`<li>
            <span>${good.name[locale]} × ${count}</span> <span class="price">${yuan(good.price_fen * count)}</span>
          </li>`,
      )}
    </ul>
  </section>`;
}

function wireSection(order: ShopOrder, texts: Texts): Html {
  return html`<section class="wire" aria-labelledby="wire">
    <h2 id="wire">${texts.wire}</h2>
    <p class="soft">${texts.wireHint}</p>
    ${
      order.journal.length === 0
        ? html`<p class="soft">${texts.notYet}</p>`
        : html`<ol>
            ${order.journal.map((entry) => wireEntry(entry, texts))}
          </ol>`
    }
  </section>`;
}

function wireEntry(entry: JournalEntry, texts: Texts): Html {
  const time = new Date(entry.at_ms).toISOString().slice(11, 23);
  const key = `${entry.at_ms}-${entry.title}`;
  return html`<li class="went-${entry.outcome}">
    <p class="line"><span class="kind">${texts.kinds[entry.kind]}</span> <code>${entry.title}</code></p>
    <p class="line result">
      ${entry.outcome === 'good' ? '✓' : entry.outcome === 'bad' ? '✗' : '?'} ${entry.result}
      <span class="soft">${time} UTC${entry.elapsed_ms !== null && html` · ${entry.elapsed_ms} ms`}</span>
    </p>
    ${entry.parts.map(
      ({ name, text }) =>
        html`<details
          data-key="${key}-${name}"
          ${name === 'request' || name === 'answer' || name === 'notification' ? html` open` : ''}
        >
          <summary>${texts.parts[name]}</summary>
          <pre tabindex="0"><code>${text}</code></pre>
        </details>`,
    )}
  </li>`;
}
