import { setTimeout as wait } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { runSql } from '../database-server.ts';
import type { BenchGateway } from '../gateway-program.ts';
import { MerchantCalls, sendCall } from '../merchant-calls.ts';
import type { SignedRequest } from '../merchant-calls.ts';
import { wechatScan } from '../pay-types.ts';

/**
 * One order of each fate, made by the gateway itself: placed, paid by a callback and told to the merchant; the same and partly
 * refunded; closed at the channel; not decided. Copies of what it wrote fill a database with orders as they really are.
 */

export type Fate = 'paid' | 'refunded' | 'closed' | 'undecided';

export interface SampleOrder {
  readonly fate: Fate;
  readonly merchant_id: string;
  readonly trade_id: string;
  readonly mch_trade_id: string;
}

const PATIENCE_MS = 30_000;

/** Runs a gateway on a database of its own, which stays; answers where it is and what it holds. */
export async function makeSamples(
  bench: Bench,
  gateway: BenchGateway,
): Promise<{ readonly database_url: string; readonly orders: readonly SampleOrder[] }> {
  const database_url = await gateway.freshDatabase('samples');
  const program = await gateway.start('all', database_url);
  try {
    const calls = new MerchantCalls(gateway.merchant);
    const send = (call: SignedRequest): Promise<Readonly<Record<string, unknown>>> =>
      sendCall(program.url, calls, call);
    const place = async (fate: Fate): Promise<SampleOrder> => {
      const call = await calls.order(wechatScan());
      const { trade_id } = await send(call);
      const { merchant_id } = gateway.merchant;
      return { fate, merchant_id, trade_id: String(trade_id), mch_trade_id: call.mch_trade_id };
    };
    await bench.rememberOrders();
    const paid = await place('paid');
    const refunded = await place('refunded');
    const { acknowledged } = await bench.payRemembered();
    if (acknowledged !== 2) throw new Error('the gateway did not take the callbacks of two sample orders');
    await send(await calls.refund(refunded.mch_trade_id));
    await bench.rememberOrders();
    const closed = await place('closed');
    await bench.closeRemembered();
    await until('a sample order is closed', async () => {
      const { trade_state } = await send(await calls.query(closed.mch_trade_id));
      return trade_state === 3;
    });
    const undecided = await place('undecided');
    await until('everything is told to the merchant', () => onlyJobIs(database_url, undecided.trade_id));
    return { database_url, orders: [paid, refunded, closed, undecided] };
  } finally {
    await program.stop();
  }
}

async function onlyJobIs(database_url: string, subject_id: string): Promise<boolean> {
  const rows = await runSql(database_url, 'SELECT subject_id FROM jobs');
  return rows.length === 1 && rows[0]?.['subject_id'] === subject_id;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline_ms = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline_ms) throw new Error(`${PATIENCE_MS / 1000} s went by before ${what}`);
    await wait(100);
  }
}
