/** Line icons of 24 × 24, drawn for this page. */
const ICON_PATHS: Readonly<Record<string, string>> = {
  scan: '<path d="M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2M4 12h16"/>',
  phone: '<rect x="7" y="3" width="10" height="18" rx="2.5"/><path d="M11 18h2"/>',
  bolt: '<path d="M13 3 5 13.5h6L10 21l8-10.5h-6z"/>',
  book: '<path d="M5 5a2 2 0 0 1 2-2h12v18H7a2 2 0 0 1-2-2zM5 18a2 2 0 0 1 2-2h12M9 7h6M9 10.5h6"/>',
  send: '<path d="M21 3 10 14M21 3l-7 18-4-7-7-4z"/>',
  globe:
    '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c2.5 2.7 3.5 5.7 3.5 9s-1 6.3-3.5 9c-2.5-2.7-3.5-5.7-3.5-9s1-6.3 3.5-9z"/>',
  alert: '<path d="M12 4 2.5 20h19zM12 10v4M12 17h.01"/>',
  close: '<path d="m6 6 12 12M18 6 6 18"/>',
  check: '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
  qr: '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18h2v2"/>',
  barcode: '<path d="M4 6v12M7.5 6v12M11 6v12M13.5 6v12M17 6v12M20 6v12"/>',
  wallet: '<path d="M4 7a2 2 0 0 1 2-2h11v3M4 7v10a2 2 0 0 0 2 2h14V8H6a2 2 0 0 1-2-1zM16 13.5h.01"/>',
  bank: '<path d="M3.5 10 12 4l8.5 6zM6 10v7M10 10v7M14 10v7M18 10v7M3.5 20h17"/>',
  chevron: '<path d="m9 6 6 6-6 6"/>',
  key: '<circle cx="8" cy="15" r="4"/><path d="m11 12 9-9M16 7l3 3"/>',
  timer: '<circle cx="12" cy="13" r="8"/><path d="M12 9v4l2.5 2M9 2h6"/>',
};

/** The symbols that `icon` refers to; once per page. */
export const iconSprite = `<svg width="0" height="0" class="sprite" aria-hidden="true" focusable="false">${Object.entries(
  ICON_PATHS,
)
  .map(([name, paths]) => `<symbol id="icon-${name}" viewBox="0 0 24 24">${paths}</symbol>`)
  .join('')}</svg>`;

/** An icon that says nothing to a screen reader: the words beside it do. */
export function icon(name: string): string {
  return `<svg class="icon" aria-hidden="true" focusable="false"><use href="#icon-${name}"/></svg>`;
}
