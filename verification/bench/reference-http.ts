import { randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

/** What the reference programs have in common: bare node:http, a signed token in, a signed token out. */

const signAsync = promisify(sign);
const JWT_HEADER = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');

/**
 * Serves on a free port of this machine.
 *
 * @param in_flight requests worked on at once; the others wait unread
 * @param answer makes the token that answers one; when it rejects the answer is "failed"
 * @returns the URL
 */
export async function serveTokens(
  in_flight: number,
  answer: (path: string, token: string) => Promise<string>,
): Promise<string> {
  let running = 0;
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    const begin = (): void => {
      running += 1;
      void serve(answer, request, response).finally(() => {
        running -= 1;
        waiting.shift()?.();
      });
    };
    if (running < in_flight) begin();
    else waiting.push(begin);
  });
  server.keepAliveTimeout = 600_000;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function serve(
  answer: (path: string, token: string) => Promise<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const token = await readBody(request);
  const jwt = await answer(request.url ?? '', token).catch(() => null);
  const body = jwt ?? '{"code":600,"msg":"failed"}';
  response.writeHead(200, {
    'Content-Type': jwt === null ? 'application/json' : 'text/plain',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
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

/** The claims of a token that this key signed. Throws otherwise. */
export function readToken(key: KeyObject, token: string): unknown {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string };
  if (alg !== 'RS256') throw new Error('not RS256');
  const signed = Buffer.from(token.slice(0, header.length + 1 + payload.length));
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) throw new Error('bad signature');
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}

/** Signs on the thread pool. */
export async function signToken(key: KeyObject, payload: unknown): Promise<string> {
  const head = `${JWT_HEADER}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  const signature = await signAsync('sha256', Buffer.from(head), key);
  return `${head}.${signature.toString('base64url')}`;
}

/** 24 hex characters, the first 8 of them the second of creation. */
export function newId(now_ms: number): string {
  return (
    Math.floor(now_ms / 1000)
      .toString(16)
      .padStart(8, '0') + randomBytes(8).toString('hex')
  );
}
