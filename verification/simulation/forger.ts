/**
 * Callbacks that are not what they seem: after a true one, or before it, a copy with something changed goes to the same address. Some
 * are signed wrongly, some well, as a channel would that tells of something else.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { OutgoingRequest } from '../../simulators/src/kernel/ports.ts';
import { NoAnswer } from '../../gateway/src/ports.ts';
import type { Json } from '../merchant.ts';
import { signed, wechatSignature, type LiarOptions } from './liar.ts';
import type { Network } from './network.ts';
import type { Observer } from './observation.ts';

type Parameters = Readonly<Record<string, string>>;

/** How a copy differs. Null: this kind of callback has no such copy. */
interface Forgery {
  /** The encrypted content of a callback of WeChat Pay, and the message around it. */
  readonly wechat?: (content: Json, message: Json) => { readonly content: Json; readonly message?: Json } | null;
  readonly alipay?: (parameters: Parameters) => Parameters | null;
  /** Its signature does not verify, or is an hour old. */
  readonly signature?: 'wrong' | 'old';
  /** It goes before the true callback, not after it. */
  readonly before?: true;
}

const isPayment = (content: Json): boolean => 'trade_state' in content;
const isTrade = (parameters: Parameters): boolean => parameters['out_biz_no'] === undefined;
const amountOf = (content: Json): Record<string, number> => content['amount'] as Record<string, number>;
const onlyOf = (holds: boolean, change: Json): { readonly content: Json } | null =>
  holds ? { content: change } : null;

export const FORGERIES: Readonly<Record<string, Forgery>> = {
  'with a wrong signature': {
    signature: 'wrong',
    wechat: (content) => ({ content }),
    alipay: (parameters) => parameters,
  },
  'with an old signature': { signature: 'old', wechat: (content) => ({ content }) },
  'of another amount': {
    before: true,
    wechat: (content) => {
      const amount = amountOf(content);
      return onlyOf(isPayment(content), { ...content, amount: { ...amount, total: (amount['total'] ?? 0) + 1 } });
    },
    alipay: (parameters) => (isTrade(parameters) ? { ...parameters, total_amount: '70000.01' } : null),
  },
  'of another application': {
    before: true,
    wechat: (content) =>
      onlyOf(isPayment(content), { ...content, appid: 'wx0000000000000000', sp_appid: 'wx0000000000000000' }),
    alipay: (parameters) => (isTrade(parameters) ? { ...parameters, app_id: '2021000000000000' } : null),
  },
  'of another payment': {
    wechat: (content) => onlyOf(isPayment(content), { ...content, transaction_id: '4200000000202603020000000000' }),
    alipay: (parameters) => (isTrade(parameters) ? { ...parameters, trade_no: '2026030222000000000000000000' } : null),
  },
  'of a closed order': {
    alipay: ({ gmt_payment: _time, ...parameters }) =>
      isTrade(parameters) ? { ...parameters, trade_status: 'TRADE_CLOSED' } : null,
  },
  'of a refund by the console': {
    wechat: (content) => onlyOf(isPayment(content), { ...content, trade_state: 'REFUND' }),
    // Of a trade that was closed unpaid it would say that it was paid: that is no forgery of a refund, and nobody could know better.
    alipay: (parameters) =>
      isTrade(parameters) && parameters['trade_status'] !== 'TRADE_CLOSED'
        ? { ...parameters, refund_fee: '0.01' }
        : null,
  },
  'of an unknown order': {
    wechat: (content) => onlyOf(isPayment(content), { ...content, out_trade_no: '0123456789abcdef01234567' }),
    alipay: (parameters) => (isTrade(parameters) ? { ...parameters, out_trade_no: '0123456789abcdef01234567' } : null),
  },
  'of an unknown refund': {
    wechat: (content) => onlyOf(!isPayment(content), { ...content, out_refund_no: '0123456789abcdef01234567' }),
    alipay: (parameters) => ({ ...parameters, refund_fee: '0.01', out_biz_no: '0123456789abcdef01234567' }),
  },
  'of an unknown kind': {
    wechat: (content, message) => ({ content, message: { ...message, event_type: 'COUPON.USE' } }),
    alipay: (parameters) => ({ ...parameters, notify_type: 'open_app_auth_notify' }),
  },
  'of a refund with another amount': {
    before: true,
    wechat: (content) => {
      if (isPayment(content)) return null;
      const amount = amountOf(content);
      return {
        content: { ...content, refund_status: 'SUCCESS', amount: { ...amount, refund: (amount['refund'] ?? 0) + 1 } },
      };
    },
  },
  'of a refund that succeeded': {
    // What is abnormal may succeed after all; what is closed may not.
    wechat: (content) => onlyOf(content['refund_status'] === 'CLOSED', { ...content, refund_status: 'SUCCESS' }),
  },
};

export interface ForgerOptions extends LiarOptions {
  readonly network: Network;
  readonly observe: Observer;
}

export class Forger {
  readonly #options: ForgerOptions;
  #wanted: string[] = [];

  constructor(options: ForgerOptions) {
    this.#options = options;
  }

  /** Copies of these kinds follow true callbacks, each a number of times, until `rest`. */
  forge(kind: string, times: number): void {
    this.#wanted.push(...Array.from({ length: times }, () => kind));
  }

  rest(): void {
    this.#wanted = [];
  }

  /** Sends what is wanted before, or after, a true callback. */
  async accompany(request: OutgoingRequest, when: 'before' | 'after'): Promise<void> {
    for (const [index, kind] of this.#wanted.entries()) {
      const copy = (FORGERIES[kind]?.before ?? false) === (when === 'before') ? this.#copyOf(kind, request) : null;
      if (!copy) continue;
      this.#wanted.splice(index, 1);
      return this.#send(kind, copy);
    }
  }

  async #send(kind: string, copy: OutgoingRequest): Promise<void> {
    const { network, observe } = this.#options;
    try {
      const { status, body } = await network.exchange('forger', { ...copy, max_bytes: 65_536 });
      const kept = status === 204 || body.toString('utf8') === 'success';
      observe({ kind: 'stranger', what: `callback ${kind} ${kept ? 'kept' : 'refused'}`, status, code: null });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }

  #copyOf(kind: string, request: OutgoingRequest): OutgoingRequest | null {
    const forgery = FORGERIES[kind];
    const text = request.body.toString('utf8');
    if (!forgery || text.startsWith('<')) return null;
    return text.startsWith('{') ? this.#wechatCopy(forgery, request, text) : this.#alipayCopy(forgery, request, text);
  }

  #wechatCopy({ wechat, signature }: Forgery, request: OutgoingRequest, text: string): OutgoingRequest | null {
    const { keys, random, now_ms } = this.#options;
    const message = JSON.parse(text) as Json;
    const resource = message['resource'] as Record<string, string>;
    const opened = keys.wechat.merchants
      .map(({ api_v3_key }) => ({ api_v3_key, content: decrypt(api_v3_key, resource) }))
      .find((one) => one.content !== null);
    const changed = opened?.content && wechat?.(opened.content, message);
    if (!opened || !changed) return null;
    const ciphertext = encrypt(opened.api_v3_key, resource, JSON.stringify(changed.content));
    const id = `forged-${random.bytes(8).toString('hex')}`;
    const body = JSON.stringify({ ...message, ...changed.message, id, resource: { ...resource, ciphertext } });
    const at_s = Math.floor(now_ms() / 1_000) - (signature === 'old' ? 3_600 : 0);
    const headers = wechatSignature(keys, random.bytes(16).toString('hex'), at_s, body);
    const spoiled = signature === 'wrong' ? { 'wechatpay-signature': signed('another text', anyKey(keys)) } : {};
    const own = { 'content-type': 'application/json', ...headers, ...spoiled };
    return { ...request, headers: own, body: Buffer.from(body) };
  }

  #alipayCopy({ alipay, signature }: Forgery, request: OutgoingRequest, text: string): OutgoingRequest | null {
    const { keys, random } = this.#options;
    const { sign: _sign, ...given } = Object.fromEntries(new URLSearchParams(text));
    const app = keys.alipay.apps.find(({ app_id }) => app_id === given['app_id']);
    const changed = alipay?.(given);
    if (!changed || !app) return null;
    const parameters = { ...changed, notify_id: `forged${random.bytes(8).toString('hex')}` };
    const content = Object.entries(parameters)
      .filter(([name, value]) => name !== 'sign_type' && value !== '')
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const sign = signed(signature === 'wrong' ? 'another text' : content, app.alipay_private_key);
    return { ...request, body: Buffer.from(new URLSearchParams({ ...parameters, sign }).toString()) };
  }
}

function anyKey({ wechat }: LiarOptions['keys']): string {
  return wechat.platform_keys[0]?.private_key ?? '';
}

/** AES-256-GCM under the merchant's key, as WeChat Pay protects the content of a callback; null when it is another's. */
function decrypt(key: string, resource: Record<string, string>): Json | null {
  const bytes = Buffer.from(resource['ciphertext'] ?? '', 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, resource['nonce'] ?? '');
  decipher.setAAD(Buffer.from(resource['associated_data'] ?? ''));
  decipher.setAuthTag(bytes.subarray(-16));
  try {
    return JSON.parse(`${decipher.update(bytes.subarray(0, -16)).toString()}${decipher.final().toString()}`) as Json;
  } catch {
    return null;
  }
}

function encrypt(key: string, resource: Record<string, string>, text: string): string {
  const cipher = createCipheriv('aes-256-gcm', key, resource['nonce'] ?? '');
  cipher.setAAD(Buffer.from(resource['associated_data'] ?? ''));
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
}
