import { expectNotReady, type Scenario } from '../scenario.ts';

export const killDatabase: Scenario = {
  name: 'kill-database',
  about: 'SIGKILL to the database server; it recovers from its log of writes',
  is_short: true,
  async run(stage) {
    const { world, load, random } = stage;
    await load.moreSuccesses(20 + random.below(40));
    await world.database.kill();
    await expectNotReady(stage, [0, 1]);
    await world.database.startAgain();
  },
};
