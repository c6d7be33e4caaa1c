import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { request } from 'undici';
import type { BenchPayType } from './pay-types.ts';

/** What a merchant's program does around a call of the gateway: make the signed request, believe the signed answer. */

const signAsync = promisify(sign);
const HEADER = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');
const COMPACT_JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** What every order of the bench costs, in fen. */
export const TOTAL_FEN = 221;

export interface MerchantSettings {
  readonly merchant_id: string;
  readonly private_key: string;
  /** The key that signs the answers. */
  readonly platform_public_key: string;
  readonly notify_url: string;
}

/** A signed request, ready to be sent once. */
export interface SignedRequest {
  readonly path: string;
  readonly mch_trade_id: string;
  readonly token: string;
  /** What is ordered; null for a query. */
  readonly pay_type: BenchPayType | null;
}

interface SignedAnswer {
  readonly code?: unknown;
  readonly data?: Readonly<Record<string, unknown>>;
}

export class MerchantCalls {
  readonly #settings: MerchantSettings;
  readonly #key: KeyObject;
  readonly #platform_key: KeyObject;
  #last = 0;
  readonly #run = randomBytes(5).toString('hex');

  constructor(settings: MerchantSettings) {
    this.#settings = settings;
    this.#key = createPrivateKey(settings.private_key);
    this.#platform_key = createPublicKey(settings.platform_public_key);
  }

  /** The claims of the document's own example, with a nonce never used before, and a new number unless one is given. */
  async order(pay_type: BenchPayType, mch_trade_id = `bench.${this.#run}.${++this.#last}`): Promise<SignedRequest> {
    const token = await this.#token({
      pay_type: pay_type.code,
      mch_trade_id,
      total_fee: TOTAL_FEN,
      spbill_create_ip: '127.0.0.1',
      notify_url: this.#settings.notify_url,
      body: 'Alex Test Scan',
      device_info: 'alex device',
      op_user_id: '301',
      attach: 'Alex attach',
      ...pay_type.claims,
    });
    return { path: this.#path('/v2/pay'), mch_trade_id, token, pay_type };
  }

  /** Asks for an order that has been paid. */
  async query(mch_trade_id: string): Promise<SignedRequest> {
    const token = await this.#token({ mch_trade_id });
    return { path: this.#path('/v2/pay/query'), mch_trade_id, token, pay_type: null };
  }

  /** Asks for a fen of an order back. */
  async refund(mch_trade_id: string): Promise<SignedRequest> {
    const { notify_url } = this.#settings;
    const mch_refund_id = `${mch_trade_id}.r`;
    const token = await this.#token({ mch_trade_id, mch_refund_id, refund_fee: 1, refund_desc: 'bench', notify_url });
    return { path: this.#path('/v2/pay/refund'), mch_trade_id, token, pay_type: null };
  }

  /** Asks for all refunds of an order. */
  async refundQuery(mch_trade_id: string): Promise<SignedRequest> {
    const token = await this.#token({ mch_trade_id });
    return { path: this.#path('/v2/pay/refund_query'), mch_trade_id, token, pay_type: null };
  }

  /** Null when the answer has the shape of a success, otherwise what it is instead. */
  shapeProblem(status: number, body: string): string | null {
    if (status === 200 && COMPACT_JWT.test(body)) return null;
    const code = /^\{"code":(\d+),"msg":"([^"]{0,80})/.exec(body);
    return `HTTP ${status}${code === null ? '' : ` code ${code[1]} ${code[2]}`}`;
  }

  /** Null when the answer is signed by the platform and says what it should about this order, otherwise what is wrong. */
  answerProblem(call: SignedRequest, body: string): string | null {
    const answer = this.read(body);
    if (answer === null) return 'signature is wrong';
    if (answer.code !== 0) return `code ${String(answer.code)} in a signed answer`;
    if (answer.data?.['mch_trade_id'] !== call.mch_trade_id) return 'the answer is about another order';
    return call.pay_type === null ? paidProblem(answer.data) : replyProblem(call.pay_type, answer.data);
  }

  /** What a signed answer says; null when the platform did not sign it. */
  read(body: string): SignedAnswer | null {
    const [header = '', payload = '', signature = ''] = body.split('.');
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('sha256', signed, this.#platform_key, Buffer.from(signature, 'base64url'))) return null;
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as SignedAnswer;
  }

  #path(endpoint: string): string {
    return `${endpoint}?merchant_id=${this.#settings.merchant_id}`;
  }

  async #token(claims: Readonly<Record<string, unknown>>): Promise<string> {
    const payload = { ...claims, nonce_str: randomBytes(12).toString('hex') };
    const head = `${HEADER}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
    const signature = await signAsync('sha256', Buffer.from(head), this.#key);
    return `${head}.${signature.toString('base64url')}`;
  }
}

/**
 * Makes one call and believes the signed answer.
 *
 * @returns its `data`
 * @throws Error that says what came instead of a success
 */
export async function sendCall(
  url: string,
  calls: MerchantCalls,
  call: SignedRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await request(url + call.path, { method: 'POST', body: call.token });
  const body = await answer.body.text();
  const signed = calls.shapeProblem(answer.statusCode, body) ?? calls.read(body) ?? 'an answer that is not signed';
  if (typeof signed === 'object' && signed.code === 0) return signed.data ?? {};
  throw new Error(`${call.path.split('?')[0]}: ${typeof signed === 'object' ? `code ${String(signed.code)}` : signed}`);
}

function replyProblem(pay_type: BenchPayType, data: Readonly<Record<string, unknown>>): string | null {
  if (pay_type.reply === null) return null;
  const { field, begins } = pay_type.reply;
  const value = data[field];
  return typeof value === 'string' && value !== '' && value.startsWith(begins) ? null : `no ${field} in the answer`;
}

function paidProblem(data: Readonly<Record<string, unknown>>): string | null {
  if (data['trade_state'] !== 0) return `trade_state ${String(data['trade_state'])} of a paid order`;
  return data['total_fee'] === TOTAL_FEN ? null : 'the amount is another one';
}
