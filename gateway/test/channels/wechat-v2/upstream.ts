/**
 * Plays APIv2 of WeChat Pay as its documents describe it: a real https server that asks for a client certificate, checks requests'
 * signatures and signs its answers. It shares nothing with the code under test.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TestCertificate } from '../../outbound/certificate.ts';

export const API_KEY = '192006250b4c09247ec02edce69f6a2d';

export type Members = Readonly<Record<string, string | undefined>>;

export interface SeenRequest {
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
  readonly members: Readonly<Record<string, string>>;
  /** Whether the signature is one under the account's key and the sign_type that the request names. */
  readonly signed: boolean;
  /** Fingerprint of the client certificate that was shown; null: none. */
  readonly certificate: string | null;
}

/** `hang`: never answers; `drop`: closes the connection without an answer; text: sent as it is. */
export type Behaviour = Members | { readonly status: number; readonly text: string } | 'hang' | 'drop';

/** The signature by the book: sorted, not empty, the key at the end. */
export function sign(members: Members, key = API_KEY, type = 'HMAC-SHA256'): string {
  const text = Object.entries(members)
    .filter(([name, value]) => name !== 'sign' && value)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join('&');
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key);
  return hash.update(`${text}&key=${key}`).digest('hex').toUpperCase();
}

export function xml(members: Members, root = 'xml'): string {
  const inside = Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>\n`);
  return `<${root}>${inside.join('')}</${root}>`;
}

/** A signed answer or callback of the partner account; `undefined` takes a member away. */
export function signed(members: Members, key = API_KEY, type = 'HMAC-SHA256'): string {
  const all = {
    return_code: 'SUCCESS',
    return_msg: 'OK',
    appid: 'wx8888888888888888',
    mch_id: '1230000109',
    sub_mch_id: '1900000109',
    nonce_str: 'IITRi8Iabbblz1Jc',
    result_code: 'SUCCESS',
    ...members,
  };
  return xml({ sign: sign(all, key, type), ...all });
}

export function refusal(err_code: string, err_code_des = '请检查'): Members {
  return { result_code: 'FAIL', err_code, err_code_des };
}

export class Upstream {
  readonly requests: SeenRequest[] = [];
  #behave: () => Behaviour = () => 'drop';
  readonly #server: Server;

  constructor(certificate: TestCertificate) {
    const { certificate_pem: cert, key_pem: key } = certificate;
    // As WeChat Pay does it: everybody may connect, and who shows a certificate is looked at.
    this.#server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      void this.#serve(request, response);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next requests get these answers, in this order; a request too many gets the last one again. */
  answers(...behaviours: readonly Behaviour[]): void {
    let index = 0;
    this.#behave = () => behaviours[Math.min(index++, behaviours.length - 1)] ?? 'drop';
  }

  get paths(): readonly string[] {
    return this.requests.map((request) => request.path);
  }

  get last(): SeenRequest {
    const request = this.requests.at(-1);
    if (!request) throw new Error('no request was made');
    return request;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = read(incoming, Buffer.concat(chunks).toString('utf8'));
    this.requests.push(request);
    const behaviour = this.#behave();
    if (behaviour === 'hang') return;
    if (behaviour === 'drop') return void incoming.socket.destroy();
    const raw = isRaw(behaviour) ? behaviour : { status: 200, text: this.#signed(request, behaviour) };
    response.writeHead(raw.status, { 'content-type': 'text/plain' }).end(raw.text);
  }

  /** Answers are signed as their request was. */
  #signed({ members }: SeenRequest, behaviour: Members): string {
    const { appid, mch_id, sub_mch_id, sub_appid } = members;
    return signed({ appid, mch_id, sub_mch_id, sub_appid, ...behaviour }, API_KEY, members['sign_type']);
  }
}

function isRaw(behaviour: object): behaviour is { readonly status: number; readonly text: string } {
  return 'status' in behaviour && typeof behaviour.status === 'number';
}

function read(incoming: IncomingMessage, body: string): SeenRequest {
  const members: Record<string, string> = {};
  for (const [, name = '', value = ''] of body.matchAll(/<(\w+)><!\[CDATA\[([^]*?)\]\]><\/\1>/g)) members[name] = value;
  const peer = (incoming.socket as TLSSocket).getPeerCertificate();
  return {
    path: `${incoming.method} ${incoming.url}`,
    body,
    headers: incoming.headers,
    members,
    signed: members['sign'] === sign(members, API_KEY, members['sign_type']),
    certificate: peer.fingerprint256 ?? null,
  };
}
