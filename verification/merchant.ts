/**
 * A merchant as tests play it: signs requests, verifies answers, and runs a server for notifications. Written from the
 * protocol page alone; it shares no code with the gateway, so that a wrong signature cannot agree with itself.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Json = Record<string, unknown>;

export interface MerchantAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly code: number;
  readonly msg: string;
  readonly data: Json;
  /** Payload of a signed answer, or the plain JSON of a refusal. */
  readonly body: Json;
  /** Whether the platform's signature on the answer is right; false for refusals, which carry none. */
  readonly signed: boolean;
}

/** Signs claims as a merchant does (header.payload.signature, RS256). */
export function signJwt(
  claims: unknown,
  private_key: KeyObject,
  header: unknown = { alg: 'RS256', typ: 'JWT' },
): string {
  const encode = (value: unknown): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), private_key).toString('base64url')}`;
}

/** Payload of a JWT of the platform. Throws when its signature is wrong. */
export function openJwt(token: string, platform_public_key: string): Json {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const right = verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${payload}`),
    createPublicKey(platform_public_key),
    Buffer.from(signature, 'base64url'),
  );
  if (!right) throw new Error('the platform did not sign this');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Json;
}

export interface TestMerchant {
  readonly merchant_id: string;
  readonly private_key: KeyObject;
  readonly public_key: string;
}

/** A merchant with a fresh key pair. */
export function newTestMerchant(bits = 2048): TestMerchant {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const digits = BigInt(`0x${randomBytes(8).toString('hex')}`) % 9_000_000_000_000_000n;
  return {
    merchant_id: String(1_000_000_000_000_000n + digits),
    private_key: privateKey,
    public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** A merchant whose keys are in a sandbox file. */
export function merchantFrom(file: { merchant_id: string; private_key: string; public_key: string }): TestMerchant {
  return {
    merchant_id: file.merchant_id,
    private_key: createPrivateKey(file.private_key),
    public_key: file.public_key,
  };
}

/** Calls the merchant API over HTTP. */
export class MerchantClient {
  readonly #url: string;
  readonly #platform_public_key: string;
  readonly merchant: TestMerchant;

  constructor(url: string, platform_public_key: string, merchant: TestMerchant) {
    this.#url = url;
    this.#platform_public_key = platform_public_key;
    this.merchant = merchant;
  }

  /** Signs and sends documented fields; a fresh nonce_str is added unless one is given (null: none). */
  call(path: string, fields: Json): Promise<MerchantAnswer> {
    const { nonce_str = newNonce(), ...rest } = fields;
    const claims = nonce_str === null ? rest : { ...rest, nonce_str };
    return this.send(path, signJwt(claims, this.merchant.private_key));
  }

  /** Sends a body as it is. */
  async send(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = { 'content-type': 'text/plain' },
  ): Promise<MerchantAnswer> {
    const separator = path.includes('?') ? '' : `?merchant_id=${this.merchant.merchant_id}`;
    const response = await fetch(`${this.#url}${path}${separator}`, { method: 'POST', headers, body });
    const text = await response.text();
    const plain = text.startsWith('{');
    const answer = plain ? (JSON.parse(text) as Json) : openJwt(text, this.#platform_public_key);
    return {
      status: response.status,
      headers: response.headers,
      text,
      code: Number(answer['code']),
      msg: String(answer['msg']),
      data: (answer['data'] ?? {}) as Json,
      body: answer,
      signed: !plain,
    };
  }
}

/** A random nonce_str. */
export function newNonce(): string {
  return randomBytes(12).toString('hex');
}

export interface Received {
  readonly path: string;
  readonly content_type: string | undefined;
  readonly token: string;
}

/** A merchant's server for notifications; what it answers can be changed at any time. */
export class NotifyServer {
  readonly received: Received[] = [];
  answer: { status: number; body: string } = { status: 200, body: 'success' };
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.received.push({
          path: request.url ?? '',
          content_type: request.headers['content-type'],
          token: Buffer.concat(chunks).toString(),
        });
        response.writeHead(this.answer.status, { 'content-type': 'text/plain' }).end(this.answer.body);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  url(path = '/notify'): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** Waits until `count` notifications have arrived at a path. */
  async waitFor(path: string, count = 1): Promise<Received[]> {
    for (;;) {
      const here = this.received.filter((one) => one.path === path);
      if (here.length >= count) return here;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
