/** The one way in which this channel talks to WeChat Pay: sign, send, verify, and only then believe. */
import type { HttpAnswer, HttpRequest, Ports } from '../../ports.ts';
import type { NotSent, Unknown } from '../channel.ts';
import { send } from '../send.ts';
import { CERTIFICATES_PATH, PlatformKeys } from './certificates.ts';
import type { WechatAccount } from './config.ts';
import { parseObject, type JsonObject } from '../json.ts';
import { invocationMessage, requestMessage } from './sign.ts';
import { verifyMessage, type Verdict } from './verify.ts';

const MAX_ANSWER_BYTES = 1_048_576;

/** Enough of an unverifiable answer for a person to see what it was. */
const MAX_UNVERIFIED_CHARACTERS = 2_000;

/** An answer whose signature is WeChat Pay's, whatever its status. */
export interface VerifiedAnswer {
  readonly outcome: 'verified';
  readonly status: number;
  readonly text: string;
  /** Null when the body is empty (204) or not a JSON object. */
  readonly json: JsonObject | null;
}

export type CallResult = VerifiedAnswer | NotSent | Unknown;

/** A request with its signature made. The signature is good for five minutes. */
export type SignedRequest = HttpRequest;

/** A signature with the moment and the random text that it covers. */
export interface Signed {
  readonly timestamp_s: string;
  /** 32 hexadecimal characters. */
  readonly nonce: string;
  /** Base64. */
  readonly signature: string;
}

export class WechatClient {
  readonly #account: WechatAccount;
  readonly #ports: Ports;
  readonly #keys: PlatformKeys;

  constructor(account: WechatAccount, ports: Ports) {
    this.#account = account;
    this.#ports = ports;
    this.#keys = new PlatformKeys(account, ports.clock, () => this.#fetchCertificates());
  }

  /**
   * Builds and signs a request (merchant documentation page 4012365336).
   * @param path path and query string
   * @param body JSON text, null for a GET
   */
  async prepare(method: 'GET' | 'POST', path: string, body: string | null): Promise<SignedRequest> {
    const account = this.#account;
    const { timestamp_s, nonce, signature } = await this.#sign((timestamp, random) =>
      requestMessage(method, path, timestamp, random, body ?? ''),
    );
    const headers: Record<string, string> = {
      authorization:
        `WECHATPAY2-SHA256-RSA2048 mchid="${account.mchid}",nonce_str="${nonce}",timestamp="${timestamp_s}",` +
        `serial_no="${account.merchant_serial}",signature="${signature}"`,
      accept: 'application/json',
      // WeChat Pay refuses requests that do not say who they are (vendor page wechatpay2_0, 接口规则).
      'user-agent': 'heliu-gateway',
    };
    if (body !== null) headers['content-type'] = 'application/json';
    if (account.prefer_serial) headers['wechatpay-serial'] = account.prefer_serial;
    return {
      method,
      url: account.base_url + path,
      headers,
      body,
      timeout_ms: account.timeout_ms,
      max_bytes: MAX_ANSWER_BYTES,
    };
  }

  /**
   * Signs what a payer's app or page needs to open WeChat Pay. In partner mode, too, the account's own key signs.
   * @param appid the application that the payer is in
   * @param what see `invocationMessage`
   */
  signInvocation(appid: string, what: string): Promise<Signed> {
    return this.#sign((timestamp_s, nonce) => invocationMessage(appid, timestamp_s, nonce, what));
  }

  async #sign(message: (timestamp_s: string, nonce: string) => string): Promise<Signed> {
    const ports = this.#ports;
    const timestamp_s = String(Math.floor(ports.clock.now_ms() / 1000));
    const nonce = ports.random.bytes(16).toString('hex');
    const signature = await ports.signer.signSha256(this.#account.merchant_key, message(timestamp_s, nonce));
    return { timestamp_s, nonce, signature: signature.toString('base64') };
  }

  /** Sends a signed request. Refusals are verified as strictly as successes: a forged "no" costs money too. */
  async send(request: SignedRequest): Promise<CallResult> {
    const answer = await send(this.#ports.http, request);
    if ('outcome' in answer) return answer;
    const verdict = await this.verify(answer.headers, answer.body);
    const text = answer.body.toString('utf8');
    if (verdict !== 'verified') {
      const reason = answer.status >= 500 ? `http_${answer.status}` : unverified(verdict);
      return { outcome: 'unknown', reason, raw: text.slice(0, MAX_UNVERIFIED_CHARACTERS) };
    }
    return { outcome: 'verified', status: answer.status, text, json: parseObject(text) };
  }

  /** `prepare` and `send` in one. */
  async call(method: 'GET' | 'POST', path: string, body: string | null): Promise<CallResult> {
    return this.send(await this.prepare(method, path, body));
  }

  /** Verifies an answer or a callback; may fetch certificates for a serial not seen before. */
  verify(headers: Readonly<Record<string, string>>, body: Buffer): Promise<Verdict> {
    return verifyMessage(headers, body, this.#ports.clock.now_ms(), (serial) => this.#keys.find(serial));
  }

  async #fetchCertificates(): Promise<HttpAnswer | null> {
    const answer = await send(this.#ports.http, await this.prepare('GET', CERTIFICATES_PATH, null));
    return 'outcome' in answer ? null : answer;
  }
}

/** One word for everything that amounts to "not proven to be WeChat Pay's"; a clock that is off deserves its own. */
function unverified(verdict: Verdict): string {
  return verdict === 'stale_timestamp' ? 'stale_timestamp' : 'bad_signature';
}
