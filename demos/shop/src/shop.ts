/** What the shop does: order, be told, ask, refund. Everything that it says to the gateway goes through the SDK. */
import {
  Heliu,
  HeliuError,
  OutcomeUnknown,
  transferAccountOf,
  type HeliuOptions,
  type NotificationAnswer,
  type PaymentOutcome,
} from '../../../sdk/typescript/src/index.ts';
import type { Basket } from './goods.ts';
import { callEntry, claimedNumber, notificationEntry } from './journal.ts';
import { OrderBook, refundableOf, type ShopOrder, type ShopRefund } from './orders.ts';
import { WaysToPay, type Way } from './ways.ts';

export interface ShopSettings extends Pick<
  HeliuOptions,
  'gateway_url' | 'merchant_id' | 'private_key' | 'platform_public_key'
> {
  /** Where the gateway reaches this shop, without a trailing slash. */
  readonly shop_url: string;
  /** What the merchant has routed. */
  readonly pay_types: readonly string[];
  /** The wallet page of the sandbox, to pay with; null in the real world, where people have phones. */
  readonly wallet_url: string | null;
  /** The counter of the sandbox's bank, where transfers are made. */
  readonly bank_url: string | null;
}

/** How long a payer has. The gateway closes the order then. */
const LIFETIME_MS = 15 * 60_000;

/** A notification can fail to come: then the shop asks, this often. */
const ASK_EVERY_MS = 60_000;

export class Shop {
  readonly orders = new OrderBook();
  readonly ways: WaysToPay;
  readonly settings: ShopSettings;
  readonly #heliu: Heliu;
  readonly #closing = new AbortController();
  readonly #handleNotification: (body: string) => Promise<NotificationAnswer>;

  constructor(settings: ShopSettings) {
    this.settings = settings;
    this.#heliu = new Heliu({
      ...settings,
      observe: (exchange) => {
        const number = exchange.claims['mch_trade_id'] ?? exchange.claims['mch_pre_id'];
        const order = this.orders.byNumber(String(number));
        if (order !== null) this.orders.note(order, callEntry(exchange));
      },
    });
    this.ways = new WaysToPay(this.#heliu, settings.pay_types);
    const endpoint = this.#heliu.notifications({
      expected: ({ mch_trade_id }) => this.orders.byNumber(mch_trade_id)?.total_fen ?? null,
      onPaid: ({ mch_trade_id }) => this.#markPaid(this.orders.byNumber(mch_trade_id), mch_trade_id),
      expectedRefund: ({ mch_trade_id, mch_refund_id }) =>
        refundOf(this.orders.byNumber(mch_trade_id), mch_refund_id)?.refund_fen ?? null,
      onRefund: ({ mch_trade_id, refunds }) => {
        const order = this.orders.byNumber(mch_trade_id);
        const refund = refundOf(order, refunds.mch_refund_id);
        if (order === null || refund === null) return;
        refund.status = refunds.refund_status;
        this.orders.changed(order);
      },
    });
    this.#handleNotification = (body) => endpoint.handle(body);
  }

  /** Takes the body of a notification, shows it on its order's page, and answers what the gateway is to be told. */
  async takeNotification(body: string): Promise<NotificationAnswer> {
    const answer = await this.#handleNotification(body);
    const order = this.orders.byNumber(claimedNumber(body));
    if (order !== null) this.orders.note(order, notificationEntry(body, answer, Date.now()));
    return answer;
  }

  /** Writes an order down and places it. What comes of it shows on its page. */
  order(basket: Basket, way: Way, auth_code: string): ShopOrder {
    const order = this.orders.add(basket, way, Date.now(), LIFETIME_MS);
    this.#place(order, auth_code).catch((error: unknown) => {
      order.state = 'unknown';
      order.message = String(error);
      this.orders.changed(order);
    });
    return order;
  }

  async #place(order: ShopOrder, auth_code: string): Promise<void> {
    try {
      if (order.way === 'code') return this.#settle(order, await this.#takeCode(order, auth_code));
      order.show = await this.#begin(order);
      // It may have been paid, and we been told so, before the answer was here.
      if (order.state === 'placing') order.state = 'waiting';
    } catch (error) {
      if (!(error instanceof HeliuError)) throw error;
      this.ways.learnFrom(order.way, error);
      order.message = error.message;
      if (order.state !== 'paid') order.state = error instanceof OutcomeUnknown ? 'unknown' : 'not_paid';
    }
    this.orders.changed(order);
    await this.#watch(order);
  }

  /** Places the order, and answers what the payer needs. */
  async #begin(order: ShopOrder): Promise<string> {
    const fields = this.#fields(order);
    switch (order.way) {
      case 'wechat':
        return (await this.#heliu.pay({ pay_type: 'wechat.scan', mch_trade_id: order.number, ...fields })).code_url;
      case 'alipay':
        return (await this.#heliu.pay({ pay_type: 'alipay.scan', mch_trade_id: order.number, ...fields })).code_url;
      case 'transfer': {
        const answer = await this.#heliu.pay({ pay_type: 'ecp.transfer', mch_trade_id: order.number, ...fields });
        // What cannot be read is not shown.
        transferAccountOf(answer.pay_info);
        return answer.pay_info;
      }
      case 'cashier':
        return (await this.#heliu.createPreorder({ mch_pre_id: order.number, ...fields })).pay_url;
      case 'code':
        throw new Error('a payment code is taken, not shown');
      default:
        return order.way satisfies never;
    }
  }

  #takeCode(order: ShopOrder, auth_code: string): Promise<PaymentOutcome> {
    const { time_expire: _at_once, ...fields } = this.#fields(order);
    order.state = 'waiting';
    this.orders.changed(order);
    return this.#heliu.payByAuthCode({ mch_trade_id: order.number, auth_code, ...fields });
  }

  #fields(order: ShopOrder) {
    const [first] = order.basket;
    const others = order.basket.length > 1 ? ` 等 ${order.basket.length} 种` : '';
    return {
      total_fee: order.total_fen,
      body: `合流小店：${first?.good.name.zh ?? ''}${others}`,
      spbill_create_ip: '127.0.0.1',
      notify_url: `${this.settings.shop_url}/notify`,
      time_expire: Math.floor(order.expires_at_ms / 1000),
    };
  }

  /** Asks about an order that is open, until it is decided or its time is over: a notification can fail to come. */
  async #watch(order: ShopOrder): Promise<void> {
    if (order.way === 'cashier' || !['waiting', 'unknown'].includes(order.state)) return;
    const patience_ms = order.expires_at_ms - Date.now() + 2 * ASK_EVERY_MS;
    const pace = { first_ms: ASK_EVERY_MS, every_ms: ASK_EVERY_MS, patience_ms, signal: this.#closing.signal };
    await this.#heliu.waitForPayment(order.number, pace).then(
      (outcome) => this.#settle(order, outcome),
      () => undefined,
    );
  }

  /** Asks the gateway how an order stands, because somebody pressed the button. */
  async ask(order: ShopOrder): Promise<void> {
    try {
      if (order.way === 'cashier') {
        const { pay_orders } = await this.#heliu.queryPreorder({ mch_pre_id: order.number });
        for (const { mch_trade_id } of pay_orders) await this.#askOne(order, mch_trade_id);
      } else await this.#askOne(order, order.number);
      for (const refund of order.refunds.filter(({ status }) => status !== 0)) await this.#askRefund(order, refund);
    } catch (error) {
      if (!(error instanceof HeliuError)) throw error;
      order.message = error.message;
    }
    this.orders.changed(order);
  }

  async #askOne(order: ShopOrder, mch_trade_id: string): Promise<void> {
    const pace = { first_ms: 0, patience_ms: 0 };
    const outcome = await this.#heliu.waitForPayment(mch_trade_id, pace);
    // One of several attempts at the cashier may have come to nothing; that does not decide the order.
    if (outcome.outcome === 'paid' || order.way !== 'cashier') this.#settle(order, outcome);
  }

  async #askRefund(order: ShopOrder, refund: ShopRefund): Promise<void> {
    const { refunds } = await this.#heliu.queryRefund({ mch_refund_id: refund.number });
    refund.status = refunds.refund_status;
    this.orders.changed(order);
  }

  #settle(order: ShopOrder, { outcome, order: told }: PaymentOutcome): void {
    if (outcome === 'paid') this.#markPaid(order, told.mch_trade_id);
    else if (outcome === 'not_paid' && order.state !== 'paid') {
      order.state = 'not_paid';
      order.message = told.trade_info;
      this.orders.changed(order);
    }
  }

  /** Once: a second notification, or a query after it, changes nothing. A real shop ships here, under a lock. */
  #markPaid(order: ShopOrder | null, mch_trade_id: string): void {
    if (order === null || order.state === 'paid') return;
    order.state = 'paid';
    order.paid_number = mch_trade_id;
    order.message = '';
    this.orders.changed(order);
  }

  /** Gives back part of an order, or what is left of it. Answers false when it is more than that. */
  async refund(order: ShopOrder, refund_fen: number): Promise<boolean> {
    if (order.paid_number === null || refund_fen < 1 || refund_fen > refundableOf(order)) return false;
    // Written down before it is asked for: whatever happens, it can be queried under its number.
    const number = `${order.number}.r${order.refunds.length + 1}`;
    const refund: ShopRefund = { number, refund_fen, status: null, message: '' };
    order.refunds.push(refund);
    const fields = {
      mch_trade_id: order.paid_number,
      mch_refund_id: number,
      refund_fee: refund_fen,
      refund_desc: '合流小店退款',
      notify_url: `${this.settings.shop_url}/notify`,
    };
    try {
      const { refunds } = await this.#heliu.refund(fields);
      // The notification that it is done may have been faster than this answer.
      refund.status ??= refunds.refund_status;
    } catch (error) {
      if (!(error instanceof HeliuError)) throw error;
      refund.message = error.message;
      if (!(error instanceof OutcomeUnknown)) refund.status = 2;
    }
    this.orders.changed(order);
    return true;
  }

  /** Asks nobody any more. */
  close(): void {
    this.#closing.abort();
  }
}

function refundOf(order: ShopOrder | null, number: string): ShopRefund | null {
  return order?.refunds.find((refund) => refund.number === number) ?? null;
}
