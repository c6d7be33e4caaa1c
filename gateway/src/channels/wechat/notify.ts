/** Callbacks: payment results and refund results (refund: doc 4013163616), and the answer WeChat Pay expects. */
import type { Callback, CallbackAnswer, CallbackRequest } from '../channel.ts';
import type { WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { decryptResource } from './decrypt.ts';
import { objectAt, parseObject, textAt, type JsonObject } from '../json.ts';
import { readOrder } from './query.ts';
import { readRefund } from './refund.ts';

/**
 * Verifies and reads a callback. Checks in this order: signature headers, probe, time, serial, signature, body, event type,
 * encryption, content; the first that fails gives the `reason`.
 */
export async function readNotification(
  client: WechatClient,
  account: WechatAccount,
  request: CallbackRequest,
): Promise<Callback> {
  const verdict = await client.verify(request.headers, Buffer.from(request.body));
  if (verdict !== 'verified') return { kind: 'rejected', reason: verdict };
  const notification = parseObject(request.body);
  const callback_id = textAt(notification, 'id');
  const event_type = textAt(notification, 'event_type');
  const resource = objectAt(notification, 'resource');
  if (!callback_id || !event_type || !resource) return { kind: 'rejected', reason: 'malformed_body' };
  const read = readerOf(event_type);
  if (!read) return { kind: 'unhandled', callback_id, reason: `event_type ${event_type.slice(0, 64)}` };
  const text = decryptResource(account.api_v3_key, resource);
  if (text === null) return { kind: 'rejected', reason: 'bad_ciphertext' };
  const content = parseObject(text);
  if (!content) return { kind: 'rejected', reason: 'malformed_resource' };
  return read(account, callback_id, content, text);
}

type Reader = (account: WechatAccount, callback_id: string, content: JsonObject, text: string) => Callback;

/** One address receives everything that WeChat Pay has to say; we know payments and refunds. */
function readerOf(event_type: string): Reader | null {
  switch (event_type) {
    case 'TRANSACTION.SUCCESS':
      return readPayment;
    case 'REFUND.SUCCESS':
    case 'REFUND.ABNORMAL':
    case 'REFUND.CLOSED':
      return readRefundResult;
    default:
      return null;
  }
}

/** The state comes from the encrypted content; the event type outside only chooses the reader. */
function readPayment(_account: WechatAccount, callback_id: string, content: JsonObject, text: string): Callback {
  const out_trade_no = textAt(content, 'out_trade_no');
  if (!out_trade_no) return { kind: 'rejected', reason: 'malformed_resource' };
  return { kind: 'payment', callback_id, out_trade_no, report: readOrder(content, text) };
}

function readRefundResult(account: WechatAccount, callback_id: string, content: JsonObject, text: string): Callback {
  const out_trade_no = textAt(content, 'out_trade_no');
  const out_refund_no = textAt(content, 'out_refund_no');
  if (!out_trade_no || !out_refund_no) return { kind: 'rejected', reason: 'malformed_resource' };
  // A refund report carries no identity for the funnel to compare, so that the merchant number is compared here.
  const mchid = textAt(content, account.mode === 'partner' ? 'sp_mchid' : 'mchid');
  if (mchid !== account.mchid) return { kind: 'unhandled', callback_id, reason: 'refund of another merchant' };
  const report = readRefund(content, textAt(content, 'refund_status'), text);
  return { kind: 'refund', callback_id, out_trade_no, out_refund_no, report };
}

/** 204 stops the repeats; anything else makes WeChat Pay send the callback again, for a day and four minutes. */
export function notificationAnswer(accepted: boolean, message: string): CallbackAnswer {
  return accepted
    ? { status: 204, content_type: 'application/json', body: '' }
    : { status: 500, content_type: 'application/json', body: JSON.stringify({ code: 'FAIL', message }) };
}
