import { channelBadge } from './badge.js';
import { byId, element, icon, showList } from './dom.js';
import { ago, channelName, text, yuan } from './page-data.js';
import { openSheet } from './sheet.js';

/** Shows the codes that wait for their payer, newest first. */
export function showPending(pending) {
  byId('pending-count').textContent = pending.length > 0 ? text('pendingCount', { count: pending.length }) : '';
  byId('pending-empty').hidden = pending.length > 0;
  showList(byId('pending'), pending, (payment) => payment.code, row);
  for (const time of byId('pending').querySelectorAll('time')) time.textContent = ago(Number(time.dataset.at));
}

function row(payment) {
  const amount = yuan(payment.amount);
  const label = text('pendingOpen', {
    channel: channelName(payment.channel),
    merchant: payment.merchant_name,
    description: payment.description,
    amount,
  });
  const button = element(
    'button',
    { type: 'button', class: 'pending-row', 'aria-label': label, 'data-order': payment.out_trade_no },
    channelBadge(payment.channel),
    element(
      'span',
      { class: 'pending-text' },
      element(
        'strong',
        {},
        payment.state === 'USERPAYING' && element('i', { class: 'chip' }, text('needsPassword')),
        payment.description,
      ),
      element('small', {}, payment.merchant_name, ' · ', element('time', { 'data-at': payment.created_at_ms })),
    ),
    element('span', { class: 'pending-amount' }, element('i', {}, '¥'), amount),
    icon('chevron'),
  );
  button.addEventListener('click', () => openSheet(payment, button));
  return element('li', {}, button);
}
