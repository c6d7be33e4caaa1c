import type { Scenario } from '../scenario.ts';

export const stopChannels: Scenario = {
  name: 'stop-channels',
  about: 'SIGSTOP to the channels for longer than a call may take; what was asked of them is done after they wake up',
  async run({ world, load, random, lasting }) {
    await load.moreSuccesses(20 + random.below(40));
    world.simulators.process.send('SIGSTOP');
    await lasting(3_000 + random.below(2_000));
    world.simulators.process.send('SIGCONT');
    await load.moreSuccesses(20);
  },
};
