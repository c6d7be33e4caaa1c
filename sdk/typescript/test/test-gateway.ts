/** A gateway of the tests' own: it signs what it is told to answer, and keeps what it was sent. */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { Heliu, type Clock, type Exchange, type HeliuOptions } from '../src/index.ts';

const keys = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

export const merchant_keys = keys();
export const platform_keys = keys();
export const MERCHANT_ID = '5399355381712172';

export type Json = Record<string, unknown>;

/** Signs as the platform does. */
export function platformToken(payload: unknown, private_key: string = platform_keys.privateKey): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(payload)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), private_key).toString('base64url')}`;
}

/** A success as the gateway sends it. */
export function success(data: Json, msg = 'success'): string {
  return platformToken({ code: 0, msg, data, nonce_str: '5c00a5b901c9110e2a5c9933', time_elapsed: 0.038 });
}

export function refusal(code: number, msg: string): string {
  return JSON.stringify({ code, msg });
}

export interface Sent {
  readonly path: string;
  readonly merchant_id: string | null;
  readonly content_type: string | undefined;
  readonly claims: Json;
}

/** Breaks the connection. */
export const HANG_UP = Symbol('hang up');
/** Never answers. */
export const BE_SILENT = Symbol('be silent');

/** What a call is answered: a body, with HTTP 200 unless it says another; or what happens to the connection. */
export type Reply =
  | string
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  | typeof HANG_UP
  | typeof BE_SILENT;

export interface TestGateway {
  readonly url: string;
  readonly sent: Sent[];
  /** Resolves once so many calls have arrived. */
  arrived(count: number): Promise<void>;
}

/** Starts a gateway that answers the replies one after the other, the last for ever. It ends with the test. */
export async function startGateway(...replies: (Reply | ((claims: Json) => Reply))[]): Promise<TestGateway> {
  const sent: Sent[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const claims = openMerchantToken(await readBody(request));
    const url = new URL(request.url ?? '', 'http://gateway');
    const reply = replies[Math.min(sent.length, replies.length - 1)] ?? HANG_UP;
    sent.push({
      path: url.pathname,
      merchant_id: url.searchParams.get('merchant_id'),
      content_type: request.headers['content-type'],
      claims,
    });
    answer(response, typeof reply === 'function' ? reply(claims) : reply);
    for (const one of waiting) if (sent.length >= one.count) one.resolve();
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent,
    arrived: (count) =>
      new Promise((resolve) => {
        if (sent.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function openMerchantToken(token: string): Json {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const bytes = Buffer.from(`${header}.${payload}`);
  const key = createPublicKey(merchant_keys.publicKey);
  if (!verify('sha256', bytes, key, Buffer.from(signature, 'base64url')))
    throw new Error('the merchant did not sign this');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Json;
}

function answer(response: ServerResponse, reply: Reply): void {
  if (reply === BE_SILENT) return;
  if (reply === HANG_UP) {
    response.destroy();
    return;
  }
  const { status, body, headers } = typeof reply === 'string' ? { status: 200, body: reply, headers: {} } : reply;
  response.writeHead(status, headers).end(body);
}

/** Time that passes only when somebody sleeps. */
export class VirtualClock implements Clock {
  #now_ms = 1_700_000_000_000;
  /** Every sleep, in milliseconds. */
  readonly slept: number[] = [];

  now_ms(): number {
    return this.#now_ms;
  }

  /** Milliseconds since the beginning. */
  get elapsed_ms(): number {
    return this.#now_ms - 1_700_000_000_000;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await Promise.resolve();
    if (signal?.aborted) return;
    this.slept.push(ms);
    this.#now_ms += ms;
  }

  pass(ms: number): void {
    this.#now_ms += ms;
  }
}

export interface TestClient {
  readonly heliu: Heliu;
  readonly clock: VirtualClock;
  readonly exchanges: Exchange[];
}

/** A client of the test gateway under a clock of its own. */
export function client(gateway_url: string, options: Partial<HeliuOptions> = {}): TestClient {
  const clock = new VirtualClock();
  const exchanges: Exchange[] = [];
  const heliu = new Heliu({
    gateway_url,
    merchant_id: MERCHANT_ID,
    private_key: merchant_keys.privateKey,
    platform_public_key: platform_keys.publicKey,
    clock,
    observe: (exchange) => exchanges.push(exchange),
    ...options,
  });
  return { heliu, clock, exchanges };
}
