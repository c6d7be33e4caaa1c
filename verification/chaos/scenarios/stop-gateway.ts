import { LEASES_SPENT_MS } from '../calm.ts';
import type { Scenario } from '../scenario.ts';

/** The longest lease of the gateway. */
const LEASE_MS = 30_000;

export const stopGateway: Scenario = {
  name: 'stop-gateway',
  about: 'SIGSTOP to a node until its leases have run out and the other has gone on with its work; then it wakes up',
  is_short: true,
  async run({ world, load, random, lasting, note }) {
    await load.moreSuccesses(20 + random.below(40));
    const node = world.node(random.below(2));
    const stopped_at_ms = Date.now();
    node.process.send('SIGSTOP');
    // The other node's own leases of that moment are given back by then.
    await lasting(LEASES_SPENT_MS);
    const taken_before = [stopped_at_ms, stopped_at_ms + LEASE_MS];
    const orders = await world.sql(
      `UPDATE orders SET placing_until_ms = 0 WHERE placement = 'calling' AND placing_until_ms BETWEEN $1 AND $2 RETURNING 1`,
      taken_before,
    );
    const refunds = await world.sql(
      'UPDATE refunds SET calling_until_ms = 0 WHERE calling_until_ms BETWEEN $1 AND $2 RETURNING 1',
      taken_before,
    );
    const jobs = await world.sql(
      'UPDATE jobs SET run_at_ms = 0 WHERE run_at_ms BETWEEN $1 AND $2 RETURNING 1',
      taken_before,
    );
    note(`${node.name} slept over ${orders.length} orders, ${refunds.length} refunds and ${jobs.length} jobs`);
    await load.moreSuccesses(20);
    node.process.send('SIGCONT');
    await load.moreSuccesses(20);
  },
};
