/** What a bank says that fits nothing of ours is kept for a person, once, and never booked. */
import { BANK_ACCOUNT as ACCOUNT, bankEntry } from '../storage/bank-samples.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChannelClient, OrderForChannel } from '../../src/channels/channel.ts';
import type { PushVerdict, VirtualAccounts } from '../../src/channels/virtual-accounts.ts';
import type { BankEntry } from '../../src/domain/bank-credit.ts';
import { fen } from '../../src/domain/money.ts';
import { BANK_TRANSFER_PAY_TYPE } from '../../src/domain/order.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { takeEntry } from '../../src/operations/take-bank-entry.ts';
import { takeBankPush } from '../../src/operations/take-bank-push.ts';
import { withNumber } from '../../src/operations/take-number.ts';
import { insertOrder, newId, NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

function numbersHearing(verdict: PushVerdict = { kind: 'rejected', reason: 'unknown_key' }): VirtualAccounts {
  return {
    pool: null,
    quarantine_ms: 1,
    close_paid_after_ms: 1,
    warn_below: 0,
    settlement_account: '6222',
    readPush: () => verdict,
  };
}

/** A gateway with one bank account. */
function bankGateway(client: Partial<ChannelClient> = {}): Gateway {
  const counter = { inc: () => undefined };
  return {
    store: opened.store,
    ports: {
      clock: { now_ms: () => NOW_MS },
      random: { bytes: (length: number) => Buffer.from(newId().slice(8, 8 + 2 * length), 'hex') },
    },
    public_url: 'https://pay.example.com',
    directory: { account: () => Promise.resolve({ account_id: ACCOUNT, channel: 'bank', client }) },
    metrics: { bank_entries: counter, callbacks: counter, exceptions: counter },
    log: { warn: () => undefined },
  } as unknown as Gateway;
}

async function take(said: BankEntry): Promise<void> {
  await takeEntry(bankGateway(), { account_id: ACCOUNT, numbers: numbersHearing() }, said, 'push');
}

/** Matters whose detail holds these. */
async function matters(kind: string, detail: Readonly<Record<string, unknown>>) {
  const open = await opened.store.exceptions.list('open', '', 1_000);
  return open.filter(
    (one) => one.kind === kind && Object.entries(detail).every(([name, value]) => one.detail[name] === value),
  );
}

describe('an entry', () => {
  test.each<[string, Partial<BankEntry>, Readonly<Record<string, unknown>>]>([
    ['another amount', { amount_fen: fen(101) }, { ours_fen: 100, theirs_fen: 101 }],
    ['another number', { number: '9902000000000003' }, { theirs_fund_acc: '9902000000000003' }],
  ])(
    'that tells %s under the same reference is put before a person, once, and the first stays',
    async (_what, other, detail) => {
      const first = bankEntry();
      await take(first);
      await take({ ...first, ...other });
      await take({ ...first, ...other });
      expect(await matters('bank_credit_changed', { reference: first.reference })).toMatchObject([{ detail }]);
      expect(await opened.store.bank_credits.byReference(ACCOUNT, first.reference)).toMatchObject({
        amount_fen: 100,
        number: first.number,
      });
    },
  );

  test('that is told again word for word is no matter', async () => {
    const first = bankEntry();
    await take(first);
    await take(first);
    expect(await matters('bank_credit_changed', { reference: first.reference })).toEqual([]);
    expect(await matters('bank_credit_unknown_number', { reference: first.reference })).toHaveLength(1);
  });

  test.each([null, 'no number of ours'])(
    'of a payment that came back and is none of ours (%s) is kept',
    async (number) => {
      const back = bankEntry({ kind: 'returned', end_to_end_id: number });
      await take(back);
      await take(back);
      expect(await matters('bank_return_unknown', { reference: back.reference })).toHaveLength(1);
    },
  );
});

describe('a message', () => {
  const push = { headers: { 'content-type': 'application/xml' }, body: Buffer.from(`<Document>${newId()}`) };
  const answered: boolean[] = [];
  const client = (verdict: PushVerdict): Partial<ChannelClient> => ({
    virtual_accounts: numbersHearing(verdict),
    acknowledge: (accepted) => (answered.push(accepted), { status: 200, content_type: '', body: '' }),
  });

  test('of the bank’s that cannot be read is acknowledged, and kept with its bytes', async () => {
    const gateway = bankGateway(client({ kind: 'unreadable', problem: 'it breaks off' }));
    await takeBankPush(gateway, ACCOUNT, push);
    await takeBankPush(gateway, ACCOUNT, push);
    const [kept, ...more] = await matters('bank_message_unreadable', { problem: 'it breaks off' });
    expect(more).toEqual([]);
    expect(await opened.store.exceptions.rawBody(kept?.exception_id ?? '')).toBe(push.body.toString());
    expect(answered.splice(0)).toEqual([true, true]);
  });

  test('that is not the bank’s is refused, and nothing of it is kept', async () => {
    await takeBankPush(bankGateway(client({ kind: 'rejected', reason: 'bad_signature' })), ACCOUNT, push);
    expect(answered.splice(0)).toEqual([false]);
    expect(await matters('bank_message_unreadable', { problem: 'bad_signature' })).toEqual([]);
  });
});

test('a number that the bank gives to a second order refuses that one, closes it at the bank, and is put before a person', async () => {
  const closed: string[] = [];
  const fund_acc = '9902000000000009';
  const client = {
    prepareBegin: (_order: OrderForChannel) =>
      Promise.resolve({
        send: () => Promise.resolve({ outcome: 'accepted', reply: { fund_acc }, message: 'OK' } as const),
      }),
    close: ({ out_trade_no }: { readonly out_trade_no: string }) => {
      closed.push(out_trade_no);
      return Promise.resolve({ outcome: 'closed', message: '', raw: '' } as const);
    },
  } as unknown as ChannelClient;
  const order = { pay_type: BANK_TRANSFER_PAY_TYPE, channel: 'bank', account_id: ACCOUNT };
  const [first, second] = [await insertOrder(opened.store, order), await insertOrder(opened.store, order)];
  const placed = async (one: typeof first) => withNumber(bankGateway(), one, client, numbersHearing()).send();
  expect(await placed(first)).toMatchObject({ outcome: 'accepted', reply: { fund_acc } });
  expect(await placed(second)).toMatchObject({ outcome: 'declined', code: 'NUMBER_IN_USE' });
  expect(closed).toEqual([second.trade_id]);
  expect(await matters('bank_number_conflict', { fund_acc })).toMatchObject([{ trade_id: second.trade_id }]);
  // The first may ask again: it is still the owner.
  expect(await placed(first)).toMatchObject({ outcome: 'accepted' });
});
