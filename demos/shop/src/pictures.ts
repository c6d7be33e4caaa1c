/** Small drawings in the colour of the text around them. */
import { html, Html } from './html.ts';
import type { Good } from './goods.ts';
import type { Way } from './ways.ts';

const GOODS: Readonly<Record<Good['picture'], string>> = {
  cup: '<path d="M8 18h26v10a12 12 0 0 1-12 12h-2A12 12 0 0 1 8 28z"/><path d="M34 21h3a5 5 0 0 1 0 10h-4"/><path d="M15 12c0-3 3-3 3-6M25 12c0-3 3-3 3-6"/>',
  glass: '<path d="M12 10h24l-3 30H15z"/><path d="M13.500 22h21"/><path d="M26 10l4-6h6"/>',
  leaf: '<path d="M8 40C8 20 20 8 40 8c0 20-12 32-32 32z"/><path d="M8 40 28 20"/><path d="M18 30v-8M18 30h8"/>',
  cake: '<path d="M6 22 33 9c5 2 9 7 9 13z"/><path d="M6 22v17h36V22"/><path d="M6 31h36"/><circle cx="33" cy="16" r="1"/>',
  bread:
    '<path d="M6 32c0-12 8-20 18-20s18 8 18 20c0 4-6 5-8 1-3-6-6-7-10-7s-7 1-10 7c-2 4-8 3-8-1z"/><path d="M18 13l2 12M30 13l-2 12"/>',
  bean: '<path d="M14 10c8-6 20 0 22 10s-2 18-8 20-16 0-20-8S8 14 14 10z"/><path d="M14 10c2 8 12 8 12 16s2 10 2 14"/>',
};

const WAYS: Readonly<Record<Way, string>> = {
  wechat:
    '<path d="M18 8C9 8 3 13 3 20c0 4 2 7 6 9l-1 5 6-3 4 1"/><path d="M45 29c0-6-6-11-13-11s-13 5-13 11 6 11 13 11l4-1 5 3-1-5c3-2 5-5 5-8z"/>',
  alipay:
    '<rect x="5" y="5" width="38" height="38" rx="9"/><path d="M13 15h22M24 10v5M15 21h17c-2 8-8 14-15 14-4 0-6-2-6-5s3-5 7-5c6 0 13 4 19 8"/>',
  cashier:
    '<path d="M20 28a8 8 0 0 0 12 1l7-7a8 8 0 0 0-11-11l-4 4"/><path d="M28 20a8 8 0 0 0-12-1l-7 7a8 8 0 0 0 11 11l4-4"/>',
  code: '<path d="M5 15V8a3 3 0 0 1 3-3h7M33 5h7a3 3 0 0 1 3 3v7M43 33v7a3 3 0 0 1-3 3h-7M15 43H8a3 3 0 0 1-3-3v-7"/><path d="M13 14v20M19 14v20M25 14v20M30 14v20M35 14v20"/>',
  transfer: '<path d="M5 20 24 7l19 13z"/><path d="M10 22v16M20 22v16M28 22v16M38 22v16M5 42h38"/>',
};

/** A good's drawing; its name stands beside it. */
export function goodPicture(picture: Good['picture']): Html {
  return drawing('good-picture', GOODS[picture]);
}

/** A way's drawing; its name stands beside it. */
export function wayPicture(way: Way): Html {
  return drawing(`way-picture ${way}`, WAYS[way]);
}

function drawing(names: string, paths: string): Html {
  return html`<svg class="${names}" viewBox="0 0 48 48" aria-hidden="true">${new Html(paths)}</svg>`;
}
