import { describe, expect, it } from 'vitest';
import { simulatedWorlds } from '../simulated-worlds.ts';
import { freezeRealWorld } from '../simulation/real-world-guard.ts';
import { describeFailure } from '../simulation/report.ts';
import type { Failure, Verdict } from '../simulation/trial/run-seed.ts';
import { shrink } from '../simulation/trial/shrink.ts';
import { wholeTableRead } from '../simulation/trial/plans.ts';

const { run, sessions } = simulatedWorlds();

describe('a seed', () => {
  it.each(['1', '2', '3', '4'])(
    '%s is the same world, byte for byte, whatever ran before and whatever the machine’s clock says',
    async (seed) => {
      const first = await run(seed);
      await run('another');
      const guard = freezeRealWorld({ now_ms: Date.parse('2001-09-09T01:46:40Z'), random: 0.25 });
      const again = await run(seed).finally(() => guard.release());
      expect(again.trace).toBe(first.trace);
      expect(again.digest).toBe(first.digest);
      expect(first.failure).toBeNull();
      expect(guard.touched).toEqual([]);
    },
    120_000,
  );

  it('is the same among others, whichever came before it', async () => {
    const seeds = Array.from({ length: 10 }, (_unused, index) => String(11 + index));
    const digests = new Map<string, string>();
    for (const seed of seeds) digests.set(seed, (await run(seed)).digest);
    for (const seed of seeds.toReversed()) expect((await run(seed)).digest, `seed ${seed}`).toBe(digests.get(seed));
  }, 120_000);

  it('is another world than its neighbour', async () => {
    const [one, other] = [await run('1'), await run('2')];
    expect(one.digest).not.toBe(other.digest);
    expect(one.deeds).not.toEqual(other.deeds);
  }, 60_000);

  it('does the same without a deed that is left out, but for that deed', async () => {
    const whole = await run('5');
    const [left_out] = whole.deeds;
    const rest = await run('5', new Set([left_out?.number ?? 0]));
    expect(rest.deeds).toEqual(whole.deeds);
    expect(rest.trace).not.toContain(`${left_out?.name}.${left_out?.number}`);
  }, 60_000);
});

describe('a failure', () => {
  const deeds = Array.from({ length: 12 }, (_unused, number) => ({
    number,
    kind: 'story' as const,
    name: 'scan',
    at: number,
  }));
  const broken: Failure = { step: 200, invariant: 'arrows', sentence: 'it went back', timeline: ['+00:00:01 it went'] };

  /** A world that fails whenever two of its deeds happen, within so many steps. */
  async function pretend(without: ReadonlySet<number>, steps: number): Promise<Verdict> {
    const failure = without.has(3) || without.has(8) || steps < 150 ? null : broken;
    return { ...(await nothing), deeds, failure };
  }
  const nothing = Promise.resolve({ seed: '7', steps: 0, virtual_ms: 0, digest: '', trace: '' } as unknown as Verdict);

  it('is made smaller until nothing more can be left out', async () => {
    const small = await shrink(await pretend(new Set(), 600), 600, pretend);
    expect(deeds.map((deed) => deed.number).filter((number) => !small.without.has(number))).toEqual([3, 8]);
    expect(small.steps).toBe(150);
  });

  it('is told with seed, step, what broke, the timeline, and the command that replays it', async () => {
    const without = new Set([0, 1]);
    const text = describeFailure(await pretend(without, 300), { steps: 300, without });
    expect(text).toContain('seed 7 FAILED at step 200');
    expect(text).toContain('arrows: it went back');
    expect(text).toContain('+00:00:01 it went');
    expect(text).toContain('npm run simulate -- --seed 7 --steps 300 --without 0,1 --trace');
  });
});

describe('statements', () => {
  it('that read a growing table whole are found', async () => {
    const scan = { name: 'all_of_it', text: 'SELECT * FROM orders WHERE pay_type = $1' };
    expect(await sessions().use((session) => wholeTableRead(session, [scan]))).toContain('reads orders');
  });
});
