/**
 * The client of a Heliu gateway. Nothing but Web Crypto and fetch: Node 18 and newer, Deno, Bun, Cloudflare Workers and other
 * edge runtimes.
 */
import type { Calls, PreOrderData, PreOrderDetailData, PreOrderDetailFields, PreOrderFields } from './api-types.ts';
import { call, type CallOptions, type CallSettings, type Exchange } from './call.ts';
import { system_clock, type Clock } from './clock.ts';
import { InvalidArgument, OutcomeUnknown, wasTurnedAway } from './errors.ts';
import { notificationHandler, type NotificationHandling } from './handle-notification.ts';
import type { Json } from './json-web-token.ts';
import { readPrivateKey, readPublicKey } from './keys.ts';
import { NotificationEndpoint } from './notification-endpoints.ts';
import { outcomeOf } from './outcome.ts';
import { readNotification } from './read-notification.ts';
import type {
  Answer,
  MicroFields,
  Notification,
  Order,
  PayDataOf,
  PayFields,
  RefundAnswer,
  RefundsAnswer,
} from './types.ts';
import { waitForPayment, type PaymentOutcome, type WaitOptions } from './wait-for-payment.ts';

export interface HeliuOptions {
  /** Where the gateway is, e.g. https://pay.example.com */
  readonly gateway_url: string;
  /** Sixteen digits, from the operator of the gateway. */
  readonly merchant_id: string;
  /** Your RSA private key: PEM or one line of base64, PKCS#1 or PKCS#8. It never leaves this process. */
  readonly private_key: string;
  /** The platform's public key: `data` of GET /platform_public_key. Keep it in your configuration. */
  readonly platform_public_key: string;
  /** Milliseconds for an attempt: 30 s, longer than the gateway waits for a channel (at most 20 s), so that its answer is heard. */
  readonly timeout_ms?: number;
  /** How often a call is sent again when its outcome is unknown: 2. */
  readonly max_retries?: number;
  /** Sees every attempt, decoded: for logs. What it throws is ignored. */
  readonly observe?: (exchange: Exchange) => void;
  /** Instead of the runtime's fetch, e.g. through a proxy. */
  readonly fetch?: typeof fetch;
  /** Instead of the runtime's time, e.g. in a test. */
  readonly clock?: Clock;
}

/** One merchant at one gateway. Make one and keep it. */
export class Heliu {
  readonly #settings: CallSettings;

  /** @throws InvalidKey, InvalidArgument when a setting is not what it should be */
  constructor(options: HeliuOptions) {
    if (!/^\d{16}$/.test(options.merchant_id)) throw new InvalidArgument('merchant_id is not 16 digits');
    this.#settings = {
      gateway_url: originOf(options.gateway_url),
      merchant_id: options.merchant_id,
      private_key: readPrivateKey(options.private_key),
      platform_public_key: readPublicKey(options.platform_public_key),
      timeout_ms: options.timeout_ms ?? 30_000,
      max_retries: options.max_retries ?? 2,
      // A fetch that is called as a method of ours is refused by Workers ("Illegal invocation").
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      clock: options.clock ?? system_clock,
      observe: options.observe,
    };
  }

  get merchant_id(): string {
    return this.#settings.merchant_id;
  }

  /**
   * Calls any endpoint with its documented fields, for what has no method here.
   *
   * @throws Refused, OutcomeUnknown
   */
  async call(path: string, fields: Json, options?: CallOptions): Promise<Answer<Json>> {
    return call(this.#settings, path, fields, options);
  }

  /**
   * Places an order (统一支付). Store it under its `mch_trade_id` before you call. A payment code is sent once only; see
   * `payByAuthCode`.
   *
   * @throws Refused the order is not placed; OutcomeUnknown it may be: query it, or send the same fields again
   */
  async pay<Fields extends PayFields>(fields: Fields, options?: CallOptions): Promise<PayDataOf<Fields>> {
    const once = fields.pay_type === 'common.micro' ? { max_retries: 0, ...options } : options;
    const { data } = await this.call('/v2/pay', fields as unknown as Json, once);
    return data as unknown as PayDataOf<Fields>;
  }

  /**
   * Takes a payment by the code that a scanner has read (反扫), to the end: pays, asks while the payer types the password,
   * and reverses what is undecided after 30 s. It takes up to a minute, longer when the channel is in trouble.
   *
   * @throws Refused the channel or the gateway said no, and no money was taken
   * @throws OutcomeUnknown neither confirmed nor reversed in time: go on with `waitForPayment(…, { reverse: true })`
   */
  async payByAuthCode(fields: Omit<MicroFields, 'pay_type'>, options: WaitOptions = {}): Promise<PaymentOutcome> {
    const paid_at_ms = this.#settings.clock.now_ms();
    try {
      const data = await this.pay({ pay_type: 'common.micro', ...fields });
      const outcome = outcomeOf(data);
      if (outcome !== 'undecided') return { outcome, order: data };
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
    }
    try {
      return await this.#wait(fields.mch_trade_id, { reverse: true, ...options }, paid_at_ms);
    } catch (cause) {
      if (!wasTurnedAway(cause)) throw cause;
      throw new OutcomeUnknown('undecided', 'the gateway no longer lets this merchant ask: go on querying', { cause });
    }
  }

  /** Tells how an order stands (查询订单). An undecided one is asked about at the channel. */
  query(fields: Calls['/v2/pay/query']['fields'], options?: CallOptions): Promise<Order> {
    return this.#call('/v2/pay/query', fields, options);
  }

  /**
   * Asks about an order until it is decided or patience is over: after 5 s, then every 10 s, for 30 s unless told otherwise.
   *
   * @throws Refused, and OutcomeUnknown when a reversal that was asked for did not succeed
   */
  waitForPayment(mch_trade_id: string, options: WaitOptions = {}): Promise<PaymentOutcome> {
    return this.#wait(mch_trade_id, options, this.#settings.clock.now_ms());
  }

  /** Closes an order that was not paid (关闭订单), so that it can no longer be. Leave it five minutes first. */
  close(fields: Calls['/v2/pay/close']['fields'], options?: CallOptions): Promise<Calls['/v2/pay/close']['data']> {
    return this.#call('/v2/pay/close', fields, options);
  }

  /**
   * Reverses a payment (撤销订单) whose outcome is unclear: closes it, or gives the money back. Not before 15 s after it was
   * sent. When it fails or its answer is lost, call again; `waitForPayment` with `reverse` does all of this.
   */
  reverse(
    fields: Calls['/v2/pay/reverse']['fields'],
    options?: CallOptions,
  ): Promise<Calls['/v2/pay/reverse']['data']> {
    return this.#call('/v2/pay/reverse', fields, options);
  }

  /** Gives back all or part of a paid order (申请退款). The same number again, with the same fields, is the same refund. */
  refund(fields: Calls['/v2/pay/refund']['fields'], options?: CallOptions): Promise<RefundAnswer> {
    return this.#call('/v2/pay/refund', fields, options);
  }

  /** Tells how a refund stands, or all refunds of an order (退款查询). */
  queryRefund(fields: { readonly mch_refund_id: string }, options?: CallOptions): Promise<RefundAnswer>;
  queryRefund(fields: { readonly mch_trade_id: string }, options?: CallOptions): Promise<RefundsAnswer>;
  queryRefund(
    fields: { readonly mch_refund_id: string } | { readonly mch_trade_id: string },
    options?: CallOptions,
  ): Promise<RefundAnswer | RefundsAnswer> {
    return this.#call('/v2/pay/refund_query', fields, options);
  }

  /** Gives up the virtual account of a paid bank transfer (核销订单). */
  writeOff(
    fields: Calls['/v2/pay/writeoff']['fields'],
    options?: CallOptions,
  ): Promise<Calls['/v2/pay/writeoff']['data']> {
    return this.#call('/v2/pay/writeoff', fields, options);
  }

  /** Makes a link at which the payer chooses the wallet (预下单支付). */
  createPreorder(fields: PreOrderFields, options?: CallOptions): Promise<PreOrderData> {
    return this.#call('/v2/pay/pre_order', fields, options);
  }

  /** Tells how a preorder stands, and which orders were placed for it (预下单订单查询). */
  queryPreorder(fields: PreOrderDetailFields, options?: CallOptions): Promise<PreOrderDetailData> {
    return this.#call('/v2/pay/pre_order_detail', fields, options);
  }

  /**
   * Verifies the body of a notification and reads it. It does not compare amounts and does not know repeats: `notifications`
   * does.
   *
   * @throws InvalidToken, SignatureInvalid nothing in it is true; NotificationRefused it is for another merchant
   */
  readNotification(body: string): Promise<Notification> {
    return readNotification(body, this.#settings.platform_public_key, this.merchant_id);
  }

  /** The endpoint that your notify_url leads to: verifies, compares the amount, acts once, answers `success`. */
  notifications(handling: NotificationHandling): NotificationEndpoint {
    return new NotificationEndpoint(notificationHandler((body) => this.readNotification(body), handling));
  }

  async #call<Data>(path: string, fields: object, options?: CallOptions): Promise<Data> {
    const { data } = await this.call(path, fields as Json, options);
    return data as Data;
  }

  #wait(mch_trade_id: string, options: WaitOptions, paid_at_ms: number): Promise<PaymentOutcome> {
    const asking = {
      clock: this.#settings.clock,
      query: (number: string, how: CallOptions) => this.query({ mch_trade_id: number }, how),
      reverse: (number: string, how: CallOptions) => this.reverse({ mch_trade_id: number }, how),
    };
    return waitForPayment(asking, mch_trade_id, options, paid_at_ms);
  }
}

/** The gateway's address without a trailing slash; a path is kept, for a gateway behind a proxy. */
function originOf(gateway_url: string): string {
  let url: URL;
  try {
    url = new URL(gateway_url);
  } catch {
    throw new InvalidArgument('gateway_url is no URL');
  }
  if (!['http:', 'https:'].includes(url.protocol)) throw new InvalidArgument('gateway_url is not http or https');
  if (url.search !== '' || url.hash !== '') throw new InvalidArgument('gateway_url has a query or a fragment');
  return url.href.replace(/(?<!\/)\/+$/, '');
}

export { CODES, type CodeName } from './api-codes.ts';
export type { Calls } from './api-types.ts';
export type { PayType, PayTypes, TradeState } from './pay-types.ts';
export type { CallOptions, Exchange } from './call.ts';
export type { Clock } from './clock.ts';
export {
  ChannelRefused,
  HeliuError,
  InvalidArgument,
  InvalidKey,
  InvalidToken,
  isRefused,
  NotificationRefused,
  OutcomeUnknown,
  Refused,
  SignatureInvalid,
  type RefusalReason,
  type UnknownReason,
} from './errors.ts';
export type { NotificationAnswer, NotificationHandling, OrderNumber } from './handle-notification.ts';
export type { NotificationEndpoint } from './notification-endpoints.ts';
export { outcomeOf, type Outcome } from './outcome.ts';
export { transferAccountOf, type TransferAccount } from './transfer-account.ts';
export { RecentNotifications, type SeenNotifications } from './seen-notifications.ts';
export type {
  Answer,
  MicroFields,
  Notification,
  Order,
  OrderState,
  PaidOrder,
  PayFields,
  Refund,
  RefundedOrder,
} from './types.ts';
export type { PaymentOutcome, WaitOptions } from './wait-for-payment.ts';
