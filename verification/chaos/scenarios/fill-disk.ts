import type { Scenario } from '../scenario.ts';
import { until } from '../until.ts';

export const fillDisk: Scenario = {
  name: 'fill-disk',
  about: 'the disk of the database is full, then has room again',
  async run({ world, load, random, lasting, note }) {
    await load.moreSuccesses(20 + random.below(20));
    await world.database.disk.fill(await world.database.pid());
    // The log of writes has made room for itself beforehand: it is used up by turning over its files.
    const refused = await until('the full disk is felt', 30_000, async () => {
      if (world.database.has_ended) return 'the server gave up';
      const error = await world
        .sql('SELECT pg_switch_wal(), pg_logical_emit_message(false, $1, repeat($1, 100000))', ['x'])
        .then(() => null, String);
      await lasting(100);
      return error;
    });
    note(`${world.database.disk.kind}: ${refused.slice(0, 100)}`);
    await lasting(2_000 + random.below(2_000));
    await world.database.disk.free();
    await world.database.startAgain();
    await load.moreSuccesses(20);
  },
};
