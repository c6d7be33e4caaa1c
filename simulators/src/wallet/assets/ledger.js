import { call } from './api.js';
import { channelBadge } from './badge.js';
import { byId, element, showList } from './dom.js';
import { channelName, moment, text, yuan } from './page-data.js';

const ROWS_SHOWN = 200;

let entries = [];

/** Wires the filter. */
export function startLedger() {
  byId('ledger-channel').addEventListener('change', show);
}

/** Fetches what is new and shows it, newest first. */
export async function refreshLedger() {
  const since = entries[0]?.seq ?? 0;
  const answer = await call('GET', `/control/ledger?since=${since}`);
  if (answer.last_seq < since) {
    // The simulators were started over with other data.
    entries = [];
    return refreshLedger();
  }
  entries = [...answer.entries.toReversed(), ...entries];
  show();
}

function show() {
  const select = byId('ledger-channel');
  for (const channel of new Set(entries.map((entry) => entry.channel))) {
    if ([...select.options].some(({ value }) => value === channel)) continue;
    select.append(element('option', { value: channel }, channelName(channel)));
  }
  const chosen = entries.filter(({ channel }) => select.value === '' || channel === select.value);
  byId('ledger-empty').hidden = chosen.length > 0;
  byId('ledger-truncated').textContent =
    chosen.length > ROWS_SHOWN ? text('ledgerTruncated', { shown: ROWS_SHOWN, count: chosen.length }) : '';
  showList(byId('ledger-rows'), chosen.slice(0, ROWS_SHOWN), ({ seq }) => seq, row);
}

function row(entry) {
  const cell = (label, properties, ...children) =>
    element('td', { ...properties, 'data-label': text(label) }, ...children);
  const out = ['refund', 'reverse'].includes(entry.kind);
  return element(
    'tr',
    { 'data-kind': entry.kind },
    cell('ledgerTime', { class: 'time' }, moment(entry.at_ms)),
    cell(
      'ledgerChannel',
      {},
      element('span', { class: 'channel' }, channelBadge(entry.channel), channelName(entry.channel)),
    ),
    cell(
      'ledgerKind',
      {},
      element('span', { class: 'kind', 'data-kind': entry.kind }, text(`kind_${entry.kind}`) ?? entry.kind),
      entry.note !== undefined && element('small', {}, ' ', entry.note),
    ),
    cell('ledgerAmount', { class: 'amount' }, `${out && entry.amount > 0 ? '−' : ''}${yuan(entry.amount)}`),
    cell(
      'ledgerNumbers',
      { class: 'numbers' },
      number('number_order', entry.out_trade_no),
      number('number_refund', entry.out_refund_no),
      number('number_transaction', entry.transaction_id),
    ),
  );
}

function number(label, value) {
  return value !== undefined && element('span', {}, element('small', {}, text(label)), element('code', {}, value));
}
