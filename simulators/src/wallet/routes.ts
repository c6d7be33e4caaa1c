import { toBuffer } from 'qrcode';
import type { Route } from '../control/http.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Answer } from '../kernel/ports.ts';
import type { ChannelName } from '../kernel/channel-simulator.ts';
import { loadAssets } from './assets.ts';
import { OPEN_PATH } from './browser.ts';
import { chooseLocale, isLocale, LOCALE_COOKIE } from './locale.ts';
import { renderPage } from './page.ts';

/** Everything comes from our own origin and nothing in the page is inline; no other page may frame it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A code as long as this still fits a QR picture that a camera reads. */
const CODE_LIMIT_BYTES = 1024;
const YEAR_S = 365 * 24 * 60 * 60;

/** Where each wallet's own browser is served. */
export type BrowserOrigins = Readonly<Record<ChannelName, string>>;

/** What the wallet page leads to. */
export interface WalletLinks {
  readonly browsers: BrowserOrigins;
  /** Where the bank's counter is. */
  readonly bank: string;
}

/** The wallet page, its files, QR pictures of codes, and the ways into a wallet's own browser and to the bank's counter. */
export function walletRoutes(links?: WalletLinks): Route[] {
  const assets = [...loadAssets()].map(([path, answer]): Route => ({ method: 'GET', path, answer: () => answer }));
  return [
    { method: 'GET', path: '/', answer: ({ query, headers }) => page(query.get('lang'), headers) },
    { method: 'GET', path: '/wallet/qr.png', answer: ({ query }) => picture(query.get('code') ?? '') },
    ...(links ? [openRoute(links.browsers), counterRoute(links.bank)] : []),
    ...assets,
  ];
}

/** A link that the person opens inside a wallet. */
function openRoute(browsers: BrowserOrigins): Route {
  return {
    method: 'GET',
    path: '/wallet/open',
    answer: ({ query }) => {
      const origin = query.get('wallet') === 'alipay' ? browsers.alipay : browsers.wechat;
      const location = `${origin}${OPEN_PATH}?url=${encodeURIComponent(query.get('url') ?? '')}`;
      return { status: 303, headers: { location, 'cache-control': 'no-store' }, body: Buffer.alloc(0) };
    },
  };
}

/** The page names no address but its own. */
function counterRoute(origin: string): Route {
  const headers = { location: `${origin}/`, 'cache-control': 'no-store' };
  return { method: 'GET', path: '/bank', answer: () => ({ status: 303, headers, body: Buffer.alloc(0) }) };
}

function page(chosen: string | null, headers: Readonly<Record<string, string>>): Answer {
  const remember = isLocale(chosen)
    ? { 'set-cookie': `${LOCALE_COOKIE}=${chosen}; Path=/; Max-Age=${YEAR_S}; SameSite=Strict; HttpOnly` }
    : {};
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'cross-origin-opener-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      vary: 'accept-language, cookie',
      ...remember,
    },
    body: Buffer.from(renderPage(chooseLocale(chosen, headers))),
  };
}

async function picture(code: string): Promise<Answer> {
  const length = Buffer.byteLength(code);
  if (length === 0 || length > CODE_LIMIT_BYTES) {
    throw new ControlError(400, `code has ${length} bytes: give the text to encode, 1 to ${CODE_LIMIT_BYTES} bytes`);
  }
  const body = await toBuffer(code, { errorCorrectionLevel: 'M', margin: 4, scale: 8 });
  return {
    status: 200,
    headers: {
      'content-type': 'image/png',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    },
    body,
  };
}
