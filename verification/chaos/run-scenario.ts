/** Runs one scenario under load, heals, waits for quiet and checks everything that has happened so far. */
import { setTimeout as wait } from 'node:timers/promises';
import { readBooks, type Books } from './books.ts';
import { calm } from './calm.ts';
import { checkBooks, type Violation } from './check-books.ts';
import { checkProcesses } from './check-processes.ts';
import { Load } from './load.ts';
import { randomFrom, seedFor } from './random.ts';
import type { Scenario } from './scenario.ts';
import { Tally, type Failure } from './tally.ts';
import type { World } from './world.ts';

export interface Result {
  readonly scenario: string;
  readonly requests: number;
  /** Kind and how often, most frequent first. */
  readonly failures: readonly (readonly [string, number])[];
  /** From the moment that all was healed until the load went on as before. */
  readonly recovery_ms: number;
  readonly quiet_ms: number;
  readonly took_ms: number;
  readonly notes: readonly string[];
  readonly violations: readonly Violation[];
}

/** So many answers in a row after healing count as "goes on as before". */
const RECOVERED_ANSWERS = 10;

/**
 * @param before what merchants were told in earlier scenarios: it must still be true
 * @param name begins the numbers of this scenario's orders
 */
export async function runScenario(
  world: World,
  scenario: Scenario,
  { seed, name, before }: { readonly seed: number; readonly name: string; readonly before: readonly Tally[] },
): Promise<{ result: Result; tally: Tally }> {
  const began_ms = performance.now();
  const own_seed = seedFor(seed, scenario.name);
  const tally = new Tally();
  const load = new Load(world, tally, { name, seed: own_seed, is_prompt: scenario.without_failure === true });
  const notes: string[] = [];
  const broken: string[] = [];
  let recovery_ms = 0;
  try {
    await scenario.run({
      world,
      load,
      random: randomFrom(own_seed),
      lasting: (duration_ms) => wait(duration_ms),
      note: (text) => notes.push(text),
      violated: (text) => broken.push(text),
    });
    const healed_ms = performance.now();
    await world.heal();
    await load.moreSuccesses(RECOVERED_ANSWERS);
    recovery_ms = performance.now() - healed_ms;
  } catch (error) {
    broken.push(`the scenario did not get to its end: ${error instanceof Error ? error.message : String(error)}`);
  }
  await load.stop();
  const quiet_from_ms = performance.now();
  const violations = await checkAll(world, [...before, tally], broken);
  if (scenario.without_failure === true) violations.push(...failedRequests(tally.failures));
  const now_ms = performance.now();
  const result: Result = {
    scenario: scenario.name,
    requests: tally.requests,
    failures: tally.failuresByKind(),
    recovery_ms,
    quiet_ms: now_ms - quiet_from_ms,
    took_ms: now_ms - began_ms,
    notes,
    violations,
  };
  return { result, tally };
}

async function checkAll(world: World, tallies: readonly Tally[], broken: readonly string[]): Promise<Violation[]> {
  const found: Violation[] = broken.map((text) => ({ text, trade_id: null }));
  if (found.length > 0) await world.heal();
  if (!(await calm(world))) found.push({ text: 'it did not become quiet', trade_id: null });
  return [...found, ...checkBooks(await booksOf(world, tallies)), ...(await checkProcesses(world))];
}

/** Both sides' books, and all that the merchant was told in these scenarios. */
export function booksOf(world: World, tallies: readonly Tally[]): Promise<Books> {
  return readBooks(world, {
    successes: tallies.flatMap((one) => one.successes),
    unexpected: tallies.flatMap((one) => one.unexpected),
  });
}

/** Where no request may fail, each one that did. */
export function failedRequests(failures: readonly Failure[]): Violation[] {
  return failures.map(({ kind, path, number, at_ms }) => ({
    text: `${path} of ${number} failed at ${new Date(at_ms).toISOString()}: ${kind}`,
    trade_id: null,
  }));
}
