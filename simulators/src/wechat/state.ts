import type { AuthCodeBehaviour } from '../kernel/channel-simulator.ts';
import type { Journal } from '../kernel/journal.ts';

export type TradeState = 'NOTPAY' | 'USERPAYING' | 'SUCCESS' | 'REFUND' | 'CLOSED' | 'REVOKED' | 'PAYERROR';

/** `MICROPAY` is 付款码支付, `MWEB` H5支付; the other names are upstream's products. */
export type TradeType = 'NATIVE' | 'JSAPI' | 'APP' | 'MWEB' | 'MICROPAY';

/** How an APIv2 message is signed. */
export type SignType = 'MD5' | 'HMAC-SHA256';

/** How money reached the merchant. */
export interface Payment {
  readonly transaction_id: string;
  readonly paid_at_ms: number;
  readonly bank_type: string;
  /** The payer under the (service provider's) appid. */
  readonly openid: string;
  /** The payer under the sub-merchant's appid; partner mode with sub_appid only. */
  readonly sub_openid?: string;
}

export interface WechatOrder {
  /** The merchant that calls: the service provider's in partner mode. An out_trade_no is unique under it. */
  readonly mchid: string;
  readonly appid: string;
  /** Present in partner mode only. */
  readonly sub_mchid?: string;
  readonly sub_appid?: string;
  readonly out_trade_no: string;
  readonly trade_type: TradeType;
  /** Present when APIv2 placed it: its callback is then an APIv2 one, signed the same way. */
  readonly api_v2?: { readonly sign_type: SignType };
  /** The request in canonical form: a second one must be the same. */
  readonly request: string;
  readonly description: string;
  readonly attach?: string;
  readonly device_id?: string;
  /** Absent for MICROPAY, which is never notified. */
  readonly notify_url?: string;
  /** Fen. */
  readonly total: number;
  readonly state: TradeState;
  readonly created_at_ms: number;
  /** `time_expire`, the last moment to pay. */
  readonly pay_until_ms?: number;
  /** What a Native order's payer scans. */
  readonly code_url?: string;
  /** What the other orders' clients hand to the wallet; APIv2 names one for Native orders too. */
  readonly prepay_id?: string;
  /** The page that leads an H5 order's payer into the wallet. */
  readonly h5_url?: string;
  /** The last moment at which code_url, prepay_id or h5_url can be used. */
  readonly code_expires_at_ms: number;
  /** The payment code that a MICROPAY order presented. */
  readonly auth_code?: string;
  /** The only payer of a JSAPI order, under (the service provider's) appid and under sub_appid. */
  readonly openid?: string;
  readonly sub_openid?: string;
  /** What becomes of a USERPAYING order when nobody touches the phone, and when. */
  readonly password?: { readonly outcome: 'pay' | 'cancel'; readonly due_at_ms: number };
  readonly payment?: Payment;
}

export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'ABNORMAL' | 'CLOSED';

export interface WechatRefund {
  readonly mchid: string;
  readonly sub_mchid?: string;
  readonly refund_id: string;
  readonly out_refund_no: string;
  readonly out_trade_no: string;
  readonly transaction_id: string;
  /** Present when APIv2 asked for it: its callback is then an APIv2 one. */
  readonly api_v2?: { readonly appid: string; readonly sub_appid?: string };
  readonly reason?: string;
  readonly notify_url?: string;
  readonly funds_account: string;
  /** Fen. */
  readonly refund: number;
  /** Fen: the order's total. */
  readonly total: number;
  readonly status: RefundStatus;
  /** What becomes of it once it is due. */
  readonly outcome: Exclude<RefundStatus, 'PROCESSING'>;
  readonly created_at_ms: number;
  readonly due_at_ms: number;
  readonly settled_at_ms?: number;
}

/** A payment code that the payer's wallet has shown. */
export interface AuthCode {
  readonly code: string;
  readonly behaviour: AuthCodeBehaviour;
  /** The order that presented it. */
  readonly used_by?: { readonly mchid: string; readonly out_trade_no: string };
}

type Saved =
  | { readonly record: 'wechat.order'; readonly value: WechatOrder }
  | { readonly record: 'wechat.refund'; readonly value: WechatRefund }
  | { readonly record: 'wechat.auth_code'; readonly value: AuthCode }
  | { readonly record: 'wechat.balance'; readonly mchid: string; readonly fen: number | null };

export const orderKey = (order: Pick<WechatOrder, 'mchid' | 'out_trade_no'>): string =>
  `${order.mchid}/${order.out_trade_no}`;

export const refundKey = (refund: Pick<WechatRefund, 'mchid' | 'sub_mchid' | 'out_refund_no'>): string =>
  `${refund.mchid}/${refund.sub_mchid ?? ''}/${refund.out_refund_no}`;

/** The merchant that the order's money belongs to. */
export const receiver = (one: Pick<WechatOrder, 'mchid' | 'sub_mchid'>): string => one.sub_mchid ?? one.mchid;

/** Orders, refunds, payment codes and balances; every change is in the journal before the method returns. */
export class WechatState {
  readonly #journal: Journal;
  readonly #orders = new Map<string, WechatOrder>();
  /** By code_url and by prepay_id. */
  readonly #orderOfCode = new Map<string, string>();
  readonly #orderOfTransaction = new Map<string, string>();
  readonly #authCodes = new Map<string, AuthCode>();
  /** Orders that are NOTPAY or USERPAYING, oldest first. */
  readonly #unpaid = new Set<string>();
  readonly #refunds = new Map<string, WechatRefund>();
  readonly #refundsOfOrder = new Map<string, string[]>();
  readonly #balances = new Map<string, number>();

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const record of journal.load()) {
      if (!('record' in record)) continue;
      const saved = record as Saved;
      if (saved.record === 'wechat.order') this.#keepOrder(saved.value);
      else if (saved.record === 'wechat.refund') this.#keepRefund(saved.value);
      else if (saved.record === 'wechat.auth_code') this.#authCodes.set(saved.value.code, saved.value);
      else if (saved.record === 'wechat.balance') this.#keepBalance(saved.mchid, saved.fen);
    }
  }

  order(mchid: string, out_trade_no: string): WechatOrder | undefined {
    return this.#orders.get(`${mchid}/${out_trade_no}`);
  }

  /** @param code a code_url or a prepay_id, also one that a newer has replaced */
  orderByCode(code: string): WechatOrder | undefined {
    return this.#find(this.#orderOfCode, code);
  }

  orderByTransaction(transaction_id: string): WechatOrder | undefined {
    return this.#find(this.#orderOfTransaction, transaction_id);
  }

  /** Newest first, at most `limit` of those the filter takes. */
  unpaid(limit: number, filter: (order: WechatOrder) => boolean): WechatOrder[] {
    const found: WechatOrder[] = [];
    for (const key of [...this.#unpaid].reverse()) {
      const order = this.#orders.get(key);
      if (order && filter(order)) found.push(order);
      if (found.length === limit) break;
    }
    return found;
  }

  saveOrder(order: WechatOrder): void {
    this.#keepOrder(order);
    this.#append(`wechat.order:${orderKey(order)}`, { record: 'wechat.order', value: order });
  }

  /** Orders whose payer has still to type a password. */
  userPaying(): WechatOrder[] {
    return this.unpaid(Infinity, (order) => order.state === 'USERPAYING');
  }

  authCode(code: string): AuthCode | undefined {
    return this.#authCodes.get(code);
  }

  saveAuthCode(code: AuthCode): void {
    this.#authCodes.set(code.code, code);
    this.#append(`wechat.auth_code:${code.code}`, { record: 'wechat.auth_code', value: code });
  }

  /** @param refund_id WeChat Pay's own number */
  refundById(refund_id: string): WechatRefund | undefined {
    return [...this.#refunds.values()].find((refund) => refund.refund_id === refund_id);
  }

  refund(mchid: string, sub_mchid: string | undefined, out_refund_no: string): WechatRefund | undefined {
    return this.#refunds.get(`${mchid}/${sub_mchid ?? ''}/${out_refund_no}`);
  }

  /** An order's refunds, oldest first. */
  refundsOf(order: WechatOrder): WechatRefund[] {
    const keys = this.#refundsOfOrder.get(orderKey(order)) ?? [];
    return keys.flatMap((key) => this.#refunds.get(key) ?? []);
  }

  processingRefunds(): WechatRefund[] {
    return [...this.#refunds.values()].filter((refund) => refund.status === 'PROCESSING');
  }

  saveRefund(refund: WechatRefund): void {
    this.#keepRefund(refund);
    this.#append(`wechat.refund:${refundKey(refund)}`, { record: 'wechat.refund', value: refund });
  }

  /** Fen a merchant can refund from; undefined: as much as it likes. */
  balance(mchid: string): number | undefined {
    return this.#balances.get(mchid);
  }

  /** @param fen null lifts the limit */
  setBalance(mchid: string, fen: number | null): void {
    this.#keepBalance(mchid, fen);
    this.#append(`wechat.balance:${mchid}`, { record: 'wechat.balance', mchid, fen });
  }

  /** Moves a limited balance; nothing for an unlimited one. @param fen negative when money leaves */
  moveBalance(mchid: string, fen: number): void {
    const balance = this.#balances.get(mchid);
    if (balance !== undefined) this.setBalance(mchid, balance + fen);
  }

  #find(index: Map<string, string>, name: string): WechatOrder | undefined {
    const key = index.get(name);
    return key === undefined ? undefined : this.#orders.get(key);
  }

  #keepOrder(order: WechatOrder): void {
    const key = orderKey(order);
    this.#orders.set(key, order);
    if (order.code_url !== undefined) this.#orderOfCode.set(order.code_url, key);
    if (order.prepay_id !== undefined) this.#orderOfCode.set(order.prepay_id, key);
    if (order.payment) this.#orderOfTransaction.set(order.payment.transaction_id, key);
    if (order.state === 'NOTPAY' || order.state === 'USERPAYING') this.#unpaid.add(key);
    else this.#unpaid.delete(key);
  }

  #keepRefund(refund: WechatRefund): void {
    const key = refundKey(refund);
    if (!this.#refunds.has(key)) {
      const order = `${refund.mchid}/${refund.out_trade_no}`;
      this.#refundsOfOrder.set(order, [...(this.#refundsOfOrder.get(order) ?? []), key]);
    }
    this.#refunds.set(key, refund);
  }

  #keepBalance(mchid: string, fen: number | null): void {
    if (fen === null) this.#balances.delete(mchid);
    else this.#balances.set(mchid, fen);
  }

  #append(snapshot_of: string, saved: Saved): void {
    this.#journal.append({ snapshot_of, ...saved });
  }
}
