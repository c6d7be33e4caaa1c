import { expectNotReady, type Scenario } from '../scenario.ts';

export const stopDatabase: Scenario = {
  name: 'stop-database',
  about: 'SIGSTOP to every process of the database server: connections stay, and nothing is answered',
  async run(stage) {
    const { world, load, random, lasting } = stage;
    await load.moreSuccesses(20 + random.below(40));
    await world.database.signalAll('SIGSTOP');
    await expectNotReady(stage, [0, 1]);
    await lasting(2_000 + random.below(4_000));
    await world.database.signalAll('SIGCONT');
    await load.moreSuccesses(20);
  },
};
