import type { CallbackAttempt } from './callbacks.ts';
import type { Handler } from './ports.ts';

export type ChannelName = 'wechat' | 'alipay';

/** What a payer does with the phone. */
export type PayerAction = 'pay' | 'cancel' | 'wrong_password';

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
