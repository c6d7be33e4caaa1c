import { call } from './api.js';
import { copyText } from './clipboard.js';
import { byId } from './dom.js';
import { text } from './page-data.js';

/** Wires the panel that shows a payment code for a till to read. */
export function startAuthCode() {
  const form = byId('auth-code-form');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void show(form);
  });
  form.elements.behaviour.addEventListener('change', () => tell(form));
  for (const wallet of form.elements.wallet) wallet.addEventListener('change', () => hideCode());
  byId('auth-code-copy').addEventListener('click', () => void copyText(byId('auth-code').dataset.code));
  tell(form);
}

/** Says what a till will see of the chosen behaviour; a code that is shown has another one. */
function tell(form) {
  byId('auth-code-effect').textContent = text(`behaviourEffect_${form.elements.behaviour.value}`);
  hideCode();
}

function hideCode() {
  byId('auth-code-shown').hidden = true;
  byId('auth-code-message').textContent = '';
}

async function show(form) {
  const button = form.querySelector('button[type=submit]');
  button.disabled = true;
  byId('auth-code-message').textContent = '';
  try {
    const { wallet, behaviour } = form.elements;
    const { auth_code } = await call('POST', '/control/auth-code', {
      wallet: wallet.value,
      behaviour: behaviour.value,
    });
    byId('auth-code-shown').hidden = false;
    byId('auth-code-shown').dataset.channel = wallet.value;
    byId('auth-code').dataset.code = auth_code;
    byId('auth-code').textContent = auth_code.replace(/(\d{4})(?=\d)/g, '$1 ');
    byId('auth-code-shown').scrollIntoView({ block: 'nearest' });
    byId('auth-code-copy').focus({ preventScroll: true });
  } catch (error) {
    byId('auth-code-shown').hidden = true;
    byId('auth-code-message').textContent = error.message;
  } finally {
    button.disabled = false;
  }
}
