// The total as it is chosen, and the buttons beside the counts. Prices on the order are the server's.
const form = document.querySelector('[data-shop]');
const total = document.querySelector('[data-total]');

function show() {
  let fen = 0;
  for (const input of form.querySelectorAll('[data-price]'))
    fen += Number(input.dataset.price) * (input.valueAsNumber || 0);
  total.value = `¥${(fen / 100).toFixed(2)}`;
}

form.addEventListener('input', show);
form.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-step]');
  if (button === null) return;
  const input = button.parentElement.querySelector('input');
  const count = (input.valueAsNumber || 0) + Number(button.dataset.step);
  input.value = String(Math.min(Math.max(count, 0), Number(input.max)));
  show();
});
// A scanner types the code and presses Enter: that is what the form waits for. A browser that comes back keeps its counts.
globalThis.addEventListener('pageshow', show);
