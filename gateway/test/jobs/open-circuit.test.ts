/** What waits for an account that does not answer comes back when that account is tried again, and not before. */
import { expect, test } from 'vitest';
import { resolveOrders } from '../../src/jobs/resolve-orders.ts';
import { resolveRefunds } from '../../src/jobs/resolve-refunds.ts';
import { CircuitBreakers } from '../../src/operations/circuit-breaker.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { anOrder, aRefund } from '../domain/samples.ts';

const NOW_MS = 1_700_000_100_000;

/** A gateway that has just given up an account, after `trials` that failed too. Answers where a job is moved to. */
function gatewayWithOpenCircuit(trials: number, refund = aRefund({ calling_until_ms: 0 })) {
  let now_ms = NOW_MS;
  const moved: number[] = [];
  const clock = { now_ms: () => now_ms, setTimer: () => ({ cancel: () => undefined }) };
  const breakers = new CircuitBreakers(clock, () => undefined);
  const order = anOrder();
  const lost = { outcome: 'unknown', reason: 'timeout' };
  for (let call = 0; call < 10; call += 1) breakers.record(order.account_id, lost);
  for (let trial = 0; trial < trials; trial += 1) {
    now_ms += 60_000;
    breakers.admits(order.account_id);
    breakers.record(order.account_id, lost);
  }
  const gateway = {
    ports: { clock },
    breakers,
    store: {
      jobs: {
        claim: () => Promise.resolve([{ merchant_id: order.merchant_id, subject_id: order.trade_id, attempt: 1 }]),
        move: (_kind: string, _merchant: string, _subject: string, at_ms: number) => {
          moved.push(at_ms - now_ms);
          return Promise.resolve();
        },
      },
      orders: { byTradeId: () => Promise.resolve(order) },
      refunds: { byId: () => Promise.resolve(refund) },
    },
  } as unknown as Gateway;
  return { gateway, breakers, moved, account_id: order.account_id, wait: (ms: number) => (now_ms += ms) };
}

const LOOPS = [
  ['an order', resolveOrders()],
  ['a refund', resolveRefunds],
] as const;

test.each(LOOPS)('%s comes back when the account may be tried again', async (_what, loop) => {
  for (const [trials, pause_ms] of [
    [0, 5_000],
    [1, 10_000],
    [5, 60_000],
  ] as const) {
    const { gateway, moved, wait } = gatewayWithOpenCircuit(trials);
    wait(1_000);
    const running: Promise<void>[] = [];
    await loop.runBatch(gateway, 1, (run) => running.push(run()));
    await Promise.all(running);
    expect(moved).toEqual([pause_ms - 1_000]);
  }
});

test.each(LOOPS)('%s that meets another’s trial waits a little for its outcome', async (_what, loop) => {
  const { gateway, breakers, moved, account_id, wait } = gatewayWithOpenCircuit(0);
  wait(5_000);
  expect(breakers.admits(account_id)).toBe(true);
  const running: Promise<void>[] = [];
  await loop.runBatch(gateway, 1, (run) => running.push(run()));
  await Promise.all(running);
  expect(moved).toEqual([5_000]);
});
