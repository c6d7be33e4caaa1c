import { keepUp, watchPools } from '../operations/bank-upkeep.ts';
import { atMostEvery, type JobLoop } from './runner.ts';

const UPKEEP_EVERY_MS = 10_000;
const POOLS_EVERY_MS = 60_000;

/** Looks after numbers and unfinished credits every ten seconds, and counts free numbers every minute. */
export function bankUpkeep(): JobLoop {
  let pools_at_ms = 0;
  return atMostEvery(UPKEEP_EVERY_MS, {
    kind: 'bank_upkeep',
    max_running: 1,
    async runBatch(gateway) {
      const now_ms = gateway.ports.clock.now_ms();
      await keepUp(gateway);
      if (now_ms >= pools_at_ms) {
        pools_at_ms = now_ms + POOLS_EVERY_MS;
        await watchPools(gateway);
      }
      return 0;
    },
  });
}
