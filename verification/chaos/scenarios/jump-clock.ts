import type { Scenario } from '../scenario.ts';

const MINUTE_MS = 60_000;

/** Not a day and more: orders would be overdue, and a person rightly asked to look. */
const JUMPS_MINUTES = [3, -3, 50, -50, 130, -130, 600, -600] as const;

export const jumpClock: Scenario = {
  name: 'jump-clock',
  about: 'the wall clock of one node jumps by minutes and hours, forwards and backwards, and is set right again',
  async run({ world, load, random, lasting, note }) {
    const node = world.node(random.below(2));
    const jumps = random.shuffled(JUMPS_MINUTES).slice(0, 5);
    for (const minutes of jumps) {
      await load.moreSuccesses(10);
      await node.setClock(minutes * MINUTE_MS);
      await lasting(1_500);
    }
    await node.setClock(0);
    note(`${node.name}: ${jumps.join(', ')} min`);
    await load.moreSuccesses(20);
  },
};
