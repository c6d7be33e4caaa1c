import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rememberOrder, sendCallbacks } from './channel-callbacks.ts';
import type { RememberedOrder } from './channel-callbacks.ts';
import { serveCommands } from './child.ts';

/**
 * WeChat Pay as the bench needs it: takes a Native order and answers at once with a signature that was made beforehand,
 * so that the channel costs the measured programs nothing but the call itself. It is no simulator: it believes everybody.
 */

export interface StubSettings {
  readonly wechat_private_key: string;
  readonly wechat_serial: string;
  readonly api_v3_key: string;
}

export interface StubStarted {
  readonly url: string;
}

export interface PaidReport {
  readonly acknowledged: number;
  readonly refused: Readonly<Record<string, number>>;
}

export interface StubCounts {
  readonly orders: number;
  readonly unsigned: number;
  readonly others: Readonly<Record<string, number>>;
}

const NATIVE_PATHS = new Set(['/v3/pay/partner/transactions/native', '/v3/pay/transactions/native']);

/** Distinct answers kept ready; each is used again and again until it is renewed. */
const READY_ANSWERS = 64;

/** Well inside the 5 minutes that clients allow between an answer's time and their own. */
const RENEW_EVERY_MS = 60_000;

interface SignedAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Orders to be paid by `payRemembered`; null while nobody asked to remember them. */
let remembered: RememberedOrder[] | null = null;
let started: StubSettings | null = null;

const counts = { orders: 0, unsigned: 0, others: new Map<string, number>() };

function start(settings: StubSettings): Promise<StubStarted> {
  started = settings;
  const key = createPrivateKey(settings.wechat_private_key);
  let ready = nativeAnswers(key, settings.wechat_serial);
  setInterval(() => {
    ready = nativeAnswers(key, settings.wechat_serial);
  }, RENEW_EVERY_MS).unref();
  let next = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'POST' && NATIVE_PATHS.has(path)) {
      counts.orders += 1;
      if (!request.headers.authorization?.startsWith('WECHATPAY2-SHA256-RSA2048 ')) counts.unsigned += 1;
      if (remembered !== null) remember(request, remembered);
      next = (next + 1) % READY_ANSWERS;
      answerWhenRead(request, response, 200, ready[next] ?? nativeAnswer(key, settings.wechat_serial));
    } else {
      answerOther(key, settings.wechat_serial, request, response);
    }
  });
  // Longer than any pause of the bench, so that no keep-alive connection is closed under a request.
  server.keepAliveTimeout = 600_000;
  const { promise, resolve, reject } = Promise.withResolvers<StubStarted>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  });
  return promise;
}

/** Queries get a true answer: nobody pays here. They are signed as they come; they are not part of what is measured. */
function answerOther(key: KeyObject, serial: string, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const query = /^\/v3\/pay\/(?:partner\/)?transactions\/out-trade-no\/([^/]+)(\/close)?$/.exec(path);
  const kind = `${request.method} ${path.replace(/[0-9a-f]{24}/, '…')}`;
  counts.others.set(kind, (counts.others.get(kind) ?? 0) + 1);
  if (query?.[2] !== undefined) return answerWhenRead(request, response, 204, signed(key, serial, ''));
  if (query?.[1] !== undefined) {
    const body = { out_trade_no: query[1], trade_state: 'NOTPAY', trade_state_desc: '订单未支付' };
    return answerWhenRead(request, response, 200, signed(key, serial, JSON.stringify(body)));
  }
  const body = JSON.stringify({ code: 'RESOURCE_NOT_EXISTS', message: 'not part of the bench' });
  return answerWhenRead(request, response, 404, signed(key, serial, body));
}

function remember(request: IncomingMessage, list: RememberedOrder[]): void {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.once('end', () => list.push(rememberOrder(body)));
}

function answerWhenRead(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  answer: SignedAnswer,
): void {
  request.resume();
  request.once('end', () => {
    response.writeHead(status, answer.headers);
    response.end(status === 204 ? undefined : answer.body);
  });
}

function nativeAnswers(key: KeyObject, serial: string): readonly SignedAnswer[] {
  return Array.from({ length: READY_ANSWERS }, () => nativeAnswer(key, serial));
}

function nativeAnswer(key: KeyObject, serial: string): SignedAnswer {
  return signed(key, serial, `{"code_url":"weixin://wxpay/bizpayurl?pr=${randomBytes(6).toString('hex')}"}`);
}

/** WeChat Pay signs "timestamp\nnonce\nbody\n" (WeChat Pay V3 merchant documentation, page 4012365341). */
function signed(key: KeyObject, serial: string, body: string): SignedAnswer {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = randomBytes(16).toString('hex');
  const signature = sign('sha256', Buffer.from(`${timestamp}\n${nonce}\n${body}\n`), key).toString('base64');
  return {
    body,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      'Request-ID': createHash('sha256').update(nonce).digest('hex').slice(0, 32),
      'Wechatpay-Timestamp': timestamp,
      'Wechatpay-Nonce': nonce,
      'Wechatpay-Serial': serial,
      'Wechatpay-Signature': signature,
      'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
    },
  };
}

function report(): Promise<StubCounts> {
  return Promise.resolve({
    orders: counts.orders,
    unsigned: counts.unsigned,
    others: Object.fromEntries(counts.others),
  });
}

/** From now on orders are remembered, so that they can be paid. */
function rememberOrders(): Promise<void> {
  remembered = [];
  return Promise.resolve();
}

/** Pays every remembered order and forgets them. */
function payRemembered(): Promise<PaidReport> {
  const orders = remembered ?? [];
  remembered = null;
  const settings = started;
  if (settings === null) throw new Error('the stub has not been started');
  const key = createPrivateKey(settings.wechat_private_key);
  return sendCallbacks(orders, settings.api_v3_key, (body) => signed(key, settings.wechat_serial, body).headers);
}

serveCommands({ start, report, rememberOrders, payRemembered });
