import { call } from './api.js';
import { channelBadge } from './badge.js';
import { byId, element, showList, toast } from './dom.js';
import { channelName, moment, text } from './page-data.js';

/** Wires the pace of repeats. */
export function startCallbacks() {
  byId('cadence').addEventListener('change', () => void setCadence());
}

async function setCadence() {
  const pace = byId('cadence');
  try {
    const { scale } = await call('POST', '/control/cadence', { scale: Number(pace.value) });
    showCadence(scale);
    toast(text('cadenceSet', { name: pace.selectedOptions[0].textContent }));
  } catch (error) {
    toast(error.message, 'bad');
  }
}

/** Shows the pace that is in force, a person's own choice included. */
export function showCadence(scale) {
  const pace = byId('cadence');
  if (document.activeElement === pace) return;
  if (![...pace.options].some(({ value }) => Number(value) === scale)) {
    pace.append(element('option', { value: scale }, text('cadenceOther', { scale })));
  }
  pace.value = [...pace.options].find(({ value }) => Number(value) === scale).value;
}

/** Shows the attempts, newest first. */
export function showCallbacks(callbacks) {
  byId('attempts-empty').hidden = callbacks.length > 0;
  showList(byId('attempts'), callbacks, (attempt) => `${attempt.id}/${attempt.attempt}/${attempt.at_ms}`, row);
}

function row(attempt) {
  const again = element(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-label': text('callbackSendAgainLabel', { order: attempt.out_trade_no }),
      onclick: () => sendAgain(attempt.out_trade_no),
    },
    text('callbackSendAgain'),
  );
  return element(
    'li',
    { class: 'card attempt', 'data-accepted': attempt.accepted },
    element(
      'div',
      { class: 'attempt-head' },
      channelBadge(attempt.channel),
      element(
        'div',
        { class: 'attempt-text' },
        element('p', {}, element('strong', {}, attempt.event), ' ', verdict(attempt)),
        element('code', {}, attempt.out_trade_no),
        element(
          'small',
          {},
          `${channelName(attempt.channel)} · ${text('callbackAttempt', attempt)} · ${moment(attempt.at_ms)}`,
        ),
      ),
      again,
    ),
    details(attempt),
  );
}

function verdict(attempt) {
  const words = [];
  if (attempt.status !== null) words.push(`HTTP ${attempt.status}`);
  else words.push(text(attempt.request ? 'callbackNoAnswer' : 'callbackWithheld'));
  if (attempt.status !== null) words.push(text(attempt.accepted ? 'callbackYes' : 'callbackNo'));
  if (attempt.fault !== undefined) words.push(text('callbackFault', { fault: attempt.fault }));
  return element('span', { class: 'verdict', 'data-kind': attempt.accepted ? 'good' : 'bad' }, words.join(' · '));
}

function details(attempt) {
  const headers = Object.entries(attempt.request?.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const sent = attempt.request && [`POST ${attempt.url}`, ...headers, '', attempt.request.body].join('\n');
  const answered = attempt.error ?? attempt.answer_body;
  if (sent === undefined && answered === undefined) return element('p', { class: 'attempt-url' }, attempt.url);
  return element(
    'details',
    {},
    element('summary', {}, text('callbackDetails')),
    sent !== undefined && block('callbackRequest', sent),
    answered !== undefined && block('callbackAnswer', answered === '' ? '∅' : answered),
  );
}

function block(label, content) {
  return element('div', {}, element('h4', {}, text(label)), element('pre', { tabindex: 0 }, content));
}

async function sendAgain(out_trade_no) {
  try {
    await call('POST', '/control/callback', { out_trade_no });
    toast(text('callbackSent', { order: out_trade_no }));
  } catch (error) {
    toast(error.message, 'bad');
  }
}
