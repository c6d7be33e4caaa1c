import { escapeHtml, scriptSafe } from './html.ts';
import { icon, iconSprite } from './icons.ts';
import { textsOf } from './locale.ts';
import type { Locale } from './locale.ts';
import { callbacksSection, faultsSection, ledgerSection, walletSection } from './sections.ts';
import { faultEffectsZh } from './texts-zh.ts';

/**
 * The wallet page. Everything visible at first sight is in the HTML; the script fills in what changes.
 * @param locale language of every sentence
 * @returns a whole HTML document without inline script or style, as its content security policy demands
 */
export function renderPage(locale: Locale): string {
  const texts = textsOf[locale];
  const other = locale === 'zh' ? 'en' : 'zh';
  const data = { texts, faultEffects: locale === 'zh' ? faultEffectsZh : {} };
  return `<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f3f5f8" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0c1017" media="(prefers-color-scheme: dark)">
<title>${escapeHtml(texts.title)}</title>
<link rel="icon" href="/wallet/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/wallet/base.css">
<link rel="stylesheet" href="/wallet/phone.css">
<link rel="stylesheet" href="/wallet/till.css">
<link rel="stylesheet" href="/wallet/cashier.css">
<link rel="stylesheet" href="/wallet/workbench.css">
<link rel="stylesheet" href="/wallet/records.css">
<script type="application/json" id="page-data">${scriptSafe(JSON.stringify(data))}</script>
<script src="/wallet/jsqr.js" defer></script>
<script src="/wallet/main.js" type="module"></script>
</head>
<body data-view="wallet">
${iconSprite}
<a class="skip" href="#main">${escapeHtml(texts.skip)}</a>
<header class="top">
  <div class="brand"><img src="/wallet/icon.svg" alt="" width="36" height="36"><div>
    <h1>${escapeHtml(texts.brand)}</h1><p>${escapeHtml(texts.tagline)}</p></div></div>
  <p class="connection" id="connection" data-state="online"><span class="dot"></span><span id="connection-text">${escapeHtml(texts.online)}</span></p>
  <a class="language" href="/?lang=${other}" hreflang="${other}" lang="${other}" aria-label="${escapeHtml(texts.switchLanguageLabel)}">${icon('globe')}${escapeHtml(texts.switchLanguage)}</a>
</header>
<div class="alarm" id="alarm" role="alert" hidden>${icon('alert')}<span>${escapeHtml(texts.offlineMessage)}</span></div>
<noscript><p class="alarm">${escapeHtml(texts.needsScript)}</p></noscript>
<div class="layout">
<nav class="views" aria-label="${escapeHtml(texts.navLabel)}">
  <a href="#wallet" data-view-link="wallet">${icon('phone')}<span>${escapeHtml(texts.navWallet)}</span></a>
  <a href="#faults" data-view-link="faults">${icon('bolt')}<span>${escapeHtml(texts.navFaults)}</span><b class="count" id="faults-count" hidden></b></a>
  <a href="#ledger" data-view-link="ledger">${icon('book')}<span>${escapeHtml(texts.navLedger)}</span></a>
  <a href="#callbacks" data-view-link="callbacks">${icon('send')}<span>${escapeHtml(texts.navCallbacks)}</span></a>
</nav>
<main id="main" tabindex="-1">
${walletSection(texts)}
<div class="workbench">
${faultsSection(texts)}
${ledgerSection(texts)}
${callbacksSection(texts)}
</div>
</main>
</div>
<div class="toast" id="toast" role="status" aria-live="polite"></div>
</body>
</html>
`;
}
