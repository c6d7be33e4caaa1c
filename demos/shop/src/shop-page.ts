/** The page where goods and a way to pay are chosen. */
import { GOODS, MOST_OF_ONE, yuan, type Good } from './goods.ts';
import { html, type Html } from './html.ts';
import { layout } from './layout.ts';
import type { ShopOrder } from './orders.ts';
import { goodPicture, wayPicture } from './pictures.ts';
import { TEXTS, type Locale, type Texts } from './texts.ts';
import type { Way } from './ways.ts';

export interface ShopPage {
  readonly locale: Locale;
  readonly ways: readonly Way[];
  readonly latest: readonly ShopOrder[];
  /** What was wrong with a form that came back, and the form. */
  readonly problem: 'emptyBasket' | 'wrongCode' | null;
  readonly form: URLSearchParams;
}

/** The whole page. */
export function shopPage({ locale, ways, latest, problem, form }: ShopPage): string {
  const texts = TEXTS[locale];
  const body = html`<form class="shop" method="post" action="/orders" data-shop>
      <section class="goods" aria-labelledby="goods">
        <h1 id="goods">${texts.goods}</h1>
        <ul>
          ${GOODS.map((good) => goodItem(good, texts, locale, form))}
        </ul>
      </section>
      <section class="checkout" aria-labelledby="pay-how">
        <h2 id="pay-how">${texts.payHow}</h2>
        ${problem !== null && html`<p class="problem" role="alert">${texts[problem]}</p>`}
        ${ways.length === 0 ? html`<p class="problem">${texts.noWays}</p>` : waysField(ways, texts, form)}
        <p class="total"><span>${texts.total}</span> <output data-total>${yuan(0)}</output></p>
        <button class="primary" type="submit" ${ways.length === 0 ? html` disabled` : ''}>${texts.pay}</button>
      </section>
    </form>
    <section class="latest" aria-labelledby="latest">
      <h2 id="latest">${texts.latest}</h2>
      ${
        latest.length === 0
          ? html`<p class="soft">${texts.noOrders}</p>`
          : html`<ul>
              ${latest.map((order) => latestItem(order, texts))}
            </ul>`
      }
    </section>`;
  return layout({ locale, path: '/', title: texts.title, body, script: 'shop.js', reload_s: null });
}

function goodItem(good: Good, texts: Texts, locale: Locale, form: URLSearchParams): Html {
  const name = good.name[locale];
  const count = form.get(`count.${good.id}`) ?? '0';
  return html`<li class="good">
    ${goodPicture(good.picture)}
    <span class="good-name" id="name-${good.id}">${name}</span>
    <span class="price">${yuan(good.price_fen)}</span>
    <span class="stepper">
      <button type="button" data-step="-1" aria-label="${texts.less}: ${name}">−</button>
      <input
        type="number"
        name="count.${good.id}"
        value="${count}"
        min="0"
        max="${MOST_OF_ONE}"
        inputmode="numeric"
        data-price="${good.price_fen}"
        aria-label="${texts.count}: ${name}"
      />
      <button type="button" data-step="1" aria-label="${texts.more}: ${name}">+</button>
    </span>
  </li>`;
}

function waysField(ways: readonly Way[], texts: Texts, form: URLSearchParams): Html {
  const chosen = ways.find((way) => way === form.get('way')) ?? ways[0];
  return html`<fieldset class="ways">
    <legend class="visually-hidden">${texts.payHow}</legend>
    ${ways.map(
      (way) =>
        html`<label class="way"
          ><input type="radio" name="way" value="${way}" ${way === chosen ? html` checked` : ''} />
          ${wayPicture(way)}<span
            ><strong>${texts.ways[way].name}</strong><span class="soft">${texts.ways[way].hint}</span></span
          ></label
        >`,
    )}
    ${
      ways.includes('code') &&
      html`<div class="scanner">
        <label for="auth-code">${texts.authCode}</label>
        <input
          id="auth-code"
          name="auth_code"
          inputmode="numeric"
          autocomplete="off"
          spellcheck="false"
          maxlength="40"
          aria-describedby="auth-code-hint"
        />
        <p class="soft" id="auth-code-hint">${texts.authCodeHint}</p>
      </div>`
    }
  </fieldset>`;
}

function latestItem(order: ShopOrder, texts: Texts): Html {
  return html`<li>
    <a href="/orders/${order.id}"
      ><span class="badge ${order.state}">${texts.states[order.state].name}</span>
      <span>${texts.ways[order.way].name}</span> <span class="price">${yuan(order.total_fen)}</span></a
    >
  </li>`;
}
