import { html, type Html } from './html.ts';
import { TEXTS, type Locale, type Texts } from './texts.ts';

export interface Frame {
  readonly locale: Locale;
  /** Where the other language of this page is. */
  readonly path: string;
  readonly title: string;
  readonly body: Html;
  /** The script of the page, under /public. */
  readonly script: string;
  /** Reloads after this many seconds where scripts are off; null: never. */
  readonly reload_s: number | null;
}

/** A whole page. Nothing in it is inline, as its content security policy demands. */
export function layout({ locale, path, title, body, script, reload_s }: Frame): string {
  const texts = TEXTS[locale];
  const other: Locale = locale === 'zh' ? 'en' : 'zh';
  return html`<!doctype html>
    <html lang="${texts.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#faf7f2" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#14110e" media="(prefers-color-scheme: dark)" />
        <title>${title}</title>
        <link rel="icon" href="/public/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/public/base.css" />
        <link rel="stylesheet" href="/public/shop.css" />
        <link rel="stylesheet" href="/public/order.css" />
        ${reload_s !== null && html`<noscript><meta http-equiv="refresh" content="${reload_s}" /></noscript>`}
        <script src="/public/${script}" type="module"></script>
      </head>
      <body>
        <a class="skip" href="#main">${texts.skip}</a>
        ${header(texts, other, path)}
        <main id="main" tabindex="-1">${body}</main>
        <footer><p>${texts.demo}</p></footer>
      </body>
    </html> `.text;
}

function header(texts: Texts, other: Locale, path: string): Html {
  return html`<header class="top">
    <a class="brand" href="/"
      ><img src="/public/icon.svg" alt="" width="40" height="40" /><span
        ><strong>${texts.brand}</strong> <span class="tagline">${texts.tagline}</span></span
      ></a
    >
    <a
      class="language"
      href="${path}?lang=${other}"
      hreflang="${other}"
      lang="${other}"
      aria-label="${texts.switchLanguageLabel}"
      >${texts.switchLanguage}</a
    >
  </header>`;
}
