import type { Scenario } from '../scenario.ts';

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  about: 'each node is told to end and started anew, one after the other; no request may fail',
  is_short: true,
  without_failure: true,
  async run({ world, load, violated }) {
    for (const node of world.nodes) {
      await load.moreSuccesses(20);
      const end = await node.process.end('SIGTERM');
      if (end !== 'code 0') violated(`${node.name} was told to end and ended with ${end}`);
      await node.startAgain();
    }
    await load.moreSuccesses(20);
  },
};
