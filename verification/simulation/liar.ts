/**
 * A channel that says what is not so, under its own signature: its answers are changed on their way out and signed again. It
 * stands for everything a channel gets wrong that is no failure of the network.
 */
import { createPrivateKey, sign, type KeyObject } from 'node:crypto';
import type { Json } from '../merchant.ts';
import type { WorldKeys } from './keys.ts';
import type { NetworkAnswer, NetworkHandler, NetworkRequest } from './network.ts';
import type { SeededRandom } from './random.ts';

export type LiedAbout = 'pay' | 'query' | 'close' | 'reverse' | 'refund' | 'refund_query';
export type LyingChannel = 'wechat' | 'alipay';

/** What the channel says in place of the truth. */
export interface Said {
  readonly status: number;
  readonly body: Json;
}

export interface Lie {
  readonly channel: LyingChannel;
  readonly operation: LiedAbout;
  /** A text that the request holds: the number of an order, its goods. Absent: any. */
  readonly about?: string;
  /** How many answers are lies. */
  readonly times: number;
  /** Whether it does what it denies, or nothing. */
  readonly does_it: boolean;
  readonly say: (truth: Json | null) => Said;
  /** It goes on when everything else has become quiet. */
  readonly lasting?: true;
}

const WECHAT_PATHS: readonly (readonly [LiedAbout, string, RegExp])[] = [
  ['pay', 'POST', /^\/v3\/pay\/(?:partner\/)?transactions\/(?:native|jsapi|app|h5|codepay)/],
  ['query', 'GET', /^\/v3\/pay\/(?:partner\/)?transactions\/out-trade-no\//],
  ['close', 'POST', /^\/v3\/pay\/.*\/close$/],
  ['reverse', 'POST', /^\/v3\/pay\/.*\/reverse$/],
  ['refund', 'POST', /^\/v3\/refund\/domestic\/refunds$/],
  ['refund_query', 'GET', /^\/v3\/refund\/domestic\/refunds\//],
];

const ALIPAY_METHODS: Readonly<Record<string, LiedAbout>> = {
  'alipay.trade.precreate': 'pay',
  'alipay.trade.create': 'pay',
  'alipay.trade.pay': 'pay',
  'alipay.trade.query': 'query',
  'alipay.trade.close': 'close',
  'alipay.trade.cancel': 'reverse',
  'alipay.trade.refund': 'refund',
  'alipay.trade.fastpay.refund.query': 'refund_query',
};

const keys_read = new Map<string, KeyObject>();

/** A private key, read once. */
export function privateKey(pem: string): KeyObject {
  const known = keys_read.get(pem);
  if (known) return known;
  const read = createPrivateKey(pem);
  keys_read.set(pem, read);
  return read;
}

/** The signature of both channels: SHA256 with RSA, in base64. */
export function signed(text: string, pem: string): string {
  return sign('sha256', Buffer.from(text), privateKey(pem)).toString('base64');
}

/** What both the lies and the forged callbacks are made with. */
export interface LiarOptions {
  readonly keys: WorldKeys;
  readonly random: SeededRandom;
  readonly now_ms: () => number;
}

export class Liar {
  readonly #options: LiarOptions;
  #lies: { readonly lie: Lie; left: number }[] = [];

  constructor(options: LiarOptions) {
    this.#options = options;
  }

  /** From now on the channel lies so. */
  tell(lie: Lie): void {
    this.#lies.push({ lie, left: lie.times });
  }

  /** It tells the truth again. */
  repent(): void {
    this.#lies = this.#lies.filter(({ lie }) => lie.lasting);
  }

  /** The channel's handler, which lies when it is to. */
  wrap(channel: LyingChannel, handler: NetworkHandler): NetworkHandler {
    return async (request) => {
      const lie = this.#lieFor(channel, request);
      if (!lie) return handler(request);
      let truth: Json | null = null;
      if (lie.does_it) {
        const reply = await handler(request);
        // A channel that says nothing cannot lie.
        if (reply.kind !== 'answer') return reply;
        truth = truthOf(channel, reply.answer.body);
      }
      const said = lie.say(truth);
      const answer = channel === 'wechat' ? this.#wechatAnswer(said) : this.#alipayAnswer(request, said.body);
      return { kind: 'answer', answer, delay_ms: 0 };
    };
  }

  #lieFor(channel: LyingChannel, request: NetworkRequest): Lie | null {
    if (this.#lies.length === 0) return null;
    const operation = channel === 'wechat' ? wechatOperation(request) : ALIPAY_METHODS[alipayMethod(request)];
    const text = `${request.target} ${formField(request, 'biz_content') ?? request.body.toString('utf8')}`;
    const found = this.#lies.find(
      ({ lie }) =>
        lie.channel === channel && lie.operation === operation && (lie.about === undefined || text.includes(lie.about)),
    );
    if (!found) return null;
    found.left -= 1;
    if (found.left === 0) this.#lies = this.#lies.filter((one) => one !== found);
    return found.lie;
  }

  #wechatAnswer({ status, body }: Said): NetworkAnswer {
    const { keys, random, now_ms } = this.#options;
    const text = JSON.stringify(body);
    return {
      status,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'request-id': random.bytes(16).toString('hex'),
        ...wechatSignature(keys, random.bytes(16).toString('hex'), Math.floor(now_ms() / 1_000), text),
      },
      body: Buffer.from(text),
    };
  }

  #alipayAnswer(request: NetworkRequest, body: Json): NetworkAnswer {
    const node = JSON.stringify(body);
    const app = this.#options.keys.alipay.apps.find(({ app_id }) => app_id === formField(request, 'app_id'));
    if (!app) throw new Error('a request of no application of ours');
    const name = `${alipayMethod(request).replaceAll('.', '_')}_response`;
    const text = `{"${name}":${node},"sign":"${signed(node, app.alipay_private_key)}"}`;
    return { status: 200, headers: { 'content-type': 'text/html;charset=utf-8' }, body: Buffer.from(text) };
  }
}

/** The headers by which WeChat Pay signs a body. */
export function wechatSignature(
  { wechat }: WorldKeys,
  nonce: string,
  timestamp_s: number,
  body: string,
): Record<string, string> {
  const key = wechat.platform_keys.find(({ serial }) => serial === wechat.current_serial);
  if (!key) throw new Error('WeChat Pay has no key');
  return {
    'wechatpay-timestamp': String(timestamp_s),
    'wechatpay-nonce': nonce,
    'wechatpay-serial': key.serial,
    'wechatpay-signature': signed(`${timestamp_s}\n${nonce}\n${body}\n`, key.private_key),
    'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
  };
}

function wechatOperation({ method, target }: NetworkRequest): LiedAbout | undefined {
  return WECHAT_PATHS.find(([, verb, path]) => verb === method && path.test(target.split('?')[0] ?? ''))?.[0];
}

function formField({ body }: NetworkRequest, name: string): string | null {
  return new URLSearchParams(body.toString('utf8')).get(name);
}

function alipayMethod(request: NetworkRequest): string {
  return formField(request, 'method') ?? '';
}

function truthOf(channel: LyingChannel, body: Buffer): Json | null {
  if (body.length === 0) return null;
  const read = jsonOf(body);
  if (read === null) return null;
  if (channel === 'wechat') return read;
  const [node] = Object.entries(read).find(([name]) => name.endsWith('_response')) ?? [];
  return node === undefined ? null : (read[node] as Json);
}

/** Null for what a fault has made of it. */
function jsonOf(body: Buffer): Json | null {
  try {
    return JSON.parse(body.toString('utf8')) as Json;
  } catch {
    return null;
  }
}

/** A refusal for good, in the words of each channel. */
export function refusal(channel: LyingChannel): Said {
  return channel === 'wechat'
    ? { status: 400, body: { code: 'PARAM_ERROR', message: '参数错误' } }
    : {
        status: 200,
        body: { code: '40004', msg: 'Business Failed', sub_code: 'ACQ.INVALID_PARAMETER', sub_msg: '参数无效' },
      };
}

/** The order was paid, says the channel, with one fen more. */
export function oneFenMore(channel: LyingChannel, truth: Json | null): Said {
  const body = truth ?? {};
  if (channel === 'alipay') {
    const amount = Number(body['total_amount']);
    return {
      status: 200,
      body: Number.isFinite(amount) ? { ...body, total_amount: (amount + 0.01).toFixed(2) } : body,
    };
  }
  const amount = body['amount'] as { total?: number } | undefined;
  if (amount?.total === undefined) return { status: 'code' in body ? 404 : 200, body };
  return { status: 200, body: { ...body, amount: { ...amount, total: amount.total + 1 } } };
}
