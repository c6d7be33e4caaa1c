import { expect, it } from 'vitest';
import { describeFailure } from '../simulation/report.ts';
import { simulatedWorlds, STEPS } from '../simulated-worlds.ts';

/** Always the same ones: `npm run simulate` tries others each time. */
const WORLDS = 20;

const worlds = simulatedWorlds();

it('everything that must always hold does so in twenty worlds full of trouble', async () => {
  for (let seed = 1; seed <= WORLDS; seed += 1) {
    const verdict = await worlds.run(String(seed));
    expect(verdict.failure, describeFailure(verdict, { steps: STEPS, without: new Set() })).toBeNull();
  }
}, 120_000);
