import type { Scenario } from '../scenario.ts';

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  about: 'each node is told to end and started anew, one after the other; no request may fail',
  is_short: true,
  without_failure: true,
  async run({ world, load, violated, note }) {
    for (const node of world.nodes) {
      await load.moreSuccesses(20);
      const told_ms = performance.now();
      const end = await node.process.end('SIGTERM');
      if (end !== 'code 0') violated(`${node.name} was told to end and ended with ${end}`);
      const ended_ms = performance.now();
      await node.startAgain();
      note(
        `${node.name} ended after ${seconds(ended_ms - told_ms)} and was back after ${seconds(performance.now() - ended_ms)}`,
      );
    }
    await load.moreSuccesses(20);
  },
};

function seconds(duration_ms: number): string {
  return `${(duration_ms / 1000).toFixed(1)} s`;
}
