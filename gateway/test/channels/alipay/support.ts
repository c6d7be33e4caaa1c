/**
 * A stand-in for Alipay's gateway on real HTTP, and the ports of a gateway under test. Signatures are made and checked here
 * with node:crypto alone, by code that shares nothing with the adapter.
 */
import { createSign, createVerify, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import type {
  ChannelClient,
  OrderForChannel,
  OrderReference,
  RefundForChannel,
} from '../../../src/channels/channel.ts';
import { NoAnswer, type HttpAnswer, type HttpRequest, type Ports } from '../../../src/ports.ts';

export const app = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const alipayKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const APP_ID = '2021000000000001';
export const OUT_TRADE_NO = '65f0a1b2c3d4e5f601234567';
export const OUT_REFUND_NO = '65f0a1b2c3d4e5f6089abcde';
/** 2026-03-01 12:00:00 in China. */
export const NOW_MS = Date.UTC(2026, 2, 1, 4, 0, 0);

export const privatePem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString();
export const publicPem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString();

export function rsa2(text: string, key: KeyObject = alipayKeys.privateKey): string {
  return createSign('RSA-SHA256').update(text, 'utf8').sign(key, 'base64');
}

/** An answer as Alipay writes it: the node's text, then the signature over exactly that text. */
export function answerText(method: string, node: string, key?: KeyObject, more = ''): string {
  return `{"${method.replaceAll('.', '_')}_response":${node},"sign":"${rsa2(node, key)}"${more}}`;
}

export interface Asked {
  readonly method: string;
  readonly params: ReadonlyMap<string, string>;
  readonly biz: Record<string, unknown>;
  readonly url: string;
  readonly content_type: string;
  readonly verified: boolean;
}

/** What the stand-in answers with: a node to be signed, a whole body, or something done to the connection. */
export type Reply =
  | { readonly node: unknown }
  | { readonly node_text: string }
  | { readonly body: string; readonly status?: number }
  | { readonly broken: 'hang' | 'reset' };

export interface Upstream {
  readonly url: string;
  readonly asked: Asked[];
  /** Answers by method; the last one of a list stays. */
  reply(method: string, ...replies: Reply[]): void;
}

/** A short time limit for what never comes; for everything else the account's own, so that a busy machine fails nothing. */
export function patience(...replies: readonly (Reply | undefined)[]): { readonly timeout_ms?: number } {
  return replies.some((reply) => reply && 'broken' in reply && reply.broken === 'hang') ? { timeout_ms: 1_000 } : {};
}

/** Starts a stand-in that ends with the test. */
export async function startUpstream(): Promise<Upstream> {
  const replies = new Map<string, Reply[]>();
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void serve(request, response, replies, asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => stop(server));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port');
  return {
    url: `http://127.0.0.1:${address.port}/gateway.do`,
    asked,
    reply: (method, ...list) => void replies.set(method, list),
  };
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  replies: Map<string, Reply[]>,
  asked: Asked[],
): Promise<void> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const params = new Map(new URLSearchParams(body));
  const method = params.get('method') ?? '';
  asked.push({
    method,
    params,
    biz: JSON.parse(params.get('biz_content') ?? '{}'),
    url: request.url ?? '',
    content_type: request.headers['content-type'] ?? '',
    verified: isSignedByApp(params),
  });
  const list = replies.get(method) ?? [];
  const reply = list.length > 1 ? list.shift() : list[0];
  if (!reply) throw new Error(`no reply prepared for ${method}`);
  if ('broken' in reply) {
    if (reply.broken === 'reset') request.socket.destroy();
    return;
  }
  response.statusCode = 'status' in reply ? (reply.status ?? 200) : 200;
  response.setHeader('content-type', 'application/json;charset=utf-8');
  if ('body' in reply) response.end(reply.body);
  else response.end(answerText(method, 'node_text' in reply ? reply.node_text : JSON.stringify(reply.node)));
}

/** The vendor's rule for requests: all parameters but sign, empties left out, sign_type included. */
function isSignedByApp(params: ReadonlyMap<string, string>): boolean {
  const content = [...params]
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return createVerify('RSA-SHA256')
    .update(content, 'utf8')
    .verify(app.publicKey, params.get('sign') ?? '', 'base64');
}

/** Ports on the real network, with a clock that a test sets. */
export function makePorts(): Ports & { readonly clock: { at_ms: number } } {
  const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);
  const clock = {
    at_ms: NOW_MS,
    now_ms: () => clock.at_ms,
    setTimer: () => {
      throw new Error('the adapter sets no timers');
    },
  };
  return {
    clock,
    random: { bytes: (length) => randomBytes(length) },
    http: { send },
    signer: { signSha256: (key, data) => signAsync('sha256', Buffer.from(data), key) },
  };
}

function send(request: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { method, headers } = request;
    const outgoing = httpRequest(request.url, { method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: {},
          body: Buffer.concat(chunks).subarray(0, request.max_bytes),
        }),
      );
      incoming.on('error', () => reject(new NoAnswer('lost', 'connection_lost')));
    });
    outgoing.setTimeout(request.timeout_ms, () => {
      reject(new NoAnswer('lost', 'timeout'));
      outgoing.destroy();
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ECONNREFUSED'
          ? new NoAnswer('not_sent', 'connection_refused')
          : new NoAnswer('lost', 'connection_lost'),
      ),
    );
    outgoing.end(request.body ?? undefined);
  });
}

export const secrets = { app_private_key: privatePem(app.privateKey) };

export function keySettings(
  gateway_url: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { mode: 'key', gateway_url, app_id: APP_ID, alipay_public_key: publicPem(alipayKeys.publicKey), ...more };
}

/** An opened account in key mode against a stand-in. */
export async function openChannel(more: Readonly<Record<string, unknown>> = {}): Promise<{
  readonly channel: ChannelClient;
  readonly upstream: Upstream;
  readonly ports: ReturnType<typeof makePorts>;
}> {
  const upstream = await startUpstream();
  const ports = makePorts();
  const account = { account_id: 'a1', channel: 'alipay', settings: keySettings(upstream.url, more), secrets };
  return { channel: alipay.open(account, ports), upstream, ports };
}

export const order: OrderForChannel = {
  out_trade_no: OUT_TRADE_NO,
  pay_type: 'alipay.scan',
  total_fen: fen(7622),
  body: "This's Subjects Alex test",
  spbill_create_ip: null,
  attach: 'ours alone',
  device_info: null,
  store_id: null,
  op_user_id: null,
  created_at_ms: NOW_MS,
  expires_at_ms: NOW_MS + 1_800_000,
  notify_url: 'https://pay.example.com/notify/alipay/a1',
  fields: {},
  merchant_params: {},
};

export const reference: OrderReference = {
  out_trade_no: OUT_TRADE_NO,
  pay_type: 'alipay.scan',
  total_fen: fen(7622),
  created_at_ms: NOW_MS,
  fields: {},
  merchant_params: {},
};

export const refund: RefundForChannel = {
  order: reference,
  out_refund_no: OUT_REFUND_NO,
  refund_fen: fen(1230),
  reason: '商品已售完',
  notify_url: 'https://pay.example.com/notify/alipay/a1',
};

export const businessFailure = (sub_code: string, more: Readonly<Record<string, string>> = {}) => ({
  code: '40004',
  msg: 'Business Failed',
  sub_code,
  sub_msg: '业务失败',
  ...more,
});
