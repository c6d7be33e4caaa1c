import { call } from './api.js';
import { channelBadge } from './badge.js';
import { byId, element, icon } from './dom.js';
import { channelName, clock, moment, text, yuan } from './page-data.js';
import { qrPart } from './qr-part.js';

/** States in which the channel itself lets nobody pay any more; in any other the channel is asked and may refuse. */
const FINAL_STATES = new Set([
  'SUCCESS',
  'REFUND',
  'CLOSED',
  'REVOKED',
  'PAYERROR',
  'TRADE_SUCCESS',
  'TRADE_CLOSED',
  'TRADE_FINISHED',
]);
/** Codes that a camera reads; the others are prepay_ids and payment codes. */
const SCANNED = /^(weixin|https?):/;
const PAID_STATES = new Set(['SUCCESS', 'TRADE_SUCCESS']);

let opener;
let followed;

/** Wires the ways to leave the cashier. */
export function startSheet() {
  byId('sheet-close').addEventListener('click', closeSheet);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !byId('sheet').hidden) closeSheet();
  });
}

/**
 * Slides the cashier over the phone's screen, as after a scan.
 * @param payment what the phone shows of the order
 * @param from gets the focus back when the cashier closes
 */
export function openSheet(payment, from) {
  opener = from;
  byId('phone-content').inert = true;
  byId('sheet').hidden = false;
  byId('sheet').dataset.channel = payment.channel;
  byId('sheet-title').textContent = text('sheetTitleOf', { channel: channelName(payment.channel) });
  showCashier(payment);
}

export function closeSheet() {
  followed = undefined;
  byId('sheet').hidden = true;
  byId('phone-content').inert = false;
  const target = opener?.isConnected ? opener : byId('pending-title');
  target.focus({ preventScroll: true });
}

/** The order whose callback the open result waits for, if any. */
export function followedOrder() {
  return followed;
}

/** Tells on the open result what became of the order's callback. */
export function showCallbackProgress(callbacks) {
  const line = byId('callback-progress');
  const attempt = callbacks.find(({ out_trade_no }) => out_trade_no === followed);
  if (!line || !attempt) return;
  const [key, kind] = attempt.accepted
    ? ['callbackAccepted', 'good']
    : attempt.request || attempt.error
      ? ['callbackRefused', 'bad']
      : ['callbackDropped', 'bad'];
  line.dataset.kind = kind;
  line.textContent = text(key, attempt);
}

function showCashier(payment, problem) {
  followed = undefined;
  const payable = !FINAL_STATES.has(payment.state);
  const waiting = payment.state === 'USERPAYING' ? text('tillWaits') : '';
  const message = problem ?? (payable ? waiting : text('notPayable'));
  byId('sheet-body').replaceChildren(
    element(
      'div',
      { class: 'payee' },
      channelBadge(payment.channel),
      element('p', {}, element('small', {}, text('payTo')), element('strong', {}, payment.merchant_name)),
      element('p', { class: 'goods' }, payment.description),
      element('p', { class: 'amount' }, element('i', {}, '¥'), yuan(payment.amount)),
    ),
    element(
      'p',
      { class: 'sheet-message', role: 'alert', id: 'sheet-message', 'data-kind': problem ? 'bad' : waiting && 'calm' },
      message,
    ),
    payable ? actions(payment) : element('div', { class: 'actions' }, doneButton()),
    facts(payment),
    ...(payable && SCANNED.test(payment.code) ? [qrPart(payment)] : []),
  );
  byId('sheet-body').scrollTop = 0;
  (byId('sheet-body').querySelector('.primary') ?? byId('sheet-title')).focus({ preventScroll: true });
}

function facts(payment) {
  return element(
    'dl',
    { class: 'facts' },
    fact(text('orderNumber'), element('code', {}, payment.out_trade_no)),
    fact(text('orderState'), stateText(payment.state)),
    fact(text('createdAt'), moment(payment.created_at_ms)),
    fact(text(payment.state === 'USERPAYING' ? 'actsAt' : 'expiresAt'), moment(payment.expires_at_ms)),
  );
}

function stateText(state) {
  const meaning = text(`state_${state}`);
  return meaning === undefined
    ? element('code', {}, state)
    : element('span', {}, meaning, ' ', element('code', {}, state));
}

function actions(payment) {
  const button = (action, label, style) =>
    element(
      'button',
      { type: 'button', class: style, 'data-action': action, onclick: () => act(payment, action) },
      label,
    );
  return element(
    'div',
    { class: 'actions' },
    button('pay', text('payAmount', { amount: yuan(payment.amount) }), 'primary'),
    button('wrong_password', text('wrongPassword'), 'secondary'),
    button('cancel', text('cancel'), 'secondary'),
  );
}

async function act(payment, action) {
  const buttons = [...byId('sheet-body').querySelectorAll('.actions button')];
  for (const button of buttons) button.disabled = true;
  byId('sheet-message').textContent = text('working');
  try {
    const { state } = await call('POST', '/control/scan', { code: payment.code, action });
    if (action === 'wrong_password' && !FINAL_STATES.has(state)) {
      showCashier({ ...payment, state }, text('wrongPasswordResult'));
      shake();
    } else {
      showResult(payment, outcomeOf(payment, action, state), state);
    }
  } catch (error) {
    if (error.status === undefined) {
      for (const button of buttons) button.disabled = false;
      byId('sheet-message').textContent = error.message;
    } else {
      showResult(payment, {
        kind: 'bad',
        title: text('resultRefused'),
        hint: text('notPayable'),
        detail: error.message,
      });
    }
  }
}

function shake() {
  const message = byId('sheet-message');
  message.classList.remove('shake');
  void message.offsetWidth;
  message.classList.add('shake');
}

function outcomeOf(payment, action, state) {
  if (state === 'PAYERROR') return { kind: 'calm', title: text('resultCancelled'), hint: text('resultTillFailedHint') };
  if (action === 'cancel') {
    return { kind: 'calm', title: text('resultCancelled'), hint: text('resultCancelledHint') };
  }
  if (PAID_STATES.has(state)) {
    const silent = payment.state === 'USERPAYING';
    return {
      kind: 'good',
      title: text('resultPaid'),
      hint: text(silent ? 'resultTillPaidHint' : 'resultPaidHint'),
      silent,
    };
  }
  return { kind: 'calm', title: text('resultOther'), hint: '' };
}

function showResult(payment, outcome, state) {
  const paid = outcome.kind === 'good';
  // A payment-code order of WeChat is never called back: there is nothing to wait for.
  const follows = paid && !outcome.silent;
  followed = follows ? payment.out_trade_no : undefined;
  const signs = { good: 'check', bad: 'alert', calm: 'close' };
  byId('sheet-body').replaceChildren(
    element(
      'div',
      { class: 'result', 'data-kind': outcome.kind, role: 'status' },
      element('span', { class: 'result-sign' }, icon(signs[outcome.kind])),
      element('h3', {}, outcome.title),
      element('p', { class: 'amount', 'data-paid': paid }, element('i', {}, '¥'), yuan(payment.amount)),
      element('p', { class: 'result-hint' }, outcome.hint),
      outcome.detail !== undefined && element('p', { class: 'result-hint', lang: 'en' }, outcome.detail),
    ),
    element(
      'dl',
      { class: 'facts' },
      fact(text('payTo'), payment.merchant_name),
      fact(channelName(payment.channel), clock(Date.now())),
      fact(text('orderNumber'), element('code', {}, payment.out_trade_no)),
      state !== undefined && fact(text('orderState'), stateText(state)),
    ),
    ...(follows ? [callbackLine()] : []),
    element('div', { class: 'actions' }, doneButton()),
  );
  byId('sheet-body').querySelector('.primary').focus({ preventScroll: true });
}

function callbackLine() {
  return element('p', { class: 'callback-progress', id: 'callback-progress', role: 'status' }, text('callbackWaiting'));
}

function fact(name, value) {
  return element('div', {}, element('dt', {}, name), element('dd', {}, value));
}

function doneButton() {
  return element('button', { type: 'button', class: 'primary', onclick: closeSheet }, text('done'));
}
