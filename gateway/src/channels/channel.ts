/**
 * What a payment channel is to the rest of Heliu. A channel places, asks and undoes; it never decides what an answer means
 * for our books (domain/) and never touches storage. Every answer is verified before it becomes one of the outcomes below;
 * whatever is not understood, not verifiable or not received is `unknown`, never a failure.
 */
import type { ZodType } from 'zod';
import type { Fen } from '../domain/money.ts';
import type { PaymentFacts } from '../domain/payment-facts.ts';
import type { Ports } from '../ports.ts';
import type { VirtualAccounts } from './virtual-accounts.ts';

/** The channel said no, in a verified answer, and nothing happened. */
export interface Declined {
  readonly outcome: 'declined';
  /** The channel's own error code, e.g. `PARAM_ERROR`, `ACQ.INVALID_PARAMETER`. */
  readonly code: string;
  readonly message: string;
  readonly raw?: string;
  /** The account itself is at fault (no permission, suspended, wrong key), not the order: another account may be asked instead. */
  readonly account_fault?: boolean;
}

/** It is certain that the channel saw nothing of the request. */
export interface NotSent {
  readonly outcome: 'not_sent';
  readonly reason: string;
}

/** Whether the channel acted is not known: a timeout, a lost connection, a 5xx, a bad signature, a code we do not know. */
export interface Unknown {
  readonly outcome: 'unknown';
  /** A stable word: `timeout`, `connection_lost`, `bad_signature`, `http_502`, `not_understood`, `system_error` … */
  readonly reason: string;
  readonly raw?: string;
}

export type Undone = Declined | NotSent | Unknown;

/** An order as a channel needs it. Everything is known before the call; nothing is read from storage by a channel. */
export interface OrderForChannel {
  /** Our trade_id: 24 hex characters, the channel's out_trade_no. */
  readonly out_trade_no: string;
  readonly pay_type: string;
  readonly total_fen: Fen;
  readonly body: string;
  readonly spbill_create_ip: string | null;
  readonly attach: string | null;
  readonly device_info: string | null;
  readonly store_id: string | null;
  readonly op_user_id: string | null;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  /** Where the channel is to send its callbacks: ours, without query string. */
  readonly notify_url: string;
  /** The pay type's own request fields, checked by its schema. */
  readonly fields: Readonly<Record<string, string>>;
  /** What the route says about this merchant at this account: sub_mchid, sub_appid, app_auth_token, seller_id … */
  readonly merchant_params: Readonly<Record<string, string>>;
  /** Bank transfers alone: the number of our own pool that was taken for this order; null: none was free. */
  readonly fund_acc?: string | null;
}

/** Names an order that was placed before. */
export interface OrderReference {
  readonly out_trade_no: string;
  readonly pay_type: string;
  readonly total_fen: Fen;
  readonly created_at_ms: number;
  /** The pay type's own request fields, as the order was placed with. */
  readonly fields: Readonly<Record<string, string>>;
  readonly merchant_params: Readonly<Record<string, string>>;
}

export interface RefundForChannel {
  readonly order: OrderReference;
  /** Our refund_id: 24 hex characters. */
  readonly out_refund_no: string;
  readonly refund_fen: Fen;
  readonly reason: string;
  readonly notify_url: string;
  /** What the channel told of the payment (PaymentFacts.details): a transfer goes back to the account it came from. */
  readonly paid_details?: Readonly<Record<string, string>>;
}

export type { PaymentFacts };

export type BeginReport =
  /** Accepted. `reply` holds the pay type's reply fields (code_url, prepay_id …), `message` what `msg` shows, e.g. "10000,Success". */
  | {
      readonly outcome: 'accepted';
      readonly reply: Readonly<Record<string, string>>;
      readonly message: string;
      readonly raw?: string;
      /** The channel was not asked: it hears of the order from its payer. That is no sign of the channel's health. */
      readonly made_here?: true;
    }
  /** Payment codes alone: the money has been taken at once. */
  | { readonly outcome: 'paid'; readonly facts: PaymentFacts; readonly message: string; readonly raw: string }
  /** Payment codes alone: the payer is typing a password; `message` is the channel's, e.g. "USERPAYING, 需要用户输入支付密码". */
  | { readonly outcome: 'paying'; readonly message: string; readonly raw: string }
  | Undone;

export type PaymentReport =
  | { readonly outcome: 'paid'; readonly facts: PaymentFacts; readonly raw: string }
  /** Paid, and nothing more can be refunded (Alipay TRADE_FINISHED). */
  | { readonly outcome: 'finished'; readonly facts: PaymentFacts; readonly raw: string }
  | { readonly outcome: 'waiting'; readonly message: string; readonly raw: string }
  /** The payment failed, yet the order counts as open at the channel until it is reversed (WeChat Pay PAYERROR). */
  | { readonly outcome: 'pay_error'; readonly message: string; readonly raw: string }
  | { readonly outcome: 'closed'; readonly message: string; readonly raw: string }
  | { readonly outcome: 'reversed'; readonly message: string; readonly raw: string }
  /** The channel does not know the number. */
  | { readonly outcome: 'not_found'; readonly message: string; readonly raw: string }
  | Undone;

export type CloseReport =
  | { readonly outcome: 'closed'; readonly message: string; readonly raw: string }
  | { readonly outcome: 'already_paid'; readonly message: string; readonly raw: string }
  | { readonly outcome: 'not_found'; readonly message: string; readonly raw: string }
  | Undone;

/** What came of reversing (撤销) an order that was placed with a payment code. */
export type ReverseReport =
  /** Nothing can be paid under this number any more, and what had been paid has gone back; `refunded` null: not told which. */
  | { readonly outcome: 'reversed'; readonly refunded: boolean | null; readonly message: string; readonly raw: string }
  /** The channel is not sure and asks for the same call again (recall=Y, retry_flag=Y). */
  | { readonly outcome: 'again'; readonly message: string; readonly raw: string }
  /** The channel does not know the number: nothing was paid, unless the order itself is still on its way there. */
  | { readonly outcome: 'not_found'; readonly message: string; readonly raw: string }
  | Undone;

export type RefundReport =
  | {
      readonly outcome: 'succeeded';
      readonly channel_refund_id: string | null;
      readonly amount_fen: Fen | null;
      readonly raw: string;
    }
  | {
      readonly outcome: 'processing';
      readonly channel_refund_id: string | null;
      readonly message: string;
      readonly raw: string;
    }
  /** Closed at the channel: the money stays with the merchant (refund_status 2). */
  | { readonly outcome: 'closed'; readonly message: string; readonly raw: string }
  /** Stuck at the channel, a person must act there (refund_status 3). */
  | { readonly outcome: 'abnormal'; readonly message: string; readonly raw: string }
  /** Only from a query: the channel does not know this refund number. */
  | { readonly outcome: 'not_found'; readonly message: string; readonly raw: string }
  | Undone;

/** A callback as it arrived, bytes untouched. */
export interface CallbackRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Callback =
  | {
      readonly kind: 'payment';
      readonly callback_id: string;
      readonly out_trade_no: string;
      readonly report: PaymentReport;
    }
  | {
      readonly kind: 'refund';
      readonly callback_id: string;
      readonly out_trade_no: string;
      readonly out_refund_no: string;
      readonly report: RefundReport;
    }
  /** Verified, but of a kind we have no use for: kept in the exceptions queue and acknowledged. */
  | { readonly kind: 'unhandled'; readonly callback_id: string; readonly reason: string }
  /** Not verified: refused so that the true sender repeats it. `reason` is a stable word for the counter. */
  | { readonly kind: 'rejected'; readonly reason: string };

/** The answer a channel expects to its callback. */
export interface CallbackAnswer {
  readonly status: number;
  readonly content_type: string;
  readonly body: string;
}

/** What came of asking a wallet who came back with a code. */
export type PayerReport =
  /** The own fields of the channel's pay type for pages inside its wallet (wechat.jsapi, alipay.jsapi) that name the payer. */
  | { readonly outcome: 'known'; readonly fields: Readonly<Record<string, string>> }
  /** The code is spent, expired or not one: the payer has to be asked for anew. */
  | { readonly outcome: 'refused'; readonly code: string }
  | { readonly outcome: 'unknown'; readonly reason: string };

/** How a wallet tells who is paying on a page inside it (网页授权), without asking the payer anything. */
export interface PayerAuthorization {
  /** Where the browser is sent; it comes back to `return_url` with a code and the state. */
  authorizeUrl(return_url: string, state: string): string;
  /** The name of the code in the query of return_url. */
  readonly code_parameter: string;
  /** Exchanges a code, which works once. */
  exchange(code: string): Promise<PayerReport>;
}

/** A prepared call: its signature is made, nothing has been sent. */
export interface PreparedBegin {
  send(): Promise<BeginReport>;
}

/** One channel account, opened: keys parsed once, connections pooled. Methods resolve; they never reject for what a peer does. */
export interface ChannelClient {
  /** Builds and signs the order request, so that this work overlaps the commit of the order; `send()` places it. */
  prepareBegin(order: OrderForChannel): Promise<PreparedBegin>;
  query(order: OrderReference): Promise<PaymentReport>;
  close(order: OrderReference): Promise<CloseReport>;
  /** Orders of payment codes alone: makes sure that nothing is paid, or gives back what was. May be repeated without harm. */
  reverse(order: OrderReference): Promise<ReverseReport>;
  refund(refund: RefundForChannel): Promise<RefundReport>;
  queryRefund(refund: RefundForChannel): Promise<RefundReport>;
  /** Verifies and reads a callback. Asynchronous because an unknown certificate serial makes it fetch the current ones. */
  readCallback(request: CallbackRequest): Promise<Callback>;
  acknowledge(accepted: boolean, message: string): CallbackAnswer;
  /** What `PaymentFacts.identity` must say for an order of this account with these route parameters and own fields. */
  expectedIdentity(order: Pick<OrderReference, 'merchant_params' | 'fields'>): Readonly<Record<string, string>>;
  /** Absent, or the setting that is missing: pages inside this channel's wallet cannot be paid through the account. */
  payerAuthorization?(): PayerAuthorization | { readonly missing: string };
  /** Asks the channel something harmless; `heliu channel test` prints what comes back. */
  test(): Promise<{ readonly ok: boolean; readonly message: string }>;
  /** Bank transfers alone: the numbers of this account, and what comes to them. */
  readonly virtual_accounts?: VirtualAccounts;
}

/** A stored channel account with its secrets decrypted. */
export interface ChannelAccount {
  readonly account_id: string;
  readonly channel: string;
  /** Checked by `Channel.settings`. Public: shown to operators. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Checked by `Channel.secrets`. Never shown, never logged. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * A pay type: one file, one line in the registry. Request union, OpenAPI and checks derive from it. Two channels may implement
 * one pay type (common.micro): then `takes` says by the request's own fields which of them a request is for, and their fields
 * and reply are the same.
 */
export interface PayType {
  readonly code: string;
  readonly channel: string;
  readonly summary: string;
  /** The pay type's own request fields beside the common ones (values are strings once read). */
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** Groups of own fields of which at least one must be sent; the first of a group is named when all are missing. */
  readonly one_of?: readonly (readonly string[])[];
  /** Common fields that this pay type cannot do without. */
  readonly required_common?: readonly 'spbill_create_ip'[];
  /** Whether this implementation is meant by these own fields; absent: always. */
  takes?(fields: Readonly<Record<string, string>>): boolean;
  /** The till presents the payer's code (付款码): the channel decides at once or while the payer types a password. */
  readonly payment_code?: true;
  /** Reply fields beside the common ones, in the order the document shows them. */
  readonly reply: Readonly<Record<string, { readonly description: string; readonly example: string }>>;
  /** trade_state right after ordering: 2 (未支付) or 6 (支付中). */
  readonly initial_trade_state: 2 | 6;
  /** Whether the answer to /v2/pay carries pay_type, trade_state and trade_info (the document shows it for some types only). */
  readonly reply_shows_state: boolean;
  /** The order is made here, and placed when its payer has confirmed on the payment page, which then knows these fields. */
  readonly payer_fields?: Readonly<Record<string, FieldRule>>;
  /** Whether it carries attach and total_fee too, in the order the document shows. */
  readonly reply_shows_order?: true;
  /** Each order gets an account number of its own (see virtual-accounts.ts). */
  readonly virtual_account?: true;
  /** How long the channel lets a payer pay, in seconds; our own default for time_expire. */
  readonly lifetime_s: number;
  /** True when the same number with the same parameters may be sent again at the channel without making a second order. */
  readonly begin_is_repeatable: boolean;
}

/** A request field's rule in words and code; `check` answers null or what is wrong. */
export interface FieldRule {
  readonly required: boolean;
  readonly description: string;
  readonly example: string;
  readonly max_length: number;
  check?(value: string): string | null;
}

export interface Channel {
  readonly code: string;
  readonly name: string;
  /** Account settings and secrets, checked when an account is added; messages name the field. */
  readonly settings: ZodType<Readonly<Record<string, unknown>>>;
  readonly secrets: ZodType<Readonly<Record<string, string>>>;
  /** Route parameters per merchant (sub_mchid …). */
  readonly merchant_params: ZodType<Readonly<Record<string, string>>>;
  readonly pay_types: readonly PayType[];
  /** Opens an account; throws `ChannelMisconfigured` (code 1500) naming the field when a key cannot be read. */
  open(account: ChannelAccount, ports: Ports): ChannelClient;
}

/** Settings or keys of an account cannot be used. The message names the field and never its value. */
export class ChannelMisconfigured extends Error {
  override readonly name = 'ChannelMisconfigured';
}
