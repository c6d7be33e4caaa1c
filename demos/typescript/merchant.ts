/**
 * What a merchant's server needs to talk to Heliu, with nothing but Node's own library. Copy this file into your project.
 *
 *   request        POST /v2/…?merchant_id=…   the body is a JWT signed with YOUR private key
 *   answer         success: a JWT signed with the PLATFORM's private key; refusal: plain JSON, which begins with {
 *   notification   POST to your notify_url    the body is a JWT signed with the PLATFORM's private key
 */
import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface Settings {
  /** Where the gateway is, e.g. https://pay.example.com */
  readonly gateway_url: string;
  /** Sixteen digits, from the operator of the gateway. */
  readonly merchant_id: string;
  /** Your RSA private key as PEM. It never leaves your server; the operator has its public half. */
  readonly private_key: string;
  /** The platform's public key as PEM: `data` of GET /platform_public_key. */
  readonly platform_public_key: string;
}

/** A successful answer, or a notification. */
export interface Message {
  readonly code: 0;
  /** Not in the notification of a payment. */
  readonly msg?: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly nonce_str: string;
}

/** The gateway said no. `code` is one of the table in docs/api.md, and the message names the field or the reason. */
export class Refused extends Error {
  readonly code: number;

  constructor(code: number, msg: string) {
    super(`code ${code}: ${msg}`);
    this.code = code;
  }
}

/** Longer than the gateway waits for a channel (at most 20 s), so that we hear its answer rather than give up before it. */
const ANSWER_TIMEOUT_MS = 30_000;

export class Heliu {
  readonly #settings: Settings;
  // Parsed once: an RSA key as text costs more to parse than a signature costs to verify.
  readonly #private_key: KeyObject;
  readonly #platform_key: KeyObject;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#private_key = createPrivateKey(settings.private_key);
    this.#platform_key = createPublicKey(settings.platform_public_key);
  }

  /** The address of an endpoint, e.g. of /v2/pay. */
  url(path: string): string {
    return `${this.#settings.gateway_url}${path}?merchant_id=${this.#settings.merchant_id}`;
  }

  /**
   * Signs the documented fields of an endpoint, sends them, and verifies the answer before it is believed.
   *
   * @throws Refused when the gateway says no. Codes 500, 503 and 601, and any other error, mean that the outcome is
   *   unknown: query the order, or send the same number with the same fields again. Never begin a second order instead.
   */
  async call(path: string, fields: Readonly<Record<string, unknown>>): Promise<Message> {
    // Every request carries a random number that is never used twice, so that nobody can send a copy of it.
    const body = this.#sign({ ...fields, nonce_str: randomBytes(16).toString('hex') });
    const answer = await fetch(this.url(path), {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const text = (await answer.text()).trim();
    try {
      if (!text.startsWith('{')) return this.read(text);
      const { code, msg } = JSON.parse(text) as { code?: unknown; msg?: string };
      if (typeof code === 'number') throw new Refused(code, msg ?? '');
      throw new Error('JSON that is no refusal');
    } catch (cause) {
      if (cause instanceof Refused) throw cause;
      // A proxy's page, say. The gateway may have done what was asked all the same.
      const words = `HTTP ${answer.status} with a body that is no answer of the gateway: the outcome is unknown`;
      throw new Error(words, { cause });
    }
  }

  /**
   * Reads a JWT of the platform: a successful answer, or the body of a notification.
   *
   * @throws Error when the platform did not sign it: then nothing in it is true
   */
  read(token: string): Message {
    const [header = '', payload = '', signature = '', ...rest] = token.trim().split('.');
    // The algorithm is ours to say (RS256), whatever the token's header claims.
    const genuine =
      rest.length === 0 &&
      verify('sha256', Buffer.from(`${header}.${payload}`), this.#platform_key, Buffer.from(signature, 'base64url'));
    if (!genuine) throw new Error('the signature is not that of the platform');
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Message;
  }

  #sign(claims: Readonly<Record<string, unknown>>): string {
    const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
    const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), this.#private_key).toString('base64url')}`;
  }
}
