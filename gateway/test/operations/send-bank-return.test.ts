/** A credit goes back to its payer once, whatever happens to the node that sends it. */
import { BANK_ACCOUNT as ACCOUNT, storeReturning } from '../storage/bank-samples.ts';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChannelClient, RefundReport } from '../../src/channels/channel.ts';
import { fen } from '../../src/domain/money.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { sendBankReturn } from '../../src/operations/send-bank-return.ts';
import type { BankReturn } from '../../src/storage/bank-returns.ts';
import { NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';

const LEASE_MS = 60_000;
const UNTIL_MS = NOW_MS + LEASE_MS;

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

/** A credit of 100 fen that an operator has asked to be returned. */
async function returning(): Promise<string> {
  return (await storeReturning(opened.store)).reference;
}

async function claim(at_ms: number): Promise<BankReturn> {
  const [back] = await opened.store.bank_returns.claim(at_ms, at_ms + LEASE_MS, 1);
  if (!back) throw new Error('nothing is due');
  return back;
}

/** A gateway whose bank refuses every transfer and answers questions with these, the last one for ever. */
function gatewayWhoseBankKnows(...known: readonly [RefundReport, ...RefundReport[]]): Gateway {
  const answers = [...known];
  const client = {
    refund: () => Promise.resolve({ outcome: 'declined', code: 'PAYEE_UNKNOWN', message: 'no such account' }),
    queryRefund: () => Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]),
  } as unknown as ChannelClient;
  const counter = { inc: () => undefined };
  return {
    store: opened.store,
    ports: {
      clock: { now_ms: () => NOW_MS },
      random: { bytes: randomBytes },
    },
    directory: { account: () => Promise.resolve({ client }) },
    breakers: { record: () => undefined },
    metrics: { channel_calls: counter, exceptions: counter },
    log: { warn: () => undefined },
  } as unknown as Gateway;
}

async function stateOf(reference: string): Promise<string | undefined> {
  return (await opened.store.bank_credits.byReference(ACCOUNT, reference))?.state;
}

test('a return that the bank refuses puts the credit back into the queue', async () => {
  const reference = await returning();
  const back = await claim(NOW_MS);
  expect(back).toMatchObject({ reference, state: 'due' });
  await sendBankReturn(gatewayWhoseBankKnows({ outcome: 'not_found', message: '', raw: '' }), back, UNTIL_MS);
  expect(await stateOf(reference)).toBe('held');
});

test('a return whose node died after sending it is asked about, and a refusal of its repeat is not believed', async () => {
  const reference = await returning();
  await claim(NOW_MS);
  // The node sends it, and dies before it has heard or recorded anything. The lease brings it to another.
  const back = await claim(NOW_MS + LEASE_MS);
  const made = { outcome: 'succeeded', channel_refund_id: 'T1', amount_fen: fen(100), raw: '' } as const;
  await sendBankReturn(gatewayWhoseBankKnows(made), back, UNTIL_MS);
  expect(await stateOf(reference)).toBe('returned');
});

test('a return that never left us is asked about and sent again, and goes back once', async () => {
  const reference = await returning();
  let sent = 0;
  const bank = (refund: RefundReport): Gateway => {
    const gateway = gatewayWhoseBankKnows({ outcome: 'not_found', message: '', raw: '' });
    const client = {
      refund: () => {
        sent += 1;
        return Promise.resolve(refund);
      },
      queryRefund: () => Promise.resolve({ outcome: 'not_found', message: '', raw: '' }),
    };
    return { ...gateway, directory: { account: () => Promise.resolve({ client }) } } as unknown as Gateway;
  };
  await sendBankReturn(bank({ outcome: 'not_sent', reason: 'connection_refused' }), await claim(NOW_MS), UNTIL_MS);
  expect(await stateOf(reference)).toBe('returning');
  const done = { outcome: 'succeeded', channel_refund_id: 'T2', amount_fen: fen(100), raw: '' } as const;
  await sendBankReturn(bank(done), await claim(NOW_MS + 24 * 3_600_000), UNTIL_MS);
  expect(await stateOf(reference)).toBe('returned');
  expect(sent).toBe(2);
});

test('a return that reached the bank after the question about it is not taken for refused because its repeat is', async () => {
  const reference = await returning();
  await claim(NOW_MS);
  const back = await claim(NOW_MS + LEASE_MS);
  const unknown_yet = { outcome: 'not_found', message: '', raw: '' } as const;
  const made = { outcome: 'succeeded', channel_refund_id: 'T2', amount_fen: fen(100), raw: '' } as const;
  await sendBankReturn(gatewayWhoseBankKnows(unknown_yet, made), back, UNTIL_MS);
  expect(await stateOf(reference)).toBe('returned');
});

test('a return is not sent by a node that stood still until others may have sent it, and ended it', async () => {
  const reference = await returning();
  const back = await claim(NOW_MS);
  const nobody_knows = gatewayWhoseBankKnows({ outcome: 'not_found', message: '', raw: '' });
  await expect(sendBankReturn(nobody_knows, back, NOW_MS + 24_999)).rejects.toThrow('took too long');
  // Its bank refuses every transfer: nothing was sent.
  expect(await stateOf(reference)).toBe('returning');
});

test('an old refusal does not end a return that somebody else has sent since', async () => {
  const reference = await returning();
  const back = await claim(NOW_MS);
  const bank = gatewayWhoseBankKnows({ outcome: 'not_found', message: '', raw: '' });
  const slow = {
    ...bank,
    directory: {
      account: () =>
        Promise.resolve({
          client: {
            refund: async () => {
              // The lease runs out while the refusal is on its way, and the return goes to another node.
              await opened.store.bank_returns.claim(UNTIL_MS, UNTIL_MS + LEASE_MS, 100);
              return { outcome: 'declined', code: 'SYSTEM_BUSY', message: '' };
            },
          },
        }),
    },
  } as unknown as Gateway;
  await sendBankReturn(slow, back, UNTIL_MS);
  expect(await stateOf(reference)).toBe('returning');
});
