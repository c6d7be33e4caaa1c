/** Types that openapi.json has no name for. */
import type { Calls, QueryData, RefundData } from './api-types.ts';
import type { PayType, PayTypes, TradeState } from './pay-types.ts';

export type PayFields = PayTypes[PayType]['fields'];
/** The data that a pay type's fields are answered with. */
export type PayDataOf<Fields extends PayFields> = PayTypes[Fields['pay_type']]['data'];
export type MicroFields = PayTypes['common.micro']['fields'];

/** An order as the query tells it. */
export type Order = QueryData;

/** How an order stands: all of it from a query, and at least this from a payment code. */
export type OrderState = Pick<Order, 'trade_id' | 'mch_trade_id' | 'merchant_id' | 'trade_state' | 'trade_info'> &
  Partial<Order>;

/** A refund as the API tells it. `refund_status`: 0 given back, 1 under way, 2 refused or closed, 3 stuck at the channel. */
export type Refund = Exclude<RefundData['refunds'], readonly unknown[]>;

/** The order, and the one refund that was asked for. */
export type RefundAnswer = Omit<RefundData, 'refunds'> & { refunds: Refund };
/** The order, and all its refunds. */
export type RefundsAnswer = Omit<RefundData, 'refunds'> & { refunds: Refund[] };

export type CallPath = keyof Calls | '/v2/pay';

/** A verified answer. */
export interface Answer<Data> {
  readonly code: 0;
  readonly msg: string;
  readonly data: Data;
  readonly nonce_str: string;
  /** Seconds. */
  readonly time_elapsed: number;
}

/** What a notification says of a paid order (支付结果通知). */
export interface PaidOrder {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly merchant_id: string;
  readonly pay_type: PayType;
  /** Fen. */
  readonly total_fee: number;
  readonly trade_state: TradeState;
  readonly trade_info: string;
  readonly attach?: string;
  /** The channel's own number. */
  readonly out_trade_id?: string;
  readonly bank_type?: string;
  readonly fee_type?: string;
  /** Fen. */
  readonly cash_fee?: number;
  readonly openid?: string;
  readonly sub_openid?: string;
}

/** What a notification says of a refund (退款结果通知). */
export interface RefundedOrder {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly merchant_id: string;
  readonly pay_type: PayType;
  readonly refunds: Refund;
}

/** A genuine notification. A repeat of it has the same `nonce_str`. */
export type Notification =
  | { readonly kind: 'payment'; readonly nonce_str: string; readonly data: PaidOrder }
  | { readonly kind: 'refund'; readonly nonce_str: string; readonly data: RefundedOrder };
