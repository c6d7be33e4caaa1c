/** What befalls a world. */
import type { SeededRandom } from '../random.ts';
import { pick } from '../trial/pick.ts';
import type { World } from '../world.ts';

export interface Struck {
  readonly world: World;
  /** This blow's own. */
  readonly random: SeededRandom;
  /** Ends what it began when the world becomes quiet, if it has not ended by then. */
  readonly untilQuiet: (heal: () => void) => void;
  /** Boots a node under a new name. */
  readonly boot: () => Promise<void>;
}

/** Falls between two steps. */
export type Blow = (struck: Struck) => void;

const SECOND_MS = 1_000;

/** How long a blow lasts: seconds mostly, minutes sometimes. */
export function lasting(random: SeededRandom): number {
  return (random.chance(0.2) ? random.integer(60, 900) : random.integer(1, 40)) * SECOND_MS;
}

/** How long a node stands still: shorter and longer than every lease and every time limit. */
export function standingStill(random: SeededRandom): number {
  return pick(random, [2, 12, 25, 45, 75, 150, 400, 1_500] as const) * SECOND_MS;
}

const MOST_STEPS = 250;

/** Begins now, and ends after so many steps or when the world becomes quiet, whatever is first. */
export function forAWhile({ world, random, untilQuiet }: Struck, begin: () => void, end: () => void): void {
  let over = false;
  const heal = (): void => {
    if (over) return;
    over = true;
    end();
  };
  begin();
  untilQuiet(heal);
  const until_step = world.scheduler.steps + random.integer(10, MOST_STEPS);
  world.scheduler.watch(() => {
    if (world.scheduler.steps >= until_step) heal();
  });
}
