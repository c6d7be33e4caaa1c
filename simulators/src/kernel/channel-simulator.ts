import type { CallbackAttempt } from './callbacks.ts';
import type { Handler } from './ports.ts';

export type ChannelName = 'wechat' | 'alipay';

/** What a payer does with the phone. */
export type PayerAction = 'pay' | 'cancel' | 'wrong_password';

/** How a payment code behaves when a till presents it. */
export type AuthCodeBehaviour =
  | 'pay'
  | 'password_then_pay'
  | 'password_then_cancel'
  | 'insufficient'
  | 'expired'
  | 'timeout_but_paid'
  | 'timeout_not_paid';

/** An order as the payer's phone shows it after scanning. */
export interface PendingPayment {
  code: string;
  out_trade_no: string;
  /** Fen. */
  amount: number;
  description: string;
  merchant_name: string;
  /** The channel's own name of the order's state. */
  state: string;
  created_at_ms: number;
  expires_at_ms: number;
}

/** One simulated wallet channel, as the control API and the wallet page see it. */
export interface ChannelSimulator {
  readonly channel: ChannelName;
  /** The channel's own origin: upstream's paths. */
  readonly handler: Handler;
  /** Whether a scanned code is of this channel's form, known or not. */
  ownsCode(code: string): boolean;
  /** What a phone shows after scanning; undefined: no such code. */
  look(code: string): PendingPayment | undefined;
  /** The payer acts. Throws ControlError when the code cannot be paid any more. */
  scan(code: string, action: PayerAction): { out_trade_no: string; state: string };
  /** Makes a payment code (付款码) with that behaviour; it works once. */
  makeAuthCode(behaviour: AuthCodeBehaviour): string;
  /** Whether a prepay_id, trade_no or order string is of this channel's form, known or not. */
  ownsPrepay(prepay_id: string): boolean;
  /** The payer acts inside the wallet on an order that the merchant's client has handed over. Throws ControlError. */
  payPrepay(prepay_id: string, action: PayerAction): { out_trade_no: string; state: string };
  /** Whether the client parameters a merchant's page or app hands to the wallet are of this channel's form. */
  ownsInvocation(pay_info: string): boolean;
  /** Checks client parameters exactly as the wallet would. Throws ControlError with the wallet's reason. */
  invoke(pay_info: string): { out_trade_no: string; prepay_id: string };
  /** Orders that wait for their payer: newest first, at most 50. */
  pending(): PendingPayment[];
  /** Sends the order's last callback again; false: the order is unknown or has no callback. */
  resendCallback(out_trade_no: string): boolean;
  /** Attempts that were made, newest first. */
  callbacks(limit: number): CallbackAttempt[];
  /** What the vendor's waits between callback attempts are multiplied by. */
  cadenceScale(): number;
  /** Changes it, also for callbacks that wait already. @param scale more than 0 */
  setCadenceScale(scale: number): void;
  /** Re-arms timers after the journal has been loaded. */
  resume(): void;
}
