import type { CallbackTask } from '../kernel/callbacks.ts';
import type { OutgoingRequest, SimulatorPorts } from '../kernel/ports.ts';
import { chinaTime, chinaTimeWithMillis } from './china-time.ts';
import type { AlipayApp, AlipayConfig } from './config.ts';
import { yuan } from './money.ts';
import { newNotifyId } from './numbers.ts';
import { notifySignContent, signRsa2, spoilSignature } from './signing.ts';
import type { TradeNews } from './trade-book.ts';
import { refundedFen } from './trade-records.ts';
import type { Trade } from './trade-records.ts';

/** How long upstream waits for the merchant's `success` is not documented; long enough for a slow merchant here. */
const ANSWER_TIMEOUT_MS = 10_000;

type Form = Readonly<Record<string, string>>;

/** What a callback is built from: everything but notify_time and sign, which each attempt makes anew. */
export interface NoticePayload {
  readonly app_id: string;
  readonly parameters: Form;
}

/**
 * The callback that is owed for what has happened to a trade. 当面付 notifies TRADE_SUCCESS alone, the wap and app products
 * TRADE_CLOSED and TRADE_FINISHED too; refund notices go to the payment's notify_url, a partial one still as
 * TRADE_SUCCESS, a full one as TRADE_CLOSED (opendocs.alipay.com/open/194/103296, "异步通知参数" and "触发通知"; for the
 * other products open/203/105286 and open/204/105301; refunds tell the refunded sum in refund_fee).
 *
 * @returns undefined when nothing is told: always when the order was placed without notify_url
 */
export function noticeOf(
  trade: Trade,
  news: TradeNews,
  context: { ports: SimulatorPorts; config: AlipayConfig; app: AlipayApp },
): CallbackTask | undefined {
  const ended = news.kind === 'closed' || news.kind === 'finished';
  if (trade.notify_url === undefined || (ended && !tellsOfEnds(trade))) return undefined;
  const notify_id = newNotifyId(context.ports, context.ports.now());
  const parameters: Form = {
    ...commonParameters(trade, context.config, context.app),
    notify_id,
    ...(news.kind === 'refunded' ? refundParameters(trade, news) : {}),
    ...(news.kind === 'paid' || news.kind === 'finished' ? paymentParameters(trade) : {}),
    ...(trade.closed_at_ms === undefined ? {} : { gmt_close: chinaTime(trade.closed_at_ms) }),
  };
  const payload: NoticePayload = { app_id: trade.app_id, parameters };
  return {
    id: notify_id,
    out_trade_no: trade.out_trade_no,
    event: news.kind === 'refunded' ? `${trade.status} refund` : trade.status,
    url: trade.notify_url,
    payload,
  };
}

function tellsOfEnds(trade: Trade): boolean {
  return trade.placed_by === 'wap' || trade.placed_by === 'app';
}

function commonParameters(trade: Trade, config: AlipayConfig, app: AlipayApp): Form {
  return {
    notify_type: 'trade_status_sync',
    charset: 'utf-8',
    version: '1.0',
    app_id: trade.app_id,
    auth_app_id: trade.app_id,
    seller_id: app.config.seller_id,
    seller_email: app.config.seller_email,
    buyer_id: config.buyer.user_id,
    buyer_logon_id: config.buyer.logon_id,
    trade_no: trade.trade_no,
    out_trade_no: trade.out_trade_no,
    trade_status: trade.status,
    total_amount: yuan(trade.total_fen),
    subject: trade.subject,
    ...(trade.body === undefined ? {} : { body: trade.body }),
    ...(trade.passback_params === undefined ? {} : { passback_params: trade.passback_params }),
    gmt_create: chinaTime(trade.created_at_ms),
    ...(trade.paid_at_ms === undefined ? {} : { gmt_payment: chinaTime(trade.paid_at_ms) }),
  };
}

function paymentParameters(trade: Trade): Form {
  const amount = yuan(trade.total_fen);
  return {
    receipt_amount: amount,
    invoice_amount: amount,
    buyer_pay_amount: amount,
    point_amount: '0.00',
    // In callbacks the member is fundChannel, in answers fund_channel.
    fund_bill_list: JSON.stringify([{ amount, fundChannel: 'ALIPAYACCOUNT' }]),
  };
}

function refundParameters(trade: Trade, news: TradeNews & { kind: 'refunded' }): Form {
  return {
    refund_fee: yuan(refundedFen(trade)),
    out_biz_no: news.refund.out_request_no,
    gmt_refund: chinaTimeWithMillis(news.refund.succeeded_at_ms ?? news.refund.requested_at_ms),
  };
}

/** Builds one attempt: its own notify_time, and the signature over it; notify_id stays. */
export function noticeRequest(task: CallbackTask, app: AlipayApp, now_ms: number): OutgoingRequest {
  const { parameters } = task.payload as NoticePayload;
  const form = new Map(Object.entries({ ...parameters, notify_time: chinaTime(now_ms), sign_type: 'RSA2' }));
  form.set('sign', signRsa2(notifySignContent(form), app.alipayPrivateKey));
  return {
    method: 'POST',
    url: task.url,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'user-agent': 'Mozilla/4.0' },
    body: Buffer.from(new URLSearchParams([...form]).toString(), 'utf8'),
    timeout_ms: ANSWER_TIMEOUT_MS,
  };
}

/** @returns the same callback with a signature that does not verify */
export function breakNoticeSignature(request: OutgoingRequest): OutgoingRequest {
  const form = new URLSearchParams(request.body.toString('utf8'));
  form.set('sign', spoilSignature(form.get('sign') ?? ''));
  return { ...request, body: Buffer.from(form.toString(), 'utf8') };
}
