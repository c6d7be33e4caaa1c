/** The shop's HTTP server, of Node's own library. */
import { readFileSync, readdirSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { toString as drawQr } from 'qrcode';
import { readBasket } from './goods.ts';
import { orderFragment, orderPage } from './order-page.ts';
import type { ShopOrder } from './orders.ts';
import type { Shop } from './shop.ts';
import { shopPage } from './shop-page.ts';
import { chooseLocale, isLocale, languageCookie, TEXTS, type Locale } from './texts.ts';
import { isWay } from './ways.ts';

const FOLDER = new URL('../public/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Everything comes from our own origin and nothing in a page is inline; no other page may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
const SECURE = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'same-origin', 'cache-control': 'no-store' };
const PAGE = {
  ...SECURE,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  vary: 'accept-language, cookie',
};

const BODY_LIMIT_BYTES = 65_536;
const STREAMS_AT_ONCE = 200;

interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly locale: Locale;
}

/** Makes the server's listener. */
export function shopServer(shop: Shop): RequestListener {
  const files = new Map(readdirSync(FOLDER).map((name) => [`/public/${name}`, readFileSync(new URL(name, FOLDER))]));
  const streams = { open: 0 };

  async function serve(visit: Visit): Promise<void> {
    const { request, response, url } = visit;
    const file = request.method === 'GET' ? files.get(url.pathname) : undefined;
    if (file) return end(response, 200, { ...SECURE, 'content-type': TYPES[extname(url.pathname)] ?? '' }, file);
    const key = `${request.method} ${url.pathname.replace(/^\/orders\/[0-9a-f]{24}(?=\/|$)/, '/orders/:id')}`;
    if (key === 'POST /notify') return takeNotification(shop, visit);
    if (request.method === 'POST' && !isFromOurPage(request))
      return end(response, 403, SECURE, 'a form of another page');
    switch (key) {
      case 'GET /':
        return showShop(shop, visit, null, new URLSearchParams());
      case 'POST /orders':
        return takeOrder(shop, visit);
      default:
        return serveOrder(shop, visit, key, streams);
    }
  }

  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://shop');
    const chosen = url.searchParams.get('lang');
    const locale = chooseLocale(chosen, request.headers.cookie ?? '', request.headers['accept-language'] ?? '');
    if (isLocale(chosen)) response.setHeader('set-cookie', languageCookie(chosen));
    serve({ request, response, url, locale }).catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      if (!response.headersSent) end(response, 500, SECURE, 'the shop has failed');
      else response.destroy();
    });
  };
}

async function serveOrder(shop: Shop, visit: Visit, key: string, streams: { open: number }): Promise<void> {
  const { response, url, locale } = visit;
  const order = shop.orders.get(url.pathname.split('/')[2] ?? '');
  if (order === null) return end(response, 404, PAGE, notFound(locale));
  const page = { locale, order, settings: shop.settings };
  switch (key) {
    case 'GET /orders/:id':
      return end(response, 200, PAGE, orderPage(page));
    case 'GET /orders/:id/fragment':
      return end(response, 200, PAGE, orderFragment(page).text);
    case 'GET /orders/:id/events':
      return streamChanges(shop, visit, order, streams);
    case 'GET /orders/:id/qr.svg':
      return showCode(response, order);
    case 'POST /orders/:id/query':
      await shop.ask(order);
      return seeOther(response, `/orders/${order.id}`);
    case 'POST /orders/:id/refund':
      return takeRefund(shop, visit, order);
    default:
      return end(response, 404, PAGE, notFound(locale));
  }
}

async function takeNotification(shop: Shop, { request, response }: Visit): Promise<void> {
  const body = await readBody(request);
  if (body === null) return end(response, 413, SECURE, 'too large');
  const answer = await shop.takeNotification(body);
  end(response, answer.status, { ...SECURE, 'content-type': 'text/plain; charset=utf-8' }, answer.body);
}

async function showShop(
  shop: Shop,
  { response, locale }: Visit,
  problem: 'emptyBasket' | 'wrongCode' | null,
  form: URLSearchParams,
): Promise<void> {
  const page = { locale, ways: shop.ways.open, latest: shop.orders.latest(8), problem, form };
  end(response, problem === null ? 200 : 422, PAGE, shopPage(page));
}

async function takeOrder(shop: Shop, visit: Visit): Promise<void> {
  const form = new URLSearchParams((await readBody(visit.request)) ?? '');
  const way = form.get('way');
  if (!isWay(way) || !shop.ways.open.includes(way)) return seeOther(visit.response, '/');
  const basket = readBasket(form);
  if (basket.length === 0) return showShop(shop, visit, 'emptyBasket', form);
  const auth_code = (form.get('auth_code') ?? '').replaceAll(/\s/g, '');
  if (way === 'code' && !/^\d{16,24}$/.test(auth_code)) return showShop(shop, visit, 'wrongCode', form);
  seeOther(visit.response, `/orders/${shop.order(basket, way, auth_code).id}`);
}

async function takeRefund(shop: Shop, { request, response, locale }: Visit, order: ShopOrder): Promise<void> {
  const amount = new URLSearchParams((await readBody(request)) ?? '').get('amount') ?? '';
  const [, whole = '', part = ''] = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(amount.trim()) ?? [];
  const refund_fen = whole === '' ? 0 : Number(whole) * 100 + Number(part.padEnd(2, '0'));
  if (!(await shop.refund(order, refund_fen))) {
    order.message = TEXTS[locale].wrongRefund;
    shop.orders.changed(order);
  }
  seeOther(response, `/orders/${order.id}`);
}

/** Server-sent events: one word at each change, and the page fetches what has changed. */
function streamChanges(shop: Shop, { response }: Visit, order: ShopOrder, streams: { open: number }): void {
  if (streams.open >= STREAMS_AT_ONCE)
    return end(response, 503, { ...SECURE, 'retry-after': '5' }, 'too many pages are open');
  streams.open += 1;
  response.writeHead(200, { ...SECURE, 'content-type': 'text/event-stream' });
  // What changed before the page listened is told at once.
  const tell = (): void => void response.write('data: changed\n\n');
  tell();
  const forget = shop.orders.watch(order, tell);
  const alive = setInterval(() => response.write(': alive\n\n'), 20_000);
  response.once('close', () => {
    streams.open -= 1;
    clearInterval(alive);
    forget();
  });
}

async function showCode(response: ServerResponse, order: ShopOrder): Promise<void> {
  if (order.show === null || !['wechat', 'alipay', 'cashier'].includes(order.way)) {
    return end(response, 404, SECURE, 'this order has no code');
  }
  const picture = await drawQr(order.show, { type: 'svg', margin: 4, errorCorrectionLevel: 'M' });
  end(
    response,
    200,
    { ...SECURE, 'content-type': 'image/svg+xml', 'content-security-policy': "default-src 'none'" },
    picture,
  );
}

/** A form of another site must not order or refund here, not even through a name that it rebinds to this machine. */
function isFromOurPage({ headers }: IncomingMessage): boolean {
  if (headers['sec-fetch-site'] !== undefined) return headers['sec-fetch-site'] === 'same-origin';
  return (
    headers.origin === undefined ||
    headers.origin === `http://${headers.host}` ||
    headers.origin === `https://${headers.host}`
  );
}

/** Null when it is too large. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_LIMIT_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function notFound(locale: Locale): string {
  const texts = TEXTS[locale];
  return `<!doctype html><html lang="${texts.language}"><meta charset="utf-8"><title>${texts.title}</title><p>${texts.notFound}</p><p><a href="/">${texts.back}</a></p></html>\n`;
}

function seeOther(response: ServerResponse, location: string): void {
  end(response, 303, { ...SECURE, location }, '');
}

function end(response: ServerResponse, status: number, headers: Record<string, string>, body: string | Buffer): void {
  response.writeHead(status, headers).end(body);
}
