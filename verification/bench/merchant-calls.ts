import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** What a merchant's program does around a call of `/v2/pay`: make the signed request, believe the signed answer. */

const signAsync = promisify(sign);
const HEADER = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');
const COMPACT_JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export interface MerchantSettings {
  readonly merchant_id: string;
  readonly private_key: string;
  /** The key that signs the answers. */
  readonly platform_public_key: string;
  readonly notify_url: string;
}

/** A signed request, ready to be sent once. */
export interface SignedOrder {
  readonly mch_trade_id: string;
  readonly token: string;
}

export class MerchantCalls {
  readonly path: string;
  readonly #settings: MerchantSettings;
  readonly #key: KeyObject;
  readonly #platform_key: KeyObject;
  #last = 0;
  readonly #run = randomBytes(5).toString('hex');

  constructor(settings: MerchantSettings) {
    this.path = `/v2/pay?merchant_id=${settings.merchant_id}`;
    this.#settings = settings;
    this.#key = createPrivateKey(settings.private_key);
    this.#platform_key = createPublicKey(settings.platform_public_key);
  }

  /** The claims of the document's own example, under a number and a nonce never used before. */
  async order(): Promise<SignedOrder> {
    const mch_trade_id = `bench.${this.#run}.${++this.#last}`;
    const claims = {
      pay_type: 'wechat.scan',
      nonce_str: randomBytes(12).toString('hex'),
      mch_trade_id,
      total_fee: 221,
      spbill_create_ip: '127.0.0.1',
      notify_url: this.#settings.notify_url,
      body: 'Alex Test Scan',
      device_info: 'alex device',
      op_user_id: '301',
      attach: 'Alex attach',
    };
    const head = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    const signature = await signAsync('sha256', Buffer.from(head), this.#key);
    return { mch_trade_id, token: `${head}.${signature.toString('base64url')}` };
  }

  /** Null when the answer has the shape of a success, otherwise what it is instead. */
  shapeProblem(status: number, body: string): string | null {
    if (status === 200 && COMPACT_JWT.test(body)) return null;
    const code = /^\{"code":(\d+),"msg":"([^"]{0,80})/.exec(body);
    return `HTTP ${status}${code === null ? '' : ` code ${code[1]} ${code[2]}`}`;
  }

  /** Null when the answer is signed by the platform and is about this order, otherwise what is wrong. */
  answerProblem(order: SignedOrder, body: string): string | null {
    const [header = '', payload = '', signature = ''] = body.split('.');
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('sha256', signed, this.#platform_key, Buffer.from(signature, 'base64url'))) return 'signature is wrong';
    const answer = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
      code?: unknown;
      data?: { mch_trade_id?: unknown; code_url?: unknown };
    };
    if (answer.code !== 0) return `code ${String(answer.code)} in a signed answer`;
    if (answer.data?.mch_trade_id !== order.mch_trade_id) return 'the answer is about another order';
    if (!String(answer.data.code_url).startsWith('weixin://wxpay/')) return 'no code_url in the answer';
    return null;
  }
}
