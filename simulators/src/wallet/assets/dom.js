const SVG = 'http://www.w3.org/2000/svg';

export const byId = (id) => document.getElementById(id);

/**
 * An element. Properties are set as attributes, `on…` as listeners, false and undefined are left out; children are
 * nodes or text, never markup.
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * Shows a list, keeping the nodes of items that did not change: focus, selection and open details survive polling.
 * @param keyOf identity of an item
 * @param render makes the node of an item
 */
export function showList(parent, items, keyOf, render) {
  const present = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const key = String(keyOf(item));
    const state = JSON.stringify(item);
    const old = present.get(key);
    if (old?.itemState === state) return old;
    const fresh = render(item);
    fresh.dataset.key = key;
    fresh.itemState = state;
    if (old?.contains(document.activeElement)) queueMicrotask(() => fresh.querySelector('button, a, summary')?.focus());
    return fresh;
  });
  const same = nodes.length === parent.children.length && nodes.every((node, index) => parent.children[index] === node);
  if (!same) parent.replaceChildren(...nodes);
}

let toastTimer;

/** Says something in passing, aloud for a screen reader. */
export function toast(sentence, kind = 'good') {
  const box = byId('toast');
  box.textContent = sentence;
  box.dataset.kind = kind;
  box.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove('shown'), 4000);
}
