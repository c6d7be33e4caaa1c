// The server says when something has changed; what has changed is fetched as HTML and exchanged.
const root = document.querySelector('#order');
const announcement = document.querySelector('#announcement');
const events = new EventSource(`${root.dataset.path}/events`);
let busy = false;
let again = false;

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  do {
    again = false;
    const answer = await fetch(`${root.dataset.path}/fragment`).catch(() => null);
    if (answer?.ok) exchange(await answer.text());
  } while (again);
  busy = false;
}

// What a person has opened, closed or typed stays as it is.
function exchange(html) {
  const opened = new Map([...root.querySelectorAll('details[data-key]')].map((one) => [one.dataset.key, one.open]));
  const typed = new Map(
    [...root.querySelectorAll('input')].map((one) => [one.id, one.value === one.defaultValue ? null : one.value]),
  );
  const focused = root.contains(document.activeElement) ? document.activeElement.id : '';
  root.innerHTML = html;
  for (const one of root.querySelectorAll('details[data-key]')) one.open = opened.get(one.dataset.key) ?? one.open;
  for (const one of root.querySelectorAll('input')) one.value = typed.get(one.id) ?? one.value;
  if (focused !== '') document.getElementById(focused)?.focus();
  const { announce } = root.firstElementChild.dataset;
  if (announce !== root.dataset.announce) {
    root.dataset.announce = announce;
    announcement.textContent = announce;
  }
}

events.addEventListener('message', () => void refresh());
// A page that leaves ends its stream, so that the server can forget it.
globalThis.addEventListener('pagehide', () => events.close());
globalThis.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});
