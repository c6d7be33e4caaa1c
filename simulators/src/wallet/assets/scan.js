import { call } from './api.js';
import { readCode } from './decode.js';
import { byId } from './dom.js';
import { text } from './page-data.js';
import { openSheet } from './sheet.js';

/** Wires everything by which a code comes in: file, drop, paste and typed text. */
export function startScanning() {
  const area = byId('scan');
  byId('scan-file').addEventListener('change', (event) => {
    const [file] = event.target.files;
    event.target.value = '';
    if (file) void scanPicture(file);
  });
  byId('code-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void lookAt(byId('code-text').value);
  });
  for (const name of ['dragenter', 'dragover']) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      area.classList.add('dropping');
      byId('scan-hint').textContent = text('scanDrop');
    });
  }
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) stopDropping(area);
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    stopDropping(area);
    takeTransfer(event.dataTransfer);
  });
  document.addEventListener('paste', (event) => {
    const typing = event.target.closest?.('input, textarea, select');
    const picture = pictureOf(event.clipboardData);
    if (typing && !picture) return;
    event.preventDefault();
    takeTransfer(event.clipboardData);
  });
}

function stopDropping(area) {
  area.classList.remove('dropping');
  byId('scan-hint').textContent = text('scanHint');
}

function pictureOf(transfer) {
  return [...transfer.files].find((file) => file.type.startsWith('image/')) ?? transfer.files[0];
}

function takeTransfer(transfer) {
  const picture = pictureOf(transfer);
  if (picture) void scanPicture(picture);
  else if (transfer.getData('text')) void lookAt(transfer.getData('text'));
}

async function scanPicture(file) {
  say(text('scanReading'), 'busy');
  let code;
  try {
    code = await readCode(file);
  } catch {
    say(text('scanNotPicture'), 'bad');
    return;
  }
  if (code === undefined) say(text('scanNoCode'), 'bad');
  else await lookAt(code);
}

async function lookAt(typed) {
  const code = typed.trim();
  byId('code-text').value = code;
  if (code === '') {
    say(text('codeEmpty'), 'bad');
    byId('code-text').focus();
    return;
  }
  const is_page = offerPage(code);
  try {
    const payment = await call('POST', '/control/look', { code });
    offerPage('');
    say('', '');
    byId('code-text').value = '';
    openSheet(payment, byId('code-text'));
  } catch (error) {
    if (error.status === 404 && is_page) say(text('codeIsPage'), 'busy');
    else say(error.status === 404 ? text('codeUnknown') : error.message, 'bad');
  }
}

/** A page on this machine, a payment link say, is opened in the browser of either wallet. */
function offerPage(code) {
  const is_page = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?\//.test(code);
  byId('scan-open').hidden = !is_page;
  for (const link of byId('scan-open').querySelectorAll('a')) {
    link.href = `/wallet/open?wallet=${link.dataset.wallet}&url=${encodeURIComponent(code)}`;
  }
  return is_page;
}

function say(sentence, kind) {
  const message = byId('scan-message');
  message.textContent = sentence;
  message.dataset.kind = kind;
  byId('code-text').setAttribute('aria-invalid', String(kind === 'bad'));
}
