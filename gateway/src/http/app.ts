/** Builds the HTTP server; does not listen, so that tests and the simulation inject requests. */
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ApiError } from '../domain/codes.ts';
import { PREORDER_PAY_TYPE } from '../domain/preorder.ts';
import type { Gateway } from '../operations/gateway.ts';
import type { PlatformSigner } from '../operations/sign-answer.ts';
import { mountMerchantAdministration } from './admin/merchants.ts';
import { mountPlatformKey } from './admin/platform-key.ts';
import { mountSession } from './admin/session.ts';
import { mountCashier } from './cashier/cashier.ts';
import { mountBankPush } from './bank-push.ts';
import { mountChannelNotify } from './channel-notify.ts';
import { mountDemos } from './demos.ts';
import { sendError } from './errors.ts';
import { RateLimit } from './rate-limit.ts';
import { mountHealth } from './health.ts';
import { closeEndpoint } from './merchant/close.ts';
import { mount } from './merchant/endpoint.ts';
import { payEndpoint, type OwnPayTypes } from './merchant/pay.ts';
import { payByPreorder, preOrderEndpoint } from './merchant/pre-order.ts';
import { preOrderDetailEndpoint } from './merchant/pre-order-detail.ts';
import { queryEndpoint } from './merchant/query.ts';
import { refundEndpoint } from './merchant/refund.ts';
import { refundQueryEndpoint } from './merchant/refund-query.ts';
import { reverseEndpoint } from './merchant/reverse.ts';
import { writeOffEndpoint } from './merchant/writeoff.ts';

export interface AppOptions {
  readonly gateway: Gateway;
  readonly platform: PlatformSigner;
  /** Requests that wait for a channel just now. */
  readonly busyElsewhere: () => number;
  /** Beyond this many others, merchants are told 503 before anything is read. */
  readonly max_busy_requests: number;
  /** Whether the platform key has been read: before that nothing may be recorded that could not be answered. */
  readonly opened: () => boolean;
  /** Whether this node is to stop soon: every answer ends its connection, and the next request goes to another node. */
  readonly leaving: () => boolean;
  /** Answers null when the gateway can serve, else why it cannot. */
  readonly notReady: () => Promise<string | null>;
  readonly max_body_bytes: number;
  /** Requests a second that one merchant, and one address, may send to this node. */
  readonly rates: { readonly merchant: number; readonly address: number };
  /** Proxies whose X-Forwarded-For is believed: addresses or CIDR ranges. */
  readonly trusted_proxies: readonly string[];
  /** A bearer token for /metrics; without one only this machine may read them. */
  readonly metrics_token: string | null;
}

/** How long a request may take to come in, head and body together. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Every merchant endpoint, one line each. */
export function merchantEndpoints(gateway: Gateway) {
  const own: OwnPayTypes = new Map([[PREORDER_PAY_TYPE, (call) => payByPreorder(gateway, call)]]);
  return [
    payEndpoint(gateway, own),
    queryEndpoint(gateway),
    closeEndpoint(gateway),
    reverseEndpoint(gateway),
    refundEndpoint(gateway),
    refundQueryEndpoint(gateway),
    preOrderEndpoint(gateway),
    preOrderDetailEndpoint(gateway),
    writeOffEndpoint(gateway),
  ];
}

/** Assembles the server. */
export function buildApp(options: AppOptions): FastifyInstance {
  const { gateway } = options;
  const app = Fastify({
    logger: false,
    bodyLimit: options.max_body_bytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Node exchanges both times when that for the head (a minute by itself) is the longer one; and it looks every 30 s by itself.
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000,
    },
    connectionTimeout: 120_000,
    keepAliveTimeout: 72_000,
    // 503 while closing would be answered by Fastify in another shape than ours; requests in flight are finished instead.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 64 },
    // A path that cannot be decoded, or a part of one that is longer than any number of ours, leads nowhere.
    frameworkErrors: (_error, _request, reply) => {
      secureHeaders(reply);
      sendError(reply, new ApiError('not_found', 'no such path'), () => undefined);
    },
    exposeHeadRoutes: false,
    trustProxy: options.trusted_proxies.length > 0 ? [...options.trusted_proxies] : false,
  });
  // Merchants send text/plain, octet-stream, form or nothing at all: the body is text whatever it is called.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (_request, reply) => secureHeaders(reply));
  app.addHook('onRequest', async (request) => assertOpened(options, request));
  app.addHook('onRequest', limitingAddresses(options));
  addShedding(app, options);
  sayGoodbye(app, options);
  const limit = { limit: new RateLimit(gateway.ports.clock), per_second: options.rates.merchant };
  for (const endpoint of merchantEndpoints(gateway)) mount(app, gateway, options.platform, limit, endpoint);
  mountChannelNotify(app, gateway);
  mountCashier(app, gateway);
  mountBankPush(app, gateway);
  mountSession(app, gateway);
  mountMerchantAdministration(app, gateway);
  mountPlatformKey(app, gateway, options.platform);
  mountDemos(app);
  mountHealth(app, options);
  answerUnknownPaths(app);
  app.setErrorHandler((error, _request, reply) => {
    sendError(reply, error, (unexpected) => {
      gateway.log.error({ err: unexpected }, 'request failed');
      void reply.code(500);
    });
  });
  return app;
}

function secureHeaders(reply: FastifyReply): void {
  void reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
}

/** Health is told at any time; everything else waits for the database at start. */
function assertOpened(options: AppOptions, request: FastifyRequest): void {
  if (options.opened() || isHealth(request.url)) return;
  throw new ApiError(
    'overloaded',
    'the gateway is starting: nothing was recorded, send the same request again after Retry-After',
  );
}

const HEALTH: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

function isHealth(url: string): boolean {
  return HEALTH.has(url.split('?')[0] ?? '');
}

/** Channels are never limited: what they say is about money; nor is health. Everybody else is, before anything of the request is read. */
function limitingAddresses(options: AppOptions) {
  const { gateway, rates } = options;
  const limit = new RateLimit(gateway.ports.clock);
  return async (request: FastifyRequest): Promise<void> => {
    const { url } = request;
    if (url.startsWith('/notify/') || url.startsWith('/bank/') || isHealth(url)) return;
    const wait_s = limit.take(request.ip, rates.address);
    if (wait_s === 0) return;
    gateway.metrics.limited.inc({ by: 'address' });
    throw new ApiError(
      'limited',
      `one address may send ${rates.address} requests a second: nothing was recorded, send the same request again after Retry-After`,
      wait_s,
    );
  };
}

/**
 * Beyond what the cores can do only the queue would grow: who comes then is told so at once, before anything is read. A request
 * counts from when it has been read: whoever sends one slowly, or never to its end, costs nothing and must keep nobody out.
 */
function addShedding(app: FastifyInstance, { gateway, busyElsewhere, max_busy_requests }: AppOptions): void {
  let in_flight = 0;
  const assertRoom = (): void => {
    if (in_flight - busyElsewhere() < max_busy_requests) return;
    gateway.metrics.shed.inc();
    throw new ApiError(
      'overloaded',
      'too many requests at once: nothing was recorded, send the same request again after Retry-After',
    );
  };
  app.addHook('onRequest', async (request) => {
    if (request.url.startsWith('/v2/')) assertRoom();
  });
  app.addHook('preValidation', async (request, reply) => {
    if (!request.url.startsWith('/v2/')) return;
    // Those that came in together have all been let in above.
    assertRoom();
    in_flight += 1;
    reply.raw.once('close', () => {
      in_flight -= 1;
    });
  });
}

/** Answers that leave while the server closes, or is about to, end their connections: an idle one would hold up the close for as long as it is kept. */
function sayGoodbye(app: FastifyInstance, { leaving }: AppOptions): void {
  let closing = false;
  const connections = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  app.addHook('preClose', async () => {
    closing = true;
    // Node ends those that wait for a next request, and holds these for as long as a first one may take to come in.
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (closing || leaving()) void reply.header('connection', 'close');
    done(null, payload);
  });
}

/** 404 for a path we do not have, 405 with Allow for a method it does not take. */
function answerUnknownPaths(app: FastifyInstance): void {
  const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    const allowed = METHODS.filter((method) => app.findRoute({ method, url: path }) !== null);
    const error =
      allowed.length > 0
        ? new ApiError('method_not_allowed', `${request.method} is not allowed here: use ${allowed.join(', ')}`)
        : new ApiError('not_found', 'no such path');
    if (allowed.length > 0) void reply.header('allow', allowed.join(', '));
    sendError(reply, error, () => undefined);
  });
}
