/** Callbacks: payment results (支付结果通知, vendor page chapter=9_7) and refund results (退款结果通知, chapter=9_16). */
import type { Callback, CallbackAnswer, CallbackRequest } from '../../channel.ts';
import type { WechatV2Account } from './config.ts';
import { decryptRequestInfo } from './decrypt.ts';
import { paymentFacts } from './facts.ts';
import { readRefund } from './refund.ts';
import { isSigned } from './sign.ts';
import { readXml, writeXml, xmlText, type Fields } from './xml.ts';

/** Verifies and reads a callback. Checks in this order: XML, signature or encryption, merchant, content. */
export function readNotification(account: WechatV2Account, { body }: CallbackRequest): Callback {
  const fields = readXml(body);
  if (!fields) return { kind: 'rejected', reason: 'malformed_body' };
  const req_info = fields.get('req_info');
  return req_info ? readRefundResult(account, fields, req_info) : readPayment(account, fields, body);
}

function readPayment(account: WechatV2Account, fields: Fields, raw: string): Callback {
  if (!isSigned(fields, account.api_key)) return { kind: 'rejected', reason: 'bad_signature' };
  const out_trade_no = fields.get('out_trade_no');
  const transaction_id = fields.get('transaction_id');
  if (!out_trade_no) return { kind: 'rejected', reason: 'malformed_body' };
  const callback_id = transaction_id || out_trade_no;
  const success = fields.get('return_code') === 'SUCCESS' && fields.get('result_code') === 'SUCCESS';
  // What did not succeed is not reported by the documents: should it be, then asking decides.
  const facts = success ? paymentFacts(account, fields, false) : null;
  const report = facts
    ? ({ outcome: 'paid', facts, raw } as const)
    : ({ outcome: 'unknown', reason: 'not_understood', raw } as const);
  return { kind: 'payment', callback_id, out_trade_no, report };
}

/** It carries no signature: that it is encrypted with the key which only WeChat Pay and we have is the proof. */
function readRefundResult(account: WechatV2Account, outside: Fields, req_info: string): Callback {
  const text = decryptRequestInfo(account.refund_key, req_info);
  const fields = text === null ? null : readXml(text, 'root');
  if (text === null || fields === null) return { kind: 'rejected', reason: 'bad_ciphertext' };
  const out_trade_no = fields.get('out_trade_no');
  const out_refund_no = fields.get('out_refund_no');
  if (!out_trade_no || !out_refund_no) return { kind: 'rejected', reason: 'malformed_resource' };
  const callback_id = `${out_refund_no} ${fields.get('refund_status') ?? ''}`;
  // A refund report carries no identity for the funnel to compare, so that the merchant number is compared here.
  if (outside.get('mch_id') !== account.mchid)
    return { kind: 'unhandled', callback_id, reason: 'refund of another merchant' };
  return { kind: 'refund', callback_id, out_trade_no, out_refund_no, report: readRefund(fields, '', text) };
}

/** Anything but return_code SUCCESS makes WeChat Pay send the callback again, for a day and four minutes. */
export function notificationAnswer(accepted: boolean, message: string): CallbackAnswer {
  return {
    status: accepted ? 200 : 500,
    content_type: 'text/xml; charset=utf-8',
    body: writeXml({
      return_code: accepted ? 'SUCCESS' : 'FAIL',
      // Never words that could be taken for the opposite.
      return_msg: accepted ? 'OK' : xmlText(message),
    }),
  };
}
