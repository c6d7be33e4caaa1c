/** What the bank has taken back must never wait for a person again: whoever returned it or booked it would give money away. */
import { BANK_ACCOUNT as ACCOUNT, newCredit } from './bank-samples.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BANK_NUMBER, facts } from '../domain/samples.ts';
import type { Order } from '../../src/domain/order.ts';
import { insertOrder, MERCHANT_ID, newId, NOW_MS, openStore, saveOf, type OpenedStore } from './opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

/** A credit of 100 fen that nobody has decided about. */
async function storedCredit(): Promise<string> {
  const credit = newCredit();
  await opened.store.bank_credits.record(credit);
  return credit.reference;
}

/** A credit of 100 fen that waits for a person. */
async function heldCredit(
  order: { merchant_id: string | null; trade_id: string | null } = { merchant_id: MERCHANT_ID, trade_id: newId() },
): Promise<string> {
  const reference = await storedCredit();
  await opened.store.bank_credits.hold({
    account_id: ACCOUNT,
    reference,
    reason: 'late',
    ...order,
    exception_id: newId(),
    kind: 'bank_credit_late',
    detail: {},
    now_ms: NOW_MS,
    rests_until_ms: NOW_MS,
    as_of_ms: NOW_MS,
  });
  return reference;
}

async function stateOf(reference: string): Promise<string | undefined> {
  return (await opened.store.bank_credits.byReference(ACCOUNT, reference))?.state;
}

/** An operator sends a held credit back. Answers the number of the return. */
async function sendBack(reference: string): Promise<string> {
  const return_no = newId();
  const request = { return_no, account_id: ACCOUNT, reference, amount_fen: 100, asked_by: 'a', created_at_ms: NOW_MS };
  expect(await opened.store.bank_returns.returnCredit(request)).toBe(true);
  return return_no;
}

/** An operator lets a held credit pay an order. */
async function letPay(reference: string, trade_id = newId()): Promise<void> {
  const settled = await opened.store.bank_credits.settle({
    account_id: ACCOUNT,
    references: [reference],
    merchant_id: MERCHANT_ID,
    trade_id,
    payment_reference: reference,
    by: 'a',
    surplus_fen: 0,
    now_ms: NOW_MS,
  });
  expect(settled).toBe(true);
}

test('credits that are to pay together do so all or not at all', async () => {
  const [held, spent] = [await heldCredit(), await heldCredit()];
  await sendBack(spent);
  const settling = {
    account_id: ACCOUNT,
    references: [held, spent],
    merchant_id: MERCHANT_ID,
    trade_id: newId(),
    payment_reference: held,
    by: 'a',
    surplus_fen: 0,
    now_ms: NOW_MS,
  };
  expect(await opened.store.bank_credits.settle(settling)).toBe(false);
  expect([await stateOf(held), await stateOf(spent)]).toEqual(['held', 'returning']);
});

describe('a credit whose return the bank refuses', () => {
  test('waits again', async () => {
    const reference = await heldCredit();
    await opened.store.bank_returns.end(await sendBack(reference), 'failed', 'PAYEE_UNKNOWN', NOW_MS, null);
    expect(await stateOf(reference)).toBe('held');
  });

  test('does not wait when the bank has taken it back meanwhile', async () => {
    const reference = await heldCredit();
    const return_no = await sendBack(reference);
    expect(await opened.store.bank_credits.reverse(ACCOUNT, reference, newId(), NOW_MS)).toBe('returning');
    await opened.store.bank_returns.end(return_no, 'failed', 'PAYEE_UNKNOWN', NOW_MS, null);
    expect(await stateOf(reference)).toBe('reversed');
  });
});

describe('a credit that its order does not take', () => {
  test('is of the order that it was sent to, as before', async () => {
    const reference = await heldCredit();
    const before = await opened.store.bank_credits.byReference(ACCOUNT, reference);
    await letPay(reference);
    expect(await opened.store.bank_credits.byReference(ACCOUNT, reference)).not.toMatchObject({
      trade_id: before?.trade_id,
    });
    await opened.store.bank_credits.unsettle(ACCOUNT, [reference], NOW_MS, NOW_MS);
    expect(await opened.store.bank_credits.byReference(ACCOUNT, reference)).toEqual(before);
  });

  test('is of no order when it was sent to none', async () => {
    const reference = await heldCredit({ merchant_id: null, trade_id: null });
    await letPay(reference);
    await opened.store.bank_credits.unsettle(ACCOUNT, [reference], NOW_MS, NOW_MS);
    expect(await opened.store.bank_credits.byReference(ACCOUNT, reference)).toMatchObject({
      merchant_id: null,
      trade_id: null,
    });
  });

  test('waits again', async () => {
    const reference = await heldCredit();
    await letPay(reference);
    await opened.store.bank_credits.unsettle(ACCOUNT, [reference], NOW_MS, NOW_MS);
    expect(await stateOf(reference)).toBe('held');
  });

  test('does not wait when the bank has taken it back meanwhile', async () => {
    const reference = await heldCredit();
    await letPay(reference);
    expect(await opened.store.bank_credits.reverse(ACCOUNT, reference, newId(), NOW_MS)).toBe('settling');
    await opened.store.bank_credits.unsettle(ACCOUNT, [reference], NOW_MS, NOW_MS);
    expect(await stateOf(reference)).toBe('reversed');
  });
});

describe('an order that is paid by a credit', () => {
  const LATER_MS = NOW_MS + 60_000;

  /** Two nodes have read the same credit: this one lets it pay the order. */
  function pays(order: Order, reference: string, settling_as: string | null): Promise<boolean> {
    const takes_credits = { account_id: ACCOUNT, references: [reference], settling_as };
    return opened.store.orders.save(
      saveOf(order, { state: 'paid', facts: facts() }, { takes_credits, job: 'delete', at_ms: LATER_MS }),
    );
  }

  async function stateOfOrder({ trade_id }: Order): Promise<string | undefined> {
    return (await opened.store.orders.byTradeId(MERCHANT_ID, trade_id))?.state;
  }

  test('is not paid when somebody has put the credit before a person meanwhile', async () => {
    const order = await insertOrder(opened.store);
    expect(await pays(order, await heldCredit(), null)).toBe(false);
    expect(await stateOfOrder(order)).toBe('undecided');
  });

  test('is not paid when the credit has been released, or is being settled for another order', async () => {
    const order = await insertOrder(opened.store);
    const [released, elsewhere] = [await heldCredit(), await heldCredit()];
    await letPay(released, order.trade_id);
    await opened.store.bank_credits.unsettle(ACCOUNT, [released], NOW_MS, LATER_MS);
    await letPay(elsewhere);
    expect(await pays(order, released, released)).toBe(false);
    expect(await pays(order, elsewhere, elsewhere)).toBe(false);
    expect(await stateOfOrder(order)).toBe('undecided');
  });

  test('keeps the credit from whoever had read it before', async () => {
    const { bank_credits } = opened.store;
    const settled = await heldCredit();
    const order = await insertOrder(opened.store);
    await letPay(settled, order.trade_id);
    expect(await pays(order, settled, settled)).toBe(true);
    await bank_credits.unsettle(ACCOUNT, [settled], NOW_MS, LATER_MS);
    expect(await stateOf(settled)).toBe('settling');

    const fresh = await storedCredit();
    expect(await pays(await insertOrder(opened.store), fresh, null)).toBe(true);
    const hold = {
      account_id: ACCOUNT,
      reference: fresh,
      reason: 'late',
      merchant_id: null,
      trade_id: null,
      detail: {},
    };
    const matter = { exception_id: newId(), kind: 'bank_credit_late', now_ms: LATER_MS, rests_until_ms: LATER_MS };
    expect(await bank_credits.hold({ ...hold, ...matter, as_of_ms: NOW_MS })).toBe(false);
    expect(await stateOf(fresh)).toBe('new');
  });

  test('leaves the credit as it was when somebody has changed the order', async () => {
    const reference = await heldCredit();
    const order = await insertOrder(opened.store);
    await letPay(reference, order.trade_id);
    expect(await pays({ ...order, version: order.version + 1 }, reference, reference)).toBe(false);
    await opened.store.bank_credits.unsettle(ACCOUNT, [reference], NOW_MS, LATER_MS);
    expect(await stateOf(reference)).toBe('held');
  });
});

test('a credit that is held lets its closed number rest anew, in the same statement', async () => {
  const { bank_credits, virtual_accounts } = opened.store;
  const owner = { account_id: ACCOUNT, merchant_id: MERCHANT_ID, trade_id: newId() };
  await virtual_accounts.adopt(owner, BANK_NUMBER, NOW_MS, NOW_MS);
  const free_at_ms = NOW_MS + 1_000;
  await virtual_accounts.close(owner, { now_ms: NOW_MS, free_at_ms }, { source: 'close', kind: 'number_closed' });
  const reference = await storedCredit();
  const order = { merchant_id: MERCHANT_ID, trade_id: owner.trade_id };
  const hold = { account_id: ACCOUNT, reference, reason: 'closed_number', ...order, detail: {}, now_ms: NOW_MS };
  const rests_until_ms = NOW_MS + 5_000;
  const matter = { exception_id: newId(), kind: 'bank_credit_closed_number' };
  expect(await bank_credits.hold({ ...hold, ...matter, rests_until_ms, as_of_ms: NOW_MS })).toBe(true);
  expect((await virtual_accounts.byNumber(ACCOUNT, BANK_NUMBER))?.free_at_ms).toBe(rests_until_ms);
});
