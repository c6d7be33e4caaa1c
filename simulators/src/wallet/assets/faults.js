import { call } from './api.js';
import { byId, element, showList, toast } from './dom.js';
import { channelName, faultEffect, text } from './page-data.js';

let known;

/** Wires the form; `refresh` is called after every change. */
export function startFaults(refresh) {
  const form = byId('fault-scope');
  form.addEventListener('submit', (event) => event.preventDefault());
  form.elements.operation.addEventListener('change', () => showKinds(refresh));
  byId('faults-clear').addEventListener('click', () => void clear(refresh));
  for (const button of document.querySelectorAll('[data-rotate]')) {
    button.addEventListener('click', () => void rotate(button.dataset.rotate));
  }
}

/** Shows the kinds of fault and those that are active. */
export function showFaults(answer, refresh) {
  const kinds = JSON.stringify([answer.channels, answer.operations, answer.faults]);
  if (known?.kinds !== kinds) {
    known = { kinds, faults: answer.faults };
    const { channel, operation } = byId('fault-scope').elements;
    channel.replaceChildren(...answer.channels.map((name) => element('option', { value: name }, channelName(name))));
    const operations = ['*', ...answer.operations.filter((name) => name !== '*')];
    operation.replaceChildren(
      ...operations.map((name) => element('option', { value: name }, text(`operation_${name}`) ?? name)),
    );
    showKinds(refresh);
  }
  const count = answer.active.length;
  byId('faults-count').textContent = String(count);
  for (const id of ['faults-count', 'faults-clear']) byId(id).hidden = count === 0;
  byId('faults-none').hidden = count > 0;
  byId('active-faults').classList.toggle('some', count > 0);
  showList(byId('faults-active'), answer.active, ({ id }) => id, activeRow);
}

function activeRow(fault) {
  const tag = (sentence) => element('span', { class: 'tag' }, sentence);
  return element(
    'li',
    { class: 'active-row' },
    element('code', {}, fault.fault),
    tag(channelName(fault.channel)),
    tag(text(`operation_${fault.operation}`) ?? fault.operation),
    element(
      'strong',
      {},
      fault.remaining === undefined ? text('faultUntilCleared') : text('faultRemaining', { count: fault.remaining }),
    ),
    fault.rate !== undefined && tag(text('faultProbability', { rate: Number((fault.rate * 100).toPrecision(6)) })),
    fault.delay_ms !== undefined && tag(text('faultDelayed', { delay: fault.delay_ms })),
    fault.fired > 0 && tag(text('faultFired', { count: fault.fired })),
  );
}

function showKinds(refresh) {
  const { operation } = byId('fault-scope').elements;
  const rows = known.faults.map((kind) => ({ ...kind, fits: kind.operations.includes(operation.value) }));
  showList(
    byId('fault-list'),
    rows,
    ({ name }) => name,
    (kind) => kindRow(kind, refresh),
  );
}

function kindRow(kind, refresh) {
  const { operation } = byId('fault-scope').elements;
  const misfit = text('faultDoesNotFit', { operation: text(`operation_${operation.value}`) ?? operation.value });
  return element(
    'li',
    { class: kind.fits ? 'fault-row' : 'fault-row misfit' },
    element(
      'div',
      {},
      element('h3', {}, kind.name),
      element('p', {}, faultEffect(kind)),
      !kind.fits && element('small', {}, misfit),
    ),
    element(
      'button',
      {
        type: 'button',
        disabled: !kind.fits,
        'aria-label': text('faultInjectLabel', { name: kind.name }),
        onclick: () => void inject(kind.name, refresh),
      },
      text('faultInject'),
    ),
  );
}

async function inject(fault, refresh) {
  const form = byId('fault-scope');
  if (!form.reportValidity()) return;
  const { channel, operation, count, rate, delay_ms } = form.elements;
  const body = {
    channel: channel.value,
    operation: operation.value,
    fault,
    ...(count.value === '' ? {} : { count: Number(count.value) }),
    ...(rate.value === '' ? {} : { rate: Number(rate.value) / 100 }),
    ...(delay_ms.value === '' ? {} : { delay_ms: Number(delay_ms.value) }),
  };
  await tell(() => call('POST', '/control/faults', body), text('faultInjected', { name: fault }));
  refresh();
}

async function clear(refresh) {
  await tell(() => call('DELETE', '/control/faults'), text('faultsCleared'));
  // The button goes away with the last fault; the focus stays near.
  document.querySelector('.fault-row button:enabled')?.focus();
  refresh();
}

async function rotate(to) {
  try {
    const { serial } = await call('POST', '/control/rotate-certificate', { to });
    toast(text('rotated', { serial }));
  } catch (error) {
    toast(error.message, 'bad');
  }
}

async function tell(act, sentence) {
  try {
    await act();
    toast(sentence);
  } catch (error) {
    toast(error.message, 'bad');
  }
}
