/**
 * Callbacks (异步通知, opendocs.alipay.com/open/194/103296): a form that is verified, read, and answered with the one word
 * `success`. Without it Alipay repeats after 4m, 10m, 10m, 1h, 2h, 6h and 15h.
 */
import { createHash } from 'node:crypto';
import type { Callback, CallbackAnswer, CallbackRequest, PaymentReport } from '../channel.ts';
import type { AlipayClient } from './client.ts';
import type { AlipayAccount } from './config.ts';
import { isPositive, paymentFacts } from './facts.ts';
import { isSignedBy, signedContent } from './sign.ts';
import { yuanToFen } from '../../domain/money.ts';

type Params = ReadonlyMap<string, string>;

/** Verifies and reads a callback. */
export async function readNotification(
  client: AlipayClient,
  account: AlipayAccount,
  request: CallbackRequest,
): Promise<Callback> {
  const params = parseForm(request.body);
  if (typeof params === 'string') return { kind: 'rejected', reason: params };
  const refusal = refuseCharset(request, params) ?? (await refuseSignature(client, params));
  if (refusal) return { kind: 'rejected', reason: refusal };
  const callback_id = params.get('notify_id') || fingerprint(params);
  const notify_type = params.get('notify_type');
  if (notify_type !== 'trade_status_sync') return { kind: 'unhandled', callback_id, reason: 'notify_type' };
  const out_trade_no = params.get('out_trade_no');
  if (!out_trade_no) return { kind: 'unhandled', callback_id, reason: 'no_out_trade_no' };
  return readTrade(account, { params, callback_id, out_trade_no, raw: request.body });
}

/** What Alipay waits for: exactly `success`; any other body makes it send the callback again. */
export function notificationAnswer(accepted: boolean): CallbackAnswer {
  return { status: 200, content_type: 'text/plain; charset=utf-8', body: accepted ? 'success' : 'fail' };
}

/**
 * The form's parameters, each value decoded once. Decoding is strict, and a name that occurs twice is refused: other readers
 * may take another of the two values than we would.
 * @returns a word for the counter when the body is not such a form
 */
function parseForm(body: string): Params | 'malformed' | 'duplicate_parameter' {
  const params = new Map<string, string>();
  for (const pair of body.split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 1) return 'malformed';
    try {
      const name = decode(pair.slice(0, equals));
      if (params.has(name)) return 'duplicate_parameter';
      const value = decode(pair.slice(equals + 1));
      // PostgreSQL takes no text with a NUL: it could neither be looked for nor kept.
      if (value.includes('\0')) return 'malformed';
      params.set(name, value);
    } catch {
      return 'malformed';
    }
  }
  return params;
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** We ask for utf-8 with every order; the same bytes under another charset would be another message. */
function refuseCharset(request: CallbackRequest, params: Params): string | null {
  const of_header = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  const named = [of_header, params.get('charset')];
  return named.every((charset) => charset === undefined || charset.toLowerCase() === 'utf-8') ? null : 'charset';
}

/**
 * The signature covers all parameters but sign and sign_type, empty ones included, as the official SDKs for Java and Node
 * compute it. `alipay_cert_sn`, which only chooses the key, is left out by what signs in certificate mode although the
 * vendor's rule has no exception for it: both readings are tried.
 */
async function refuseSignature(client: AlipayClient, params: Params): Promise<string | null> {
  const signature = params.get('sign');
  if (!signature) return 'unsigned';
  if (params.get('sign_type') !== 'RSA2') return 'sign_type';
  const alipay_cert_sn = params.get('alipay_cert_sn') || null;
  const key = await client.callbackKey(alipay_cert_sn);
  if (!key) return 'unknown_certificate';
  if (isSignedBy(key, signedContent(params, ['sign', 'sign_type']), signature)) return null;
  const without_sn = signedContent(params, ['sign', 'sign_type', 'alipay_cert_sn']);
  return alipay_cert_sn && isSignedBy(key, without_sn, signature) ? null : 'bad_signature';
}

/** Stands in for a notify_id: the same for every repetition, which carries a new notify_time but the same business. */
function fingerprint(params: Params): string {
  const business = signedContent(params, ['sign', 'sign_type', 'notify_time']);
  return createHash('sha256').update(business).digest('hex').slice(0, 32);
}

interface Notice {
  readonly params: Params;
  readonly callback_id: string;
  readonly out_trade_no: string;
  readonly raw: string;
}

/**
 * TRADE_SUCCESS and TRADE_CLOSED have two meanings each. With a refund_fee above zero they tell about a refund, in part or in
 * whole; without, about the payment and about a trade closed unpaid.
 */
function readTrade(account: AlipayAccount, notice: Notice): Callback {
  const { params } = notice;
  const trade_status = params.get('trade_status') ?? '';
  const refund_fee = params.get('refund_fee') ?? '';
  if (refund_fee !== '' && yuanToFen(refund_fee) === null) return unhandled(notice, 'refund_fee');
  const refunded = isPositive(refund_fee);
  switch (trade_status) {
    case 'TRADE_SUCCESS':
    case 'TRADE_CLOSED':
      if (refunded && hasRefundNumber(params)) return readRefund(account, notice);
      // A refund made without a number (by a cancel, in Alipay's own console) still says that the trade was paid and money went back.
      if (refunded || trade_status === 'TRADE_SUCCESS') return paid('paid', notice, refunded);
      // Closed with a time of payment: paid and given back, whatever the missing refund_fee says.
      if (params.get('gmt_payment')) return paid('paid', notice, true);
      return ofOurs(account, notice, { outcome: 'closed', message: trade_status, raw: notice.raw });
    case 'TRADE_FINISHED':
      return paid('finished', notice, refunded);
    case 'WAIT_BUYER_PAY':
      return ofOurs(account, notice, { outcome: 'waiting', message: trade_status, raw: notice.raw });
    default:
      return unhandled(notice, 'trade_status');
  }
}

/** Without a number of its own, a refund goes by the number of its trade, or by none. */
function hasRefundNumber(params: Params): boolean {
  const out_biz_no = params.get('out_biz_no') ?? '';
  return out_biz_no !== '' && out_biz_no !== params.get('trade_no') && out_biz_no !== params.get('out_trade_no');
}

/** Facts carry app_id and seller_id, so that the funnel compares them with what is expected of the order. */
function paid(outcome: 'paid' | 'finished', notice: Notice, refunded: boolean): Callback {
  const { params, callback_id, out_trade_no, raw } = notice;
  const identity: Record<string, string> = {};
  for (const name of ['app_id', 'seller_id']) {
    const value = params.get(name);
    if (value) identity[name] = value;
  }
  const facts = paymentFacts(Object.fromEntries(params), identity, refunded);
  if (!facts) return unhandled(notice, 'not_understood');
  return { kind: 'payment', callback_id, out_trade_no, report: { outcome, facts, raw } };
}

/** Reports without facts carry nothing the funnel could compare, so that the application is checked here. */
function ofOurs(account: AlipayAccount, notice: Notice, report: PaymentReport): Callback {
  const { params, callback_id, out_trade_no } = notice;
  if (params.get('app_id') !== account.app_id) return unhandled(notice, 'other_app');
  return { kind: 'payment', callback_id, out_trade_no, report };
}

/**
 * out_biz_no is the refund's out_request_no. refund_fee is the sum of all refunds of the trade ("总退款金额"), so that no amount
 * is reported for this one.
 */
function readRefund(account: AlipayAccount, notice: Notice): Callback {
  const { params, callback_id, out_trade_no, raw } = notice;
  if (params.get('app_id') !== account.app_id) return unhandled(notice, 'other_app');
  return {
    kind: 'refund',
    callback_id,
    out_trade_no,
    out_refund_no: params.get('out_biz_no') ?? '',
    report: { outcome: 'succeeded', channel_refund_id: null, amount_fen: null, raw },
  };
}

function unhandled(notice: Notice, reason: string): Callback {
  return { kind: 'unhandled', callback_id: notice.callback_id, reason };
}
