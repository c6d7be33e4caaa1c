import type { Gateway } from '../operations/gateway.ts';
import { sendBankReturn } from '../operations/send-bank-return.ts';
import type { BankReturn } from '../storage/bank-returns.ts';
import { atMostEvery, type JobLoop } from './runner.ts';

/** Longer than a query and a transfer with their time limits. */
const LEASE_MS = 60_000;

const LOOK_EVERY_MS = 500;

/** Sends credits back to their payers, and asks what became of it. */
export function bankReturns(): JobLoop {
  return atMostEvery(LOOK_EVERY_MS, {
    kind: 'bank_return',
    max_running: 8,
    async runBatch(gateway, limit, start) {
      const now_ms = gateway.ports.clock.now_ms();
      const due = await gateway.store.bank_returns.claim(now_ms, now_ms + LEASE_MS, limit);
      for (const back of due) start(() => run(gateway, back, now_ms + LEASE_MS));
      return due.length;
    },
  });
}

async function run(gateway: Gateway, back: BankReturn, until_ms: number): Promise<void> {
  try {
    await sendBankReturn(gateway, back, until_ms);
  } catch (error) {
    // The lease brings it back; the account or the database may be mended by then.
    gateway.metrics.jobs_failed.inc({ kind: 'bank_return' });
    gateway.log.error(
      { return_no: back.return_no, error: error instanceof Error ? error.message : 'unknown' },
      'a credit could not be returned yet',
    );
  }
}
