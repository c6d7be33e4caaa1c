import type { Fen } from './money.ts';

/** What a channel told about a payment that succeeded. `identity` holds what must be equal to ours (app, merchant numbers). */
export interface PaymentFacts {
  /** The channel's own number (out_trade_id of the merchant API). */
  readonly transaction_id: string;
  readonly amount_fen: Fen;
  /** ISO 4217; channels that do not name one trade in CNY. */
  readonly currency: string;
  readonly identity: Readonly<Record<string, string>>;
  readonly paid_at_ms: number | null;
  /** bank_type, cash_fee, fee_type, openid, sub_openid, buyer ids … each only when the channel told it. */
  readonly details: Readonly<Record<string, string>>;
  /** True when the channel says that money has gone back since (WeChat REFUND, Alipay TRADE_CLOSED with refund). */
  readonly refunded: boolean;
}
