/**
 * What a seed decides about its world before it runs: who does what, when, and what befalls them. Each deed has a number and a
 * stream of randomness of its own, so that one can be left out and the others still do the same: that is how a failure is made
 * smaller.
 */
import { BLOWS } from '../blows/index.ts';
import type { NodeLimits } from '../node.ts';
import type { SeededRandom } from '../random.ts';
import { STORIES } from '../stories/index.ts';
import { pick } from './pick.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** A story that somebody lives, or a blow that befalls the world. */
export interface Deed {
  readonly number: number;
  readonly kind: 'story' | 'blow';
  readonly name: string;
  /** A story begins so long after the start, milliseconds; a blow falls at so many steps. */
  readonly at: number;
}

export interface Plan {
  readonly deeds: readonly Deed[];
  /** How long stories go on beginning. */
  readonly horizon_ms: number;
  /** How far each clock is from the world's, milliseconds. */
  readonly clocks: Readonly<Record<'wechat' | 'alipay' | 'bank' | 'node-1' | 'node-2', number>>;
  readonly limits: NodeLimits | undefined;
}

/** They take many steps, and are told more rarely for it. */
const LONG_STORIES: ReadonlySet<string> = new Set(['mistaken', 'crumbs']);

/** They can go in many ways, each of which is to be met in a night, and are told more often for it. */
const MANY_SIDED: ReadonlySet<string> = new Set(['transfer', 'bank-moments']);

/** One story for so many steps. */
const STEPS_OF_A_STORY = 50;
const MOST_BLOWS = 8;

/** Most worlds last seconds, so that everything happens at once; some last days, so that everything expires. */
const HORIZONS_MS = [
  SECOND_MS,
  3 * SECOND_MS,
  10 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  20 * MINUTE_MS,
  3 * HOUR_MS,
  48 * HOUR_MS,
] as const;

const MANY = 1_000_000;

const CROWDS = ['crowd', 'passer-by'] as const;

/** Nodes that let few in: few of a merchant, few of an address, few at once. */
const LIMITS: readonly NodeLimits[] = [
  { rates: { merchant: 2, address: MANY }, max_busy_requests: MANY },
  { rates: { merchant: MANY, address: 5 }, max_busy_requests: MANY },
  { rates: { merchant: MANY, address: MANY }, max_busy_requests: 3 },
];

/** Makes the plan of a seed. */
export function makePlan(random: SeededRandom, steps: number): Plan {
  const horizon_ms = pick(random, HORIZONS_MS);
  const limits = random.chance(0.3) ? pick(random, LIMITS) : undefined;
  const stories = makeStories(random, steps, horizon_ms);
  // Where few are let in there is a crowd.
  const crowd = limits
    ? CROWDS.map((name) => ({ kind: 'story' as const, name, at: random.integer(0, horizon_ms) }))
    : [];
  return {
    deeds: [...crowd, ...stories.slice(crowd.length), ...makeBlows(random, steps)].map((deed, number) => ({
      ...deed,
      number,
    })),
    horizon_ms,
    clocks: {
      wechat: random.integer(-5, 5) * SECOND_MS,
      alipay: random.chance(0.3) ? -20 * MINUTE_MS : random.integer(-5, 5) * SECOND_MS,
      bank: random.integer(-5, 5) * SECOND_MS,
      'node-1': random.integer(-2_000, 2_000),
      'node-2': random.integer(-2_000, 2_000),
    },
    limits,
  };
}

/** A world in which only some things happen finds what a world in which everything happens drowns. */
function some<Item>(random: SeededRandom, items: readonly Item[], rate: (item: Item) => number): readonly Item[] {
  const chosen = items.filter((item) => random.chance(rate(item)));
  return chosen.length > 0 ? chosen : [pick(random, items)];
}

function makeStories(random: SeededRandom, steps: number, horizon_ms: number): Omit<Deed, 'number'>[] {
  const names = some(random, Object.keys(STORIES), (name) => (LONG_STORIES.has(name) ? 0.15 : 0.4));
  const lots = names.flatMap((name) => (MANY_SIDED.has(name) ? [name, name] : [name]));
  const count = Math.max(1, Math.round(steps / STEPS_OF_A_STORY));
  return Array.from({ length: count }, () => ({
    kind: 'story' as const,
    name: pick(random, lots),
    at: random.integer(0, horizon_ms),
  }));
}

function makeBlows(random: SeededRandom, steps: number): Omit<Deed, 'number'>[] {
  // A world without any blow tells whether the stories themselves are right.
  if (random.chance(0.1)) return [];
  const names = some(random, Object.keys(BLOWS), (name) => (name === 'broken-database' ? 0.6 : 0.35));
  const count = random.integer(2, MOST_BLOWS);
  return Array.from({ length: count }, () => ({
    kind: 'blow' as const,
    name: pick(random, names),
    at: random.integer(1, steps),
  }));
}
