import type { Scenario } from '../scenario.ts';

export const killSimulators: Scenario = {
  name: 'kill-simulators',
  about: 'SIGKILL to the channels, twice; what they took note of must survive',
  async run({ world, load, random, lasting }) {
    for (let kills = 0; kills < 2; kills += 1) {
      await load.moreSuccesses(20 + random.below(40));
      await world.simulators.process.end('SIGKILL');
      await lasting(500 + random.below(1_500));
      await world.simulators.startAgain();
    }
    await load.moreSuccesses(20);
  },
};
