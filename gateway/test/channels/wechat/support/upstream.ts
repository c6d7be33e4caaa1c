/** Plays WeChat Pay as its documents describe it: a real HTTP server that checks requests' signatures and signs its answers. */
import { createCipheriv, randomBytes, sign, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestKey } from './certificate.ts';
import type { TestClock } from './ports.ts';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Fields of the Authorization header. */
  readonly authorization: Readonly<Record<string, string>>;
  /** Whether the request's signature is the merchant's. */
  readonly signed: boolean;
}

export interface SignedBy {
  readonly key: TestKey;
  readonly serial: string;
}

export interface StubAnswer {
  readonly status: number;
  readonly body?: unknown;
  /** Null: no signature headers at all. Absent: signed by the upstream's current key. */
  readonly signed_by?: SignedBy | null;
  readonly timestamp_s?: number;
  /** Changes the signed headers before they are sent. */
  readonly tamper?: (
    headers: Record<string, string>,
    body: string,
  ) => { headers?: Record<string, string>; body?: string };
}

/** `hang`: never answers; `drop`: closes the connection without an answer. */
export type Behaviour = StubAnswer | 'hang' | 'drop';

export class Upstream {
  readonly requests: SeenRequest[] = [];
  behave: (request: SeenRequest) => Behaviour = () => ({ status: 500, signed_by: null });
  signer: SignedBy;
  readonly #merchant: TestKey;
  readonly #clock: TestClock;
  readonly #server: Server;

  constructor(clock: TestClock, signer: SignedBy, merchant: TestKey) {
    this.#clock = clock;
    this.signer = signer;
    this.#merchant = merchant;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** The next requests get these answers, in this order; a request too many gets the last one again. */
  answers(...behaviours: readonly Behaviour[]): void {
    let index = 0;
    this.behave = () => behaviours[Math.min(index++, behaviours.length - 1)] ?? 'drop';
  }

  /** Paths of the requests seen so far. */
  get paths(): readonly string[] {
    return this.requests.map((request) => `${request.method} ${request.path}`);
  }

  get last(): SeenRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error('no request was made');
    return request;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = this.#read(incoming, Buffer.concat(chunks).toString('utf8'));
    this.requests.push(request);
    const behaviour = this.behave(request);
    if (behaviour === 'hang') return;
    if (behaviour === 'drop') return void incoming.socket.destroy();
    const { body, headers } = this.sign(behaviour);
    response.writeHead(behaviour.status, headers).end(body);
  }

  /** Body and signature headers of an answer; callbacks are signed the same way. */
  sign(answer: Omit<StubAnswer, 'status'>): { body: string; headers: Record<string, string> } {
    const body =
      typeof answer.body === 'string' ? answer.body : answer.body === undefined ? '' : JSON.stringify(answer.body);
    if (answer.signed_by === null) return { body, headers: {} };
    const signer = answer.signed_by ?? this.signer;
    const timestamp = String(answer.timestamp_s ?? Math.floor(this.#clock.time_ms / 1000));
    const nonce = randomBytes(8).toString('hex');
    const signature = sign('sha256', Buffer.from(`${timestamp}\n${nonce}\n${body}\n`), signer.key.private_key);
    const headers: Record<string, string> = {
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': nonce,
      'wechatpay-serial': signer.serial,
      'wechatpay-signature': signature.toString('base64'),
    };
    const tampered = answer.tamper?.(headers, body) ?? {};
    return { body: tampered.body ?? body, headers: tampered.headers ?? headers };
  }

  #read(incoming: IncomingMessage, body: string): SeenRequest {
    const method = incoming.method ?? '';
    const path = incoming.url ?? '';
    const [scheme = '', rest = ''] = (incoming.headers.authorization ?? '').split(/ (.*)/s);
    const fields: Record<string, string> = {};
    for (const [, name, value] of rest.matchAll(/(\w+)="([^"]*)"/g)) if (name) fields[name] = value ?? '';
    const message = `${method}\n${path}\n${fields['timestamp']}\n${fields['nonce_str']}\n${body}\n`;
    const signed =
      scheme === 'WECHATPAY2-SHA256-RSA2048' &&
      verify(
        'sha256',
        Buffer.from(message),
        this.#merchant.public_key,
        Buffer.from(fields['signature'] ?? '', 'base64'),
      );
    return { method, path, headers: incoming.headers, body, authorization: fields, signed };
  }
}

/** An encrypted resource as callbacks and GET /v3/certificates carry it. */
export function encrypt(api_v3_key: string, plaintext: string, associated_data: string): Record<string, string> {
  const nonce = randomBytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(api_v3_key), Buffer.from(nonce));
  cipher.setAAD(Buffer.from(associated_data));
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { algorithm: 'AEAD_AES_256_GCM', ciphertext: sealed.toString('base64'), nonce, associated_data };
}
