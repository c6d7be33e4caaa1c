/** What a bank says of a credit of 100 fen, and such a credit in the books. */
import type { BankEntry } from '../../src/domain/bank-credit.ts';
import type { NewCredit } from '../../src/storage/bank-credits.ts';
import type { Store } from '../../src/storage/store.ts';
import { aBankEntry } from '../domain/samples.ts';
import { newId, NOW_MS } from './opened-store.ts';

export const BANK_ACCOUNT = 'bank-1';

export function bankEntry(changes: Partial<BankEntry> = {}): BankEntry {
  return aBankEntry({ reference: newId(), booked_at_ms: NOW_MS, ...changes });
}

/** As the store records it first. */
export function newCredit(changes: Partial<BankEntry> = {}): NewCredit {
  return { ...bankEntry(changes), account_id: BANK_ACCOUNT, heard_by: 'push', heard_at_ms: NOW_MS };
}

/** Stores a credit that waits for a person, and whose return an operator has asked for. */
export async function storeReturning({
  bank_credits,
  bank_returns,
}: Pick<Store, 'bank_credits' | 'bank_returns'>): Promise<{ readonly reference: string; readonly return_no: string }> {
  const [reference, return_no] = [newId(), newId()];
  await bank_credits.record(newCredit({ reference }));
  await bank_credits.hold({
    account_id: BANK_ACCOUNT,
    reference,
    reason: 'unknown_number',
    merchant_id: null,
    trade_id: null,
    exception_id: newId(),
    kind: 'bank_credit_unknown_number',
    detail: {},
    now_ms: NOW_MS,
    rests_until_ms: NOW_MS,
    as_of_ms: NOW_MS,
  });
  const asked = { asked_by: 'a', created_at_ms: NOW_MS };
  await bank_returns.returnCredit({ account_id: BANK_ACCOUNT, reference, amount_fen: 100, return_no, ...asked });
  return { reference, return_no };
}
