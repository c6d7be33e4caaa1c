/**
 * Everything that the SDK throws. All of it is a `HeliuError` with a stable `code`; match on that or on the class, never on
 * the message. The one distinction that costs money is a class of its own: `OutcomeUnknown` says that the payment or the
 * refund may have happened.
 */
import { CODES, type CodeName } from './api-codes.ts';

/** What every error of the SDK is. */
export class HeliuError extends Error {
  static readonly code: string = 'ERR_HELIU';
  override name = 'HeliuError';
  /** A stable name of this kind of error. */
  readonly code: string = (this.constructor as typeof HeliuError).code;
}

/** A key is not what it should be. The message says what was found; it never holds any of the key. */
export class InvalidKey extends HeliuError {
  static override readonly code = 'ERR_HELIU_INVALID_KEY';
  override name = 'InvalidKey';
}

/** A setting or an argument is not what it should be: a mistake in the calling program. */
export class InvalidArgument extends HeliuError {
  static override readonly code = 'ERR_HELIU_INVALID_ARGUMENT';
  override name = 'InvalidArgument';
}

/** A text that should be a JWT (one compact JWS with RS256 and JSON inside) is none. */
export class InvalidToken extends HeliuError {
  static override readonly code: string = 'ERR_HELIU_INVALID_TOKEN';
  override name = 'InvalidToken';
}

/** A JWT was not signed with the platform's key: nothing in it is true. */
export class SignatureInvalid extends InvalidToken {
  static override readonly code = 'ERR_HELIU_SIGNATURE_INVALID';
  override name = 'SignatureInvalid';
}

/** A notification is genuine and still not to be acted upon: another merchant, another amount, an order that is not ours. */
export class NotificationRefused extends HeliuError {
  static override readonly code = 'ERR_HELIU_NOTIFICATION_REFUSED';
  override name = 'NotificationRefused';
}

export type RefusalReason = CodeName | 'unlisted';

/** The gateway said no. Refusals are not signed: before you ship, or order again, query. */
export class Refused extends HeliuError {
  static override readonly code: string = 'ERR_HELIU_REFUSED';
  override name = 'Refused';
  /** The code of the merchant API: 107, 202, 301 … */
  readonly api_code: number;
  /** Its name in docs/api.md: `number_repeated`, `no_route`, `no_order` …; `unlisted` when this SDK does not know it. */
  readonly reason: RefusalReason;
  /** The gateway's own words, for people. */
  readonly msg: string;

  constructor(api_code: number, msg: string) {
    super(`code ${api_code}: ${msg}`);
    this.api_code = api_code;
    this.reason = reasonOf(api_code);
    this.msg = msg;
  }
}

/** Code 600: the payment channel said no, and why. On `pay` the order is refused for good, unless `not_sent`. */
export class ChannelRefused extends Refused {
  static override readonly code = 'ERR_HELIU_CHANNEL_REFUSED';
  override name = 'ChannelRefused';
  /** The channel's own error code, e.g. `AUTH_CODE_INVALID` or `ACQ.PAYMENT_AUTH_CODE_INVALID`. */
  readonly err_code: string;
  readonly err_msg: string;
  /** The channel has nothing of the order: it could not be reached. The same number can be sent again. */
  readonly not_sent: boolean;

  constructor(api_code: number, msg: string) {
    super(api_code, msg);
    const [err_code = '', ...rest] = msg.split(': ');
    this.err_code = err_code;
    this.err_msg = rest.join(': ');
    this.not_sent = err_code === 'NOT_SENT';
  }
}

/** Why the outcome is not known. */
export type UnknownReason =
  /** The gateway did not answer in time, or the line broke. */
  | 'timeout'
  | 'network'
  | 'aborted'
  /** Codes 500, 503 and 601. */
  | 'system_error'
  | 'overloaded'
  | 'channel_timeout'
  /** What came back is no answer of the gateway, is not signed by it, or answers another request. */
  | 'bad_answer'
  /** The number is taken after an answer was lost: an earlier attempt arrived, and the order is decided. */
  | 'decided_meanwhile'
  /** A payment that could be neither confirmed nor reversed within the time given. */
  | 'undecided';

/**
 * What was asked for may have happened, or not. Query the order (`waitForPayment`) or send the same fields again. Never
 * begin a second order for the same goods, and never ship.
 */
export class OutcomeUnknown extends HeliuError {
  static override readonly code = 'ERR_HELIU_OUTCOME_UNKNOWN';
  override name = 'OutcomeUnknown';
  readonly reason: UnknownReason;
  /** How long the gateway asks to be left alone, in milliseconds; null when it said nothing. */
  readonly retry_after_ms: number | null;

  constructor(
    reason: UnknownReason,
    message: string,
    options: { readonly cause?: unknown; readonly retry_after_ms?: number | null } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.retry_after_ms = options.retry_after_ms ?? null;
  }
}

/**
 * Whether an error is a refusal for one of some reasons.
 *
 * @param reasons names of docs/api.md, e.g. `'number_repeated'`; none means any refusal
 */
export function isRefused(error: unknown, ...reasons: readonly RefusalReason[]): error is Refused {
  return error instanceof Refused && (reasons.length === 0 || reasons.includes(error.reason));
}

/**
 * Whether a call was turned away before the gateway looked at the order: who is calling, how often, or when. It says nothing
 * about what an earlier call has done.
 */
export function wasTurnedAway(error: unknown): error is Refused {
  return isRefused(error, ...TURNED_AWAY);
}

const TURNED_AWAY: readonly RefusalReason[] = [
  'bad_signature',
  'nonce_repeated',
  'request_expired',
  'no_merchant',
  'merchant_not_active',
  'limited',
];

function reasonOf(api_code: number): RefusalReason {
  const entry = Object.entries(CODES).find(([, code]) => code === api_code);
  return (entry?.[0] as CodeName | undefined) ?? 'unlisted';
}
