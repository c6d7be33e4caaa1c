import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rememberOrder, sendCallbacks } from './channel-callbacks.ts';
import type { RememberedOrder } from './channel-callbacks.ts';
import { serveCommands } from './child.ts';
import { ALIPAY_ORDERS, WECHAT_ORDERS, alipayAnswer, openSigner, wechatAnswer } from './stub-answers.ts';
import type { StubAnswer, StubEndpoint, StubKeys, StubSigner } from './stub-answers.ts';

/**
 * WeChat Pay and Alipay as the bench needs them: they take orders and answer at once, if possible with a signature that was
 * made beforehand, so that the channel costs the measured programs nothing but the call itself. It is no simulator: it
 * believes everybody.
 */

export interface StubSettings extends StubKeys {
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
  /** Orders by endpoint: `native`, `alipay.trade.precreate` … */
  readonly by_endpoint: Readonly<Record<string, number>>;
  readonly others: Readonly<Record<string, number>>;
}

/** Distinct answers kept ready for an endpoint; each is used again and again until it is renewed. */
const READY_ANSWERS = 64;

/** Well inside the 5 minutes that clients allow between an answer's time and their own. */
const RENEW_EVERY_MS = 60_000;

const WECHAT_ORDER = /^\/v3\/pay\/(?:partner\/)?transactions\/([a-z0-9]+)$/;
const WECHAT_QUERY = /^\/v3\/pay\/(?:partner\/)?transactions\/out-trade-no\/([^/]+)(\/close)?$/;
const WECHAT_REFUNDS = '/v3/refund/domestic/refunds';
const ALIPAY_GATEWAY = '/gateway.do';

/** Orders to be paid by `payRemembered`; null while nobody asked to remember them. */
let remembered: RememberedOrder[] | null = null;
/** Numbers that a query finds closed. */
const closed = new Set<string>();
let started: { readonly settings: StubSettings; readonly signer: StubSigner } | null = null;
/** Answers signed beforehand, by endpoint. */
let ready: ReadonlyMap<string, readonly StubAnswer[]> = new Map();

const counts = { unsigned: 0, by_endpoint: new Map<string, number>(), others: new Map<string, number>() };

async function start(settings: StubSettings): Promise<StubStarted> {
  const signer = openSigner(settings);
  started = { settings, signer };
  const renew = async (): Promise<void> => {
    ready = await makeReady(signer);
  };
  await renew();
  setInterval(() => void renew(), RENEW_EVERY_MS).unref();
  const server = createServer((request, response) => void serve(signer, request, response));
  // Longer than any pause of the bench, so that no keep-alive connection is closed under a request.
  server.keepAliveTimeout = 600_000;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function makeReady(signer: StubSigner): Promise<ReadonlyMap<string, readonly StubAnswer[]>> {
  const answers = new Map<string, readonly StubAnswer[]>();
  for (const [name, endpoint] of WECHAT_ORDERS) {
    if (endpoint.kind !== 'premade') continue;
    const made = Array.from({ length: READY_ANSWERS }, () =>
      wechatAnswer(signer, 200, JSON.stringify(endpoint.body())),
    );
    answers.set(name, await Promise.all(made));
  }
  return answers;
}

async function serve(signer: StubSigner, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const answer = await answerTo(signer, request, body).catch((problem: unknown) => ({
    status: 500,
    headers: {},
    body: problem instanceof Error ? problem.message : String(problem),
  }));
  response.writeHead(answer.status, answer.headers);
  response.end(answer.status === 204 ? undefined : answer.body);
}

function readBody(request: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.once('end', () => resolve(body));
  request.once('error', reject);
  return promise;
}

async function answerTo(signer: StubSigner, request: IncomingMessage, body: string): Promise<StubAnswer> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path === ALIPAY_GATEWAY) return answerAlipay(signer, body);
  const name = WECHAT_ORDER.exec(path)?.[1] ?? '';
  const endpoint = request.method === 'POST' ? WECHAT_ORDERS.get(name) : undefined;
  if (endpoint === undefined) return answerOther(signer, request.method ?? '', path, body);
  countOrder(name, request.headers.authorization?.startsWith('WECHATPAY2-SHA256-RSA2048 ') === true);
  remembered?.push(rememberOrder(body));
  if (endpoint.kind === 'premade') return premade(name);
  return wechatAnswer(signer, 200, JSON.stringify(endpoint.body(JSON.parse(body) as Record<string, unknown>)));
}

function premade(name: string): StubAnswer {
  const answers = ready.get(name) ?? [];
  const answer = answers[(counts.by_endpoint.get(name) ?? 0) % answers.length];
  if (answer === undefined) throw new Error(`no answer is ready for ${name}`);
  return answer;
}

function answerAlipay(signer: StubSigner, body: string): Promise<StubAnswer> {
  const form = new URLSearchParams(body);
  const method = form.get('method') ?? '';
  const content = JSON.parse(form.get('biz_content') ?? '{}') as Record<string, unknown>;
  const endpoint: StubEndpoint | undefined = ALIPAY_ORDERS.get(method);
  if (endpoint !== undefined) {
    countOrder(method, form.has('sign'));
    return alipayAnswer(signer, method, { code: '10000', msg: 'Success', ...endpoint.body(content) });
  }
  count(counts.others, method);
  // Nobody scans here: no trade has come to be.
  const sub_msg = '交易不存在';
  return alipayAnswer(signer, method, {
    code: '40004',
    msg: 'Business Failed',
    sub_code: 'ACQ.TRADE_NOT_EXIST',
    sub_msg,
  });
}

/** Queries get a true answer: nobody pays here by himself. They are signed as they come; they are not part of what is measured. */
function answerOther(signer: StubSigner, method: string, path: string, body: string): Promise<StubAnswer> {
  count(counts.others, `${method} ${path.replace(/[0-9a-f]{24}/, '…')}`);
  const answer = (status: number, json: unknown): Promise<StubAnswer> =>
    wechatAnswer(signer, status, json === null ? '' : JSON.stringify(json));
  const query = WECHAT_QUERY.exec(path);
  if (query?.[2] !== undefined) return answer(204, null);
  if (query?.[1] !== undefined) {
    const out_trade_no = query[1];
    const [trade_state, trade_state_desc] = closed.has(out_trade_no)
      ? ['CLOSED', '订单已关闭']
      : ['NOTPAY', '订单未支付'];
    return answer(200, { out_trade_no, trade_state, trade_state_desc });
  }
  if (method === 'POST' && path === WECHAT_REFUNDS) {
    const { out_trade_no, out_refund_no, amount } = JSON.parse(body) as Record<string, unknown>;
    const refund_id = `50000${Date.now()}0000000000`;
    return answer(200, { refund_id, out_refund_no, out_trade_no, status: 'SUCCESS', amount });
  }
  return answer(404, { code: 'RESOURCE_NOT_EXISTS', message: 'not part of the bench' });
}

function countOrder(endpoint: string, signed: boolean): void {
  count(counts.by_endpoint, endpoint);
  if (!signed) counts.unsigned += 1;
}

function count(counters: Map<string, number>, name: string): void {
  counters.set(name, (counters.get(name) ?? 0) + 1);
}

function report(): Promise<StubCounts> {
  return Promise.resolve({
    orders: [...counts.by_endpoint.values()].reduce((sum, one) => sum + one, 0),
    unsigned: counts.unsigned,
    by_endpoint: Object.fromEntries(counts.by_endpoint),
    others: Object.fromEntries(counts.others),
  });
}

/** From now on orders are remembered, so that they can be paid or closed. */
function rememberOrders(): Promise<void> {
  remembered = [];
  return Promise.resolve();
}

/** Pays every remembered order and forgets them. */
async function payRemembered(): Promise<PaidReport> {
  const orders = remembered ?? [];
  remembered = null;
  if (started === null) throw new Error('the stub has not been started');
  const { settings, signer } = started;
  return sendCallbacks(orders, settings.api_v3_key, async (body) => (await wechatAnswer(signer, 200, body)).headers);
}

/** From now on every remembered order is closed: a query finds it so. */
function closeRemembered(): Promise<void> {
  for (const { out_trade_no } of remembered ?? []) closed.add(out_trade_no);
  remembered = null;
  return Promise.resolve();
}

serveCommands({ start, report, rememberOrders, payRemembered, closeRemembered });
