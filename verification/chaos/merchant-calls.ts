/** A merchant's requests: signed, sent with a time limit, and every outcome written down. */
import { newNonce, openJwt, signJwt, type Json, type TestMerchant } from '../merchant.ts';
import type { Tally } from './tally.ts';

/** A merchant waits no longer than this for any answer. */
const REQUEST_TIMEOUT_MS = 8_000;

/** What merchants may hear about requests like ours while things fail around them (docs/api.md, Codes). */
const EXPECTED_CODES: ReadonlySet<number> = new Set([0, 107, 301, 302, 303, 500, 503, 600, 601]);

/** Right about a request that failed before anything was recorded. */
const NO_ORDER_CODE = 301;

/** Answers that leave the outcome open: the request did not do what it should. */
const FAILED_CODES: ReadonlySet<number> = new Set([500, 503, 601]);

export interface Called {
  readonly code: number;
  readonly data: Json;
}

export interface Caller {
  readonly url: string;
  readonly merchant: TestMerchant;
  readonly platform_public_key: string;
}

export class MerchantCalls {
  readonly #caller: Caller;
  readonly #tally: Tally;
  /** Numbers of orders and refunds that were answered with success. */
  readonly #known = new Set<string>();

  constructor(caller: Caller, tally: Tally) {
    this.#caller = caller;
    this.#tally = tally;
  }

  /** Sends fields once; null when there was no answer. */
  async call(path: string, fields: Json): Promise<Called | null> {
    const { merchant } = this.#caller;
    this.#tally.requests += 1;
    const answer = await this.#send(path, signJwt({ ...fields, nonce_str: newNonce() }, merchant.private_key)).catch(
      (error: unknown) => this.#failed(kindOf(error), path, fields),
    );
    if (!answer) return null;
    const is_known = answer.code === NO_ORDER_CODE && this.#known.has(numberOf(fields));
    if (!EXPECTED_CODES.has(answer.code) || is_known) {
      this.#tally.unexpected.push(`${path} of ${numberOf(fields)} was answered ${answer.code} ${answer.msg}`);
    }
    if (FAILED_CODES.has(answer.code)) this.#failed(`code ${answer.code}`, path, fields);
    if (answer.code === 600 && answer.msg.includes('NOT_SENT')) this.#failed('code 600 NOT_SENT', path, fields);
    if (answer.code === 0) this.#succeeded(path, fields, answer.data);
    return answer;
  }

  async #send(path: string, body: string): Promise<Called & { readonly msg: string }> {
    const { url, merchant, platform_public_key } = this.#caller;
    const response = await fetch(`${url}${path}?merchant_id=${merchant.merchant_id}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    const answer = text.startsWith('{') ? (JSON.parse(text) as Json) : openJwt(text, platform_public_key);
    // What came in was no HTTP, and Node answered before the gateway saw it.
    if (answer['code'] === undefined) throw new Error(`http ${response.status}`);
    return { code: Number(answer['code']), msg: String(answer['msg']), data: (answer['data'] ?? {}) as Json };
  }

  #failed(kind: string, path: string, fields: Json): null {
    this.#tally.failures.push({ kind, path, number: numberOf(fields), at_ms: Date.now() });
    return null;
  }

  #succeeded(path: string, fields: Json, data: Json): void {
    this.#known.add(numberOf(fields));
    const refunds = path.startsWith('/v2/pay/refund') ? (data['refunds'] as Json | undefined) : undefined;
    const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
    this.#tally.successes.push({
      path,
      mch_trade_id: String(data['mch_trade_id'] ?? fields['mch_trade_id']),
      trade_id: String(data['trade_id']),
      trade_state: number(data['trade_state']),
      total_fee: number(data['total_fee'] ?? fields['total_fee']),
      ...(refunds === undefined
        ? {}
        : {
            refund: {
              mch_refund_id: String(refunds['mch_refund_id']),
              refund_fee: Number(refunds['refund_fee']),
              refund_status: Number(refunds['refund_status']),
            },
          }),
    });
  }
}

function numberOf(fields: Json): string {
  return String(fields['mch_refund_id'] ?? fields['mch_trade_id']);
}

/** Why there was no answer, in a word. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'timeout';
  const cause: unknown = error.cause;
  if (cause instanceof Error) return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
  return error.message;
}
