/** Rows and calls of bank transfers, for the test that looks at how every statement is run. */
import { BANK_ACCOUNT as ACCOUNT, newCredit } from './bank-samples.ts';
import type { Store } from '../../src/storage/store.ts';
import { MERCHANT_ID, newId, NOW_MS } from './opened-store.ts';

type Fill = (table: string, columns: string, values: string) => Promise<unknown>;

/** Fifty thousand numbers, credits, reversals, returns and files of one account. */
export async function fillBankTables(fill: Fill, id: (letter: string) => string, merchant: string): Promise<void> {
  await fill(
    'virtual_accounts',
    'account_id, number, pool, serial, state, merchant_id, trade_id, opened_at_ms, free_at_ms, check_at_ms',
    `'${ACCOUNT}', '9902' || lpad(n::text, 12, '0'), 'p', n, CASE WHEN n % 2 = 0 THEN 'open' ELSE 'closed' END,
     ${merchant}, ${id('a')}, n, n, ${NOW_MS}::bigint - 100000 + n * 20`,
  );
  await fill(
    'bank_credits',
    `account_id, reference, number, amount_fen, currency, booked_on, heard_by, heard_at_ms, state, exception_id, merchant_id,
     trade_id, updated_at_ms`,
    `'${ACCOUNT}', 'ref' || n, '9902' || lpad(n::text, 12, '0'), 100, 'CNY', '2026-04-12', 'push', n,
     CASE WHEN n % 100 = 0 THEN 'held' ELSE 'paid' END, ${id('d')}, ${merchant}, ${id('a')}, n`,
  );
  await fill(
    'bank_reversals',
    'account_id, reference, original_reference, amount_fen, heard_at_ms',
    `'${ACCOUNT}', 'rev' || n, 'ref' || n, 100, n`,
  );
  await fill(
    'bank_returns',
    `return_no, account_id, reference, whole, amount_fen, state, asked_by, created_at_ms, updated_at_ms, check_at_ms`,
    `${id('f')}, '${ACCOUNT}', 'ref' || n, true, 100, CASE WHEN n % 100 = 0 THEN 'due' ELSE 'succeeded' END, 'a', n, n,
     ${NOW_MS}::bigint - 100000 + n * 20`,
  );
  await fill(
    'bank_files',
    'account_id, sha256, name, state, entries, message, at_ms',
    `'${ACCOUNT}', 'sha' || n, 'file', 'done', 1, '', n`,
  );
}

/** Every function about bank transfers at least once. */
export async function useBank(store: Store): Promise<void> {
  await useNumbers(store);
  await useCredits(store);
  const { bank_returns, bank_files } = store;
  await bank_returns.returnCredit({
    return_no: newId(),
    account_id: ACCOUNT,
    reference: 'new.2',
    amount_fen: 100,
    asked_by: 'a',
    created_at_ms: NOW_MS,
  });
  await bank_returns.claim(NOW_MS, NOW_MS + 30_000, 32);
  await bank_returns.wait(newId(), { channel_transfer_id: null, message: '' }, NOW_MS, NOW_MS);
  await bank_returns.end(newId(), 'failed', '', NOW_MS, NOW_MS);
  await bank_returns.byNumber(newId());
  await bank_files.find(ACCOUNT, 'sha1');
  await bank_files.record({
    account_id: ACCOUNT,
    sha256: 'new',
    name: 'file',
    state: 'done',
    message_id: null,
    entries: 0,
    message: '',
    at_ms: NOW_MS,
  });
  await store.exceptions.raiseOnce(
    {
      exception_id: newId(),
      kind: 'bank_numbers_low',
      dedupe_key: 'once',
      merchant_id: null,
      trade_id: null,
      channel: 'bank',
      account_id: ACCOUNT,
      detail: {},
      raw_headers: null,
      raw_body: null,
    },
    NOW_MS,
  );
}

async function useNumbers({ virtual_accounts }: Store): Promise<void> {
  const owner = { account_id: ACCOUNT, merchant_id: MERCHANT_ID, trade_id: newId() };
  await virtual_accounts.take({
    ...owner,
    pool: 'p',
    first: 1,
    last: 50_000,
    rested_until_ms: NOW_MS,
    now_ms: NOW_MS,
    check_at_ms: NOW_MS,
  });
  await virtual_accounts.adopt({ ...owner, trade_id: newId() }, '9903000000000004', NOW_MS, NOW_MS);
  await virtual_accounts.close(
    owner,
    { now_ms: NOW_MS, free_at_ms: NOW_MS },
    { source: 'close', kind: 'number_closed' },
  );
  await virtual_accounts.byNumber(ACCOUNT, '9903000000000004');
  await virtual_accounts.lastSerial(ACCOUNT, 'p', 50_000);
  await virtual_accounts.add(ACCOUNT, 'p', [{ number: '9903000000000006', serial: 50_001 }]);
  await virtual_accounts.countFree(ACCOUNT, 'p', NOW_MS, 50);
  await virtual_accounts.claimDue(NOW_MS, NOW_MS + 1_000, 100);
  await virtual_accounts.checkAgain(ACCOUNT, '9903000000000004', NOW_MS);
  await virtual_accounts.list(ACCOUNT, '', 50);
}

async function useCredits({ bank_credits }: Store): Promise<void> {
  for (const reference of ['new.1', 'new.2', 'new.3']) await bank_credits.record(newCredit({ reference: reference }));
  const order = { merchant_id: MERCHANT_ID, trade_id: newId() };
  const hold = {
    account_id: ACCOUNT,
    reason: 'late',
    ...order,
    kind: 'bank_credit_late',
    detail: {},
    now_ms: NOW_MS,
    rests_until_ms: NOW_MS,
    as_of_ms: NOW_MS,
  };
  for (const reference of ['new.1', 'new.2']) await bank_credits.hold({ ...hold, reference, exception_id: newId() });
  const references = ['new.1'];
  const settle = {
    account_id: ACCOUNT,
    references,
    ...order,
    payment_reference: 'new.1',
    by: 'a',
    surplus_fen: 1,
    now_ms: NOW_MS,
  };
  await bank_credits.settle(settle);
  await bank_credits.unsettle(ACCOUNT, references, NOW_MS, NOW_MS);
  await bank_credits.settle(settle);
  await bank_credits.book(ACCOUNT, references, { ...order, payment_reference: 'new.1', return_no: newId() }, NOW_MS);
  await bank_credits.byReference(ACCOUNT, 'new.1');
  await bank_credits.byReferences(ACCOUNT, ['ref1', 'ref2', 'ref3']);
  await bank_credits.byException(newId());
  await bank_credits.ofOrder(order.merchant_id, order.trade_id);
  await bank_credits.likeReversal(ACCOUNT, '9902000000000002', 100);
  await bank_credits.reversal(ACCOUNT, 'new.r');
  await bank_credits.addReversal(ACCOUNT, { ...newCredit({ reference: 'new.r' }), kind: 'reversal' }, 'new.3', NOW_MS);
  await bank_credits.reversalOf(ACCOUNT, 'new.3');
  await bank_credits.reverse(ACCOUNT, 'new.3', 'new.r', NOW_MS);
  await bank_credits.unfinished(NOW_MS, 100);
  await bank_credits.mark(ACCOUNT, ['ref1', 'ref2'], 'S1');
  await bank_credits.unmarked(ACCOUNT, '2026-04-12', '', 500);
  await bank_credits.knownPayouts([newId(), newId()]);
  await bank_credits.refundsByChannelNumber(newId());
}
