import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../database.ts';
import { createWorldKeys, type WorldKeys } from '../simulation/keys.ts';
import { describeFailure } from '../simulation/report.ts';
import { Sessions } from '../simulation/sessions.ts';
import { prepareDatabase } from '../simulation/trial/prepare-database.ts';
import { runSeed } from '../simulation/trial/run-seed.ts';

/** Always the same ones: `npm run simulate` tries others each time. */
const WORLDS = 20;
const STEPS = 300;

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

it('everything that must always hold does so in twenty worlds full of trouble', async () => {
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const verdict = await runSeed({ seed: String(seed), steps: STEPS, keys, sessions });
    expect(verdict.failure, describeFailure(verdict, { steps: STEPS, without: new Set() })).toBeNull();
  }
}, 120_000);
