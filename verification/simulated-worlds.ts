/** Seeds for the tests of one file, over a database that is made before the first of them. For use inside Vitest. */
import { afterAll, beforeAll } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createWorldKeys, type WorldKeys } from './simulation/keys.ts';
import { Sessions } from './simulation/sessions.ts';
import { prepareDatabase } from './simulation/trial/prepare-database.ts';
import { runSeed, type Verdict } from './simulation/trial/run-seed.ts';

/** As many as `npm run simulate` runs. */
export const STEPS = 300;

export interface SimulatedWorlds {
  readonly sessions: () => Sessions;
  /** @param without deeds that are left out */
  run(seed: string, without?: ReadonlySet<number>, steps?: number): Promise<Verdict>;
}

export function simulatedWorlds(): SimulatedWorlds {
  let keys: WorldKeys;
  let database: TestDatabase;
  let sessions: Sessions;
  beforeAll(async () => {
    keys = await createWorldKeys();
    database = await createTestDatabase();
    sessions = new Sessions(database.url);
    await prepareDatabase(sessions, keys);
  });
  afterAll(async () => {
    await sessions.close();
    await database.drop();
  });
  return {
    sessions: () => sessions,
    run: (seed, without = new Set(), steps = STEPS) => runSeed({ seed, steps, keys, sessions, without }),
  };
}
