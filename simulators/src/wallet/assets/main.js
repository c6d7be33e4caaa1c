import { call } from './api.js';
import { startAuthCode } from './auth-code.js';
import { showCadence, showCallbacks, startCallbacks } from './callbacks.js';
import { byId } from './dom.js';
import { showFaults, startFaults } from './faults.js';
import { refreshLedger, startLedger } from './ledger.js';
import { clock, text } from './page-data.js';
import { showPending } from './pending.js';
import { startScanning } from './scan.js';
import { followedOrder, showCallbackProgress, startSheet } from './sheet.js';

const POLL_MS = 1000;
const VIEWS = ['wallet', 'faults', 'ledger', 'callbacks'];
const wide = matchMedia('(min-width: 960px)');

/** Shows the view that the address names; beside the phone, which a wide window always shows, stands a workbench. */
function showView() {
  const named = location.hash.slice(1);
  const view =
    VIEWS.includes(named) && !(wide.matches && named === 'wallet') ? named : wide.matches ? 'faults' : 'wallet';
  document.body.dataset.view = view;
  for (const link of document.querySelectorAll('[data-view-link]')) {
    if (link.dataset.viewLink === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

async function refresh() {
  const view = document.body.dataset.view;
  const wantsCallbacks = view === 'callbacks' || followedOrder() !== undefined;
  const [pending, faults, callbacks] = await Promise.all([
    call('GET', '/control/pending'),
    call('GET', '/control/faults'),
    wantsCallbacks ? call('GET', '/control/callbacks') : undefined,
    view === 'ledger' ? refreshLedger() : undefined,
  ]);
  showPending(pending.pending);
  showFaults(faults, () => void poll());
  if (callbacks) {
    showCallbacks(callbacks.callbacks);
    showCadence(callbacks.cadence_scale);
    showCallbackProgress(callbacks.callbacks);
  }
}

let timer;
let running = false;

/** Brings the page up to date now, and again after a while: one round at a time, none while nobody looks. */
async function poll() {
  clearTimeout(timer);
  if (running || document.hidden) return;
  running = true;
  try {
    await refresh();
    showConnection(true);
  } catch (error) {
    if (error.name !== 'CallError' || error.status !== undefined) reportError(error);
    showConnection(false);
  } finally {
    running = false;
    timer = setTimeout(() => void poll(), POLL_MS);
  }
}

function showConnection(online) {
  byId('connection').dataset.state = online ? 'online' : 'offline';
  byId('connection-text').textContent = text(online ? 'online' : 'offline');
  byId('alarm').hidden = online;
}

function showClock() {
  byId('clock').textContent = clock(Date.now());
}

showView();
startSheet();
startScanning();
startAuthCode();
startFaults(() => void poll());
startLedger();
startCallbacks();
showClock();
setInterval(showClock, 10_000);
addEventListener('hashchange', () => {
  showView();
  void poll();
});
wide.addEventListener('change', showView);
document.addEventListener('visibilitychange', () => void poll());
void poll();
