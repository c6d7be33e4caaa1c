/** A return that comes back puts its credit into the queue again only when all of it came back. */
import { BANK_ACCOUNT as ACCOUNT, bankEntry, storeReturning } from '../storage/bank-samples.ts';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BankEntry } from '../../src/domain/bank-credit.ts';
import { fen } from '../../src/domain/money.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { takeReturned, takeReversal } from '../../src/operations/take-bank-correction.ts';
import { facts } from '../domain/samples.ts';
import {
  insertOrder,
  MERCHANT_ID,
  newId,
  NOW_MS,
  openStore,
  saveOf,
  type OpenedStore,
} from '../storage/opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

function gateway(): Gateway {
  const counter = { inc: () => undefined };
  return {
    store: opened.store,
    ports: {
      clock: { now_ms: () => NOW_MS },
      random: { bytes: randomBytes },
    },
    metrics: { bank_entries: counter, exceptions: counter },
    log: { warn: () => undefined },
  } as unknown as Gateway;
}

function entryOf(
  kind: BankEntry['kind'],
  reference: string,
  amount: number,
  end_to_end_id: string | null = null,
): BankEntry {
  return bankEntry({ kind, reference, amount_fen: fen(amount), number: null, end_to_end_id });
}

const stateOf = async (reference: string) => (await opened.store.bank_credits.byReference(ACCOUNT, reference))?.state;

const matters = (return_no: string) =>
  opened.sql(
    `SELECT kind, detail->>'amount_fen' AS came_back, detail->>'return_fen' AS sent FROM exceptions WHERE detail->>'return_no' = $1`,
    [return_no],
  );

test('the whole of it: the credit waits again', async () => {
  const { reference, return_no } = await storeReturning(opened.store);
  await takeReturned(gateway(), ACCOUNT, entryOf('returned', newId(), 100, return_no));
  expect(await stateOf(reference)).toBe('held');
  expect(await matters(return_no)).toMatchObject([{ kind: 'bank_return_failed' }]);
});

test.each([40, 160])('%i of 100 fen: the credit stays on its way, and a person is told once', async (amount) => {
  const { reference, return_no } = await storeReturning(opened.store);
  const back = entryOf('returned', newId(), amount, return_no);
  await takeReturned(gateway(), ACCOUNT, back);
  await takeReturned(gateway(), ACCOUNT, back);
  expect(await stateOf(reference)).toBe('returning');
  expect((await opened.store.bank_returns.byNumber(return_no))?.state).toBe('due');
  expect(await matters(return_no)).toEqual([{ kind: 'bank_return_failed', came_back: String(amount), sent: '100' }]);
});

/** The node died after the order was paid and before the credit was booked; then the bank takes the credit back. */
test('a credit that has paid its order and was not booked when it is taken back is put before a person, once', async () => {
  const order = await insertOrder(opened.store);
  const [reference, number] = [newId(), '9902000000000031'];
  const paid = { ...order, state: 'paid' as const, facts: { ...facts(), transaction_id: reference } };
  expect(await opened.store.orders.save(saveOf(paid))).toBe(true);
  await opened.sql(
    `INSERT INTO virtual_accounts (account_id, number, state, merchant_id, trade_id) VALUES ($1, $2, 'open', $3, $4)`,
    [ACCOUNT, number, MERCHANT_ID, order.trade_id],
  );
  const credit = { ...entryOf('credit', reference, 100), number };
  await opened.store.bank_credits.record({ ...credit, account_id: ACCOUNT, heard_by: 'push', heard_at_ms: NOW_MS });
  const reversal = { ...entryOf('reversal', newId(), 100), number, original_reference: reference };
  await takeReversal(gateway(), ACCOUNT, reversal);
  await takeReversal(gateway(), ACCOUNT, reversal);
  expect(await stateOf(reference)).toBe('reversed');
  const raised = await opened.sql(`SELECT kind, trade_id FROM exceptions WHERE detail->>'reference' = $1`, [reference]);
  expect(raised).toEqual([{ kind: 'bank_reversal_after_success', trade_id: order.trade_id }]);
});
