/** What a payment is said to have been: the same members in micropay's answer, in a query's and in a callback. */
import { fen, type Fen } from '../../../domain/money.ts';
import type { PaymentFacts } from '../../channel.ts';
import type { WechatV2Account } from './config.ts';
import { identityIn } from './party.ts';
import { readCompactTime } from './time.ts';
import type { Fields } from './xml.ts';

/** The member `name` as an amount in fen; null when it is none. */
export function amountAt(fields: Fields, name: string): Fen | null {
  const text = fields.get(name) ?? '';
  return /^\d{1,12}$/.test(text) ? fen(Number(text)) : null;
}

/** Passed on to merchants under the names that our API has from APIv2. */
const DETAILS = ['bank_type', 'cash_fee', 'fee_type', 'openid', 'sub_openid'] as const;

/** Null when the number or the amount is missing: a success that does not say how much is not a success. */
export function paymentFacts(account: WechatV2Account, fields: Fields, refunded: boolean): PaymentFacts | null {
  const transaction_id = fields.get('transaction_id');
  const amount_fen = amountAt(fields, 'total_fee');
  if (!transaction_id || amount_fen === null) return null;
  const details: Record<string, string> = {};
  for (const name of DETAILS) {
    const value = fields.get(name);
    if (value) details[name] = value;
  }
  return {
    transaction_id,
    amount_fen,
    currency: fields.get('fee_type') || 'CNY',
    identity: identityIn(account, fields),
    paid_at_ms: readCompactTime(fields.get('time_end')),
    details,
    refunded,
  };
}
