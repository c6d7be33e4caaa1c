/** The one way in which this channel talks to a bank: sign, send, verify, and only then believe. */
import type { HttpAnswer, HttpRequest, Ports } from '../../ports.ts';
import type { Declined, NotSent, Unknown } from '../channel.ts';
import { parseObject, type JsonObject } from '../json.ts';
import { send } from '../send.ts';
import type { BankAccount, BankInterface } from './config.ts';
import { requestMessage, verifyBank } from './sign.ts';

const MAX_ANSWER_BYTES = 262_144;
const MAX_UNVERIFIED_CHARACTERS = 2_000;

/** A 200 of the bank, verified. */
export interface BankAnswer {
  readonly outcome: 'answered';
  readonly json: JsonObject;
  readonly text: string;
}

/** A 4xx of the bank, verified. Which codes are definite is for each verb to say. */
export interface BankRefusal {
  readonly outcome: 'refused';
  readonly code: string;
  readonly message: string;
  readonly text: string;
}

export type CallResult = BankAnswer | BankRefusal | NotSent | Unknown;

export class BankClient {
  readonly #account: BankAccount;
  readonly #ports: Ports;

  constructor(account: BankAccount, ports: Ports) {
    this.#account = account;
    this.#ports = ports;
  }

  /** Whether the bank can be called at all. */
  get has_interface(): boolean {
    return this.#account.api !== null;
  }

  /**
   * Calls the bank.
   * @param path path without query
   * @param body null for a GET
   */
  async call(method: 'GET' | 'POST', path: string, body: JsonObject | null): Promise<CallResult> {
    const { api } = this.#account;
    if (!api) return { outcome: 'not_sent', reason: 'no_interface' };
    const request = await this.#signed(api, method, path, body === null ? null : JSON.stringify(body));
    const answer = await send(this.#ports.http, request);
    return 'outcome' in answer ? answer : this.#read(answer);
  }

  async #signed(api: BankInterface, method: 'GET' | 'POST', path: string, body: string | null): Promise<HttpRequest> {
    const timestamp = String(Math.floor(this.#ports.clock.now_ms() / 1000));
    const nonce = this.#ports.random.bytes(16).toString('hex');
    const message = requestMessage(method, path, timestamp, nonce, body ?? '');
    const signature = await this.#ports.signer.signSha256(api.client_key, message);
    return {
      method,
      url: api.base_url + path,
      headers: {
        'bank-client': api.client_id,
        'bank-timestamp': timestamp,
        'bank-nonce': nonce,
        'bank-signature': signature.toString('base64'),
        accept: 'application/json',
        ...(body !== null && { 'content-type': 'application/json' }),
      },
      body,
      timeout_ms: this.#account.timeout_ms,
      max_bytes: MAX_ANSWER_BYTES,
    };
  }

  /** Refusals are verified as strictly as successes: a forged "no" costs money too. */
  #read(answer: HttpAnswer): CallResult {
    const text = answer.body.toString('utf8');
    const verdict = verifyBank(answer.headers, answer.body, this.#ports.clock.now_ms(), this.#account.bank_keys);
    if (verdict !== 'verified') {
      const reason =
        answer.status >= 500 ? `http_${answer.status}` : verdict === 'stale_timestamp' ? verdict : 'bad_signature';
      return { outcome: 'unknown', reason, raw: text.slice(0, MAX_UNVERIFIED_CHARACTERS) };
    }
    const json = parseObject(text);
    if (!json) return { outcome: 'unknown', reason: 'not_understood', raw: text };
    if (answer.status === 200) return { outcome: 'answered', json, text };
    const { code, message } = json;
    if (answer.status < 400 || answer.status >= 500 || typeof code !== 'string')
      return {
        outcome: 'unknown',
        reason: answer.status >= 500 ? `http_${answer.status}` : 'not_understood',
        raw: text,
      };
    return { outcome: 'refused', code, message: typeof message === 'string' ? message : '', text };
  }
}

/** A refusal as `declined` when its code is definite for this verb, else as unknown. */
export function undone(
  result: Exclude<CallResult, BankAnswer>,
  definite: ReadonlySet<string>,
): Declined | NotSent | Unknown {
  if (result.outcome !== 'refused') return result;
  if (!definite.has(result.code)) return { outcome: 'unknown', reason: result.code, raw: result.text };
  return { outcome: 'declined', code: result.code, message: result.message, raw: result.text };
}

/** What came of asking about a number, or closing it, without an answer: the bank does not know it, or nothing is decided. */
export function unanswered(result: Exclude<CallResult, BankAnswer>) {
  if (result.outcome === 'refused' && result.code === 'NOT_FOUND')
    return { outcome: 'not_found', message: result.message, raw: result.text } as const;
  return undone(result, NONE);
}

const NONE: ReadonlySet<string> = new Set();
