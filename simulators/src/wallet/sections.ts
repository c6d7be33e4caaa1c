import { AUTH_CODE_BEHAVIOURS } from '../control/auth-codes.ts';
import { escapeHtml } from './html.ts';
import { icon } from './icons.ts';
import type { Texts } from './texts-zh.ts';

/** The phone: its screen with the waiting codes, and the cashier that slides over it. */
export function walletSection(texts: Texts): string {
  const t = escaped(texts);
  return `<section class="phone" id="wallet" aria-label="${t.navWallet}">
<div class="phone-screen">
  <div class="phone-bar" aria-hidden="true"><span id="clock">9:41</span><i></i><span class="signal"><b></b><b></b><b></b><b></b></span></div>
  <div class="phone-content" id="phone-content">
    <div class="scan" id="scan">
      <label class="scan-button">
        <input type="file" id="scan-file" accept="image/*" aria-describedby="scan-hint">
        <span class="scan-icon">${icon('scan')}</span>
        <span class="scan-title">${t.scanTitle}</span>
      </label>
      <p class="scan-hint" id="scan-hint">${t.scanHint}</p>
      <form class="code-form" id="code-form" novalidate>
        <label class="hidden" for="code-text">${t.codeLabel}</label>
        <input id="code-text" name="code" type="text" inputmode="url" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="${t.codePlaceholder}" aria-describedby="scan-message">
        <button type="submit">${t.codeOpen}</button>
      </form>
      <p class="scan-message" id="scan-message" role="alert"></p>
      <p class="scan-open" id="scan-open" hidden>
        <a target="_blank" rel="noopener" data-wallet="wechat">${t.openInWechat}</a>
        <a target="_blank" rel="noopener" data-wallet="alipay">${t.openInAlipay}</a>
      </p>
    </div>
    <details class="till" id="till"><summary>${icon('barcode')}<span>${t.authCodeTitle}</span>${icon('chevron')}</summary>
      <form class="till-form" id="auth-code-form">
        <fieldset class="wallets"><legend class="hidden">${t.authCodeWallet}</legend>
          <label><input type="radio" name="wallet" value="wechat" checked><span>${t.channel_wechat}</span></label>
          <label><input type="radio" name="wallet" value="alipay"><span>${t.channel_alipay}</span></label></fieldset>
        <label class="till-behaviour"><span>${t.authCodeBehaviour}</span><select name="behaviour" aria-describedby="auth-code-effect">${behaviourOptions(t)}</select></label>
        <p class="till-effect" id="auth-code-effect"></p>
        <button type="submit" class="primary">${t.authCodeShow}</button>
      </form>
      <p class="till-message" id="auth-code-message" role="alert"></p>
      <div class="till-code" id="auth-code-shown" role="status" hidden>
        <small>${t.authCodeOnce}</small>
        <output id="auth-code" for="auth-code-form"></output>
        <button type="button" id="auth-code-copy">${t.authCodeCopy}</button>
      </div>
    </details>
    <a class="counter-link" href="/bank" target="_blank" rel="noopener">${icon('bank')}<span>${t.bankCounter}</span>${icon('chevron')}</a>
    <div class="pending-head"><h2 id="pending-title" tabindex="-1">${t.pendingTitle}</h2><span id="pending-count" class="pending-count"></span></div>
    <ul class="pending" id="pending" aria-labelledby="pending-title"></ul>
    <div class="empty" id="pending-empty">${icon('wallet')}<strong>${t.pendingEmpty}</strong><p>${t.pendingEmptyHint}</p></div>
  </div>
  <div class="sheet" id="sheet" role="dialog" aria-labelledby="sheet-title" hidden>
    <div class="sheet-head"><h2 id="sheet-title" tabindex="-1">${t.sheetTitle}</h2>
      <button type="button" class="round" id="sheet-close" aria-label="${t.sheetClose}">${icon('close')}</button></div>
    <div class="sheet-body" id="sheet-body"></div>
  </div>
  <div class="home-indicator" aria-hidden="true"></div>
</div>
</section>`;
}

function behaviourOptions(t: Texts): string {
  return AUTH_CODE_BEHAVIOURS.map((name) => `<option value="${name}">${t[`behaviour_${name}`]}</option>`).join('');
}

/** The fault switches, and the platform key of WeChat Pay below them. */
export function faultsSection(texts: Texts): string {
  const t = escaped(texts);
  return `<section class="view" id="faults" aria-labelledby="faults-title">
  <div class="view-head"><div><h2 id="faults-title">${t.faultsTitle}</h2><p>${t.faultsIntro}</p></div></div>
  <div class="card active-faults" id="active-faults"><div class="card-head"><h3>${t.faultsActive}</h3>
    <button type="button" class="quiet danger" id="faults-clear" hidden>${t.faultsClear}</button></div>
    <p class="nothing" id="faults-none">${icon('check')}${t.faultsNone}</p><ul id="faults-active"></ul></div>
  <form class="card scope" id="fault-scope"><h3 class="hidden">${t.faultScope}</h3>
    <label><span>${t.faultChannel}</span><select name="channel"></select></label>
    <label><span>${t.faultOperation}</span><select name="operation"></select></label>
    <label><span>${t.faultCount}</span><input name="count" type="number" min="1" step="1" inputmode="numeric" placeholder="${t.faultCountHint}"></label>
    <label><span>${t.faultRate}</span><input name="rate" type="number" min="0" max="100" step="any" inputmode="decimal" placeholder="${t.faultRateHint}"></label>
    <label><span>${t.faultDelay}</span><input name="delay_ms" type="number" min="0" step="1" inputmode="numeric" placeholder="${t.faultDelayHint}"></label>
  </form>
  <ul class="card fault-list" id="fault-list" aria-label="${t.navFaults}"></ul>
  <div class="card row-card">${icon('key')}<div><h3>${t.rotateTitle}</h3><p>${t.rotateIntro}</p></div>
    <div class="row-actions"><button type="button" data-rotate="certificate">${t.rotateCertificate}</button>
    <button type="button" data-rotate="public_key">${t.rotatePublicKey}</button></div></div>
</section>`;
}

/** The table of everything that happened to money. */
export function ledgerSection(texts: Texts): string {
  const t = escaped(texts);
  return `<section class="view" id="ledger" aria-labelledby="ledger-title">
  <div class="view-head"><div><h2 id="ledger-title">${t.ledgerTitle}</h2><p>${t.ledgerIntro}</p></div>
    <label class="inline"><span class="hidden">${t.ledgerChannel}</span><select id="ledger-channel"><option value="">${t.ledgerAll}</option></select></label></div>
  <div class="card table-card"><table aria-labelledby="ledger-title"><thead><tr>
    <th scope="col">${t.ledgerTime}</th><th scope="col">${t.ledgerChannel}</th><th scope="col">${t.ledgerKind}</th>
    <th scope="col" class="amount">${t.ledgerAmount}</th><th scope="col">${t.ledgerNumbers}</th></tr></thead>
    <tbody id="ledger-rows"></tbody></table>
    <div class="empty" id="ledger-empty">${icon('book')}<strong>${t.ledgerEmpty}</strong></div></div>
  <p class="footnote" id="ledger-truncated"></p>
</section>`;
}

/** What was called back and how it was answered. */
export function callbacksSection(texts: Texts): string {
  const t = escaped(texts);
  const paces = [
    ['1', t.cadence_1],
    ['0.1', t.cadence_0_1],
    ['0.01', t.cadence_0_01],
    ['0.001', t.cadence_0_001],
  ];
  return `<section class="view" id="callbacks" aria-labelledby="callbacks-title">
  <div class="view-head"><div><h2 id="callbacks-title">${t.callbacksTitle}</h2><p>${t.callbacksIntro}</p></div></div>
  <div class="card row-card">${icon('timer')}<div><h3 id="cadence-title">${t.cadenceTitle}</h3><p>${t.cadenceIntro}</p></div>
    <div class="row-actions"><select id="cadence" aria-labelledby="cadence-title">${paces
      .map(([scale, name]) => `<option value="${scale}">${name}</option>`)
      .join('')}</select></div></div>
  <ul class="attempts" id="attempts" aria-labelledby="callbacks-title"></ul>
  <div class="card empty" id="attempts-empty">${icon('send')}<strong>${t.callbacksEmpty}</strong></div>
</section>`;
}

function escaped(texts: Texts): Texts {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, escapeHtml(text)])) as Texts;
}
