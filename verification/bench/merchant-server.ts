import { createPublicKey, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveCommands } from './child.ts';

/** A merchant's server that takes notifications and answers `success` at once; it measures when they came. */

export interface ArrivalsExpected {
  readonly count: number;
  readonly platform_public_key: string;
  /** How long to wait for the last one. */
  readonly timeout_ms: number;
}

export interface Arrivals {
  readonly received: number;
  /** From the first to the last. */
  readonly seconds: number;
  /** Same bytes a second time. */
  readonly repeated: number;
  readonly wrong: number;
}

/** One notification in so many has its signature verified. */
const SAMPLE_EVERY = 25;

interface Round {
  readonly expected: ArrivalsExpected;
  readonly seen: Set<string>;
  readonly done: PromiseWithResolvers<void>;
  first_ms: number;
  last_ms: number;
  repeated: number;
  wrong: number;
}

let round: Round | null = null;

async function start(): Promise<{ readonly url: string }> {
  const server = createServer(receive);
  server.keepAliveTimeout = 600_000;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify` };
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.once('end', () => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': '7' });
    response.end('success');
    if (round !== null) arrived(round, body);
  });
}

function arrived(now: Round, token: string): void {
  now.last_ms = performance.now();
  if (now.seen.size === 0) now.first_ms = now.last_ms;
  const [header = '', payload = '', signature = ''] = token.split('.');
  if (now.seen.has(payload)) now.repeated += 1;
  now.seen.add(payload);
  if (signature === '') {
    now.wrong += 1;
  } else if (now.seen.size % SAMPLE_EVERY === 0) {
    const signed = Buffer.from(`${header}.${payload}`);
    const key = createPublicKey(now.expected.platform_public_key);
    if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) now.wrong += 1;
  }
  if (now.seen.size === now.expected.count) now.done.resolve();
}

/** Begins to count. */
function expect(expected: ArrivalsExpected): Promise<void> {
  const done = Promise.withResolvers<void>();
  round = { expected, seen: new Set(), done, first_ms: 0, last_ms: 0, repeated: 0, wrong: 0 };
  return Promise.resolve();
}

/** Waits for the last of them, or for the time to be over. */
async function arrivals(): Promise<Arrivals> {
  const now = round;
  if (now === null) throw new Error('nothing is expected');
  const timer = setTimeout(() => now.done.resolve(), now.expected.timeout_ms);
  await now.done.promise;
  clearTimeout(timer);
  round = null;
  return {
    received: now.seen.size,
    seconds: (now.last_ms - now.first_ms) / 1000,
    repeated: now.repeated,
    wrong: now.wrong,
  };
}

serveCommands({ start, expect, arrivals });
