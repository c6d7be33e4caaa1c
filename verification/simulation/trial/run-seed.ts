/** One seed: a world is made, things happen in it for so many steps, it becomes quiet, and is judged. */
import { ACCOUNTS } from '../accounts.ts';
import { BLOWS } from '../blows/index.ts';
import { resetDatabase } from '../changes.ts';
import { Coverage } from '../reach/coverage.ts';
import { FINE } from '../database.ts';
import type { WorldKeys } from '../keys.ts';
import { CALM } from '../network.ts';
import type { Observation } from '../observation.ts';
import { SeededRandom } from '../random.ts';
import type { Sessions } from '../sessions.ts';
import { STORIES } from '../stories/index.ts';
import { openWorld, type World } from '../world.ts';
import { insistently, setStatus, wantDone } from './operator.ts';
import { Court, Violation } from './court.ts';
import { MERCHANTS } from './prepare-database.ts';
import { makePlan, type Deed, type Plan } from './plan.ts';
import { pick } from './pick.ts';
import { wholeTableRead } from './plans.ts';
import { Poller } from './poller.ts';

export interface SeedOptions {
  readonly seed: string;
  readonly steps: number;
  readonly keys: WorldKeys;
  /** With a database that `prepareDatabase` has prepared. */
  readonly sessions: Sessions;
  /** Deeds that are left out, by number. */
  readonly without?: ReadonlySet<number>;
}

export interface Failure {
  readonly step: number;
  /** The name of the invariant, or `error`. */
  readonly invariant: string;
  readonly sentence: string;
  /** The order concerned, as the trace tells of it. */
  readonly timeline: readonly string[];
}

export interface Verdict {
  readonly seed: string;
  readonly deeds: readonly Deed[];
  readonly steps: number;
  readonly virtual_ms: number;
  readonly digest: string;
  readonly trace: string;
  readonly coverage: Coverage;
  readonly failure: Failure | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Nodes poll by themselves so rarely; the poller wakes them when there is something to find. */
const POLL_MS = 48 * HOUR_MS;
/** A world that has become quiet and does not come to rest within this has something that never ends. */
const QUIET_MS = 30 * 24 * HOUR_MS;
const QUIET_STEPS = 30_000;
/** What is still on its way when all seems to be done. */
const AFTERWARDS_MS = HOUR_MS;
const AFTERWARDS_STEPS = 2_000;
const MOST_ROUNDS = 3;
/** Of a timeline, from its beginning and from its end. */
const MOST_LINES = 100;
const OPEN_STATES: ReadonlySet<string> = new Set([
  'undecided',
  'processing',
  'pending',
  'new',
  'settling',
  'returning',
  'due',
]);

/** Runs one seed on an emptied database. */
export async function runSeed(options: SeedOptions): Promise<Verdict> {
  const { sessions, seed } = options;
  await sessions.use(resetDatabase);
  const plan = makePlan(new SeededRandom(seed).stream('plan'), options.steps);
  return Trial.prepare(options, plan).run();
}

class Trial {
  readonly #options: SeedOptions;
  readonly #plan: Plan;
  readonly #world: World;
  readonly #court: Court;
  readonly #coverage: Coverage;
  readonly #heals: (() => void)[] = [];
  #nodes = 0;
  #is_quiet = false;

  private constructor(options: SeedOptions, plan: Plan, world: World, court: Court, coverage: Coverage) {
    this.#options = options;
    this.#plan = plan;
    this.#world = world;
    this.#court = court;
    this.#coverage = coverage;
  }

  static prepare(options: SeedOptions, plan: Plan): Trial {
    const court = new Court();
    const coverage = new Coverage({
      books: court.books,
      ledger: () => world.ledger.list(),
      now_ms: () => world.now_ms(),
    });
    const observe = (observation: Observation): void => {
      court.observe(observation);
      coverage.observe(observation);
      poller.watch(observation);
    };
    const { seed, keys, sessions } = options;
    const { clocks: clock_offset_ms } = plan;
    const world = openWorld({ seed, database_url: sessions, keys, clock_offset_ms, poll_ms: POLL_MS, observe });
    const poller = new Poller(world, court.books);
    for (const { name, merchant_id } of MERCHANTS) world.knowMerchant(name, merchant_id);
    court.open(world, secretsOf(keys));
    return new Trial(options, plan, world, court, coverage);
  }

  async run(): Promise<Verdict> {
    const world = this.#world;
    let failure: Failure | null = null;
    try {
      await world.scheduler.during(Promise.all([this.#boot(), this.#boot()]));
      const begin = world.scheduler.steps;
      this.#planBlows(begin);
      this.#planStories();
      await world.scheduler.runSteps(this.#options.steps);
      await this.#becomeQuiet();
      this.#court.closeAtRest();
      await this.#lookAtPlans();
    } catch (error) {
      failure = this.#failureOf(error);
    }
    this.#coverage.take(world);
    const verdict: Verdict = {
      seed: this.#options.seed,
      deeds: this.#plan.deeds,
      steps: world.scheduler.steps,
      virtual_ms: world.now_ms() - world.started_ms,
      digest: world.trace.digest(),
      trace: world.trace.text(),
      coverage: this.#coverage,
      failure,
    };
    await world.end();
    return verdict;
  }

  #deeds(kind: Deed['kind']): readonly Deed[] {
    return this.#plan.deeds.filter((deed) => deed.kind === kind && !this.#options.without?.has(deed.number));
  }

  async #boot(): Promise<void> {
    const clock = this.#nodes % 2 === 0 ? 'node-1' : 'node-2';
    const world = this.#world;
    await insistently(world, 'operator', async () => {
      this.#nodes += 1;
      await world.bootNode(`node-${this.#nodes}`, this.#plan.clocks[clock], this.#plan.limits);
    });
  }

  #bootMissing(): Promise<void> {
    return this.#world.nodes().length < 2 ? this.#boot() : Promise.resolve();
  }

  #planStories(): void {
    const world = this.#world;
    for (const deed of this.#deeds('story')) {
      const random = world.scheduler.random.stream(`deed ${deed.number}`);
      const merchant = pick(random, world.merchants);
      const name = `${deed.name}.${deed.number}`;
      world.act(deed.at, merchant.name, async () => {
        this.#coverage.count(`story ${deed.name}`);
        await STORIES[deed.name]?.({ world, merchant, random, name, boot: () => this.#bootMissing() });
      });
    }
  }

  #planBlows(begin: number): void {
    const world = this.#world;
    const waiting = [...this.#deeds('blow')].sort((left, right) => left.at - right.at);
    world.scheduler.watch(() => {
      // One that was to fall with the very last step would never be healed.
      while (!this.#is_quiet && waiting[0] && world.scheduler.steps - begin >= waiting[0].at) {
        const deed = waiting.shift();
        if (deed) this.#strike(deed);
      }
    });
  }

  #strike({ name, number }: Deed): void {
    const world = this.#world;
    const random = world.scheduler.random.stream(`deed ${number}`);
    world.trace.note('weather', name);
    world.observe({ kind: 'blow', what: name });
    BLOWS[name]?.({
      world,
      random,
      untilQuiet: (heal) => this.#heals.push(heal),
      boot: () => this.#bootMissing(),
    });
  }

  /** Everything works again, and goes on until nothing is left to do. */
  async #becomeQuiet(): Promise<void> {
    const world = this.#world;
    this.#is_quiet = true;
    world.trace.note('weather', 'becomes quiet');
    for (const heal of this.#heals) heal();
    world.network.become(CALM);
    world.network.forgive();
    world.database.become(FINE);
    world.faults.clear();
    world.liar.repent();
    world.forger.rest();
    for (const merchant of world.merchants) merchant.react = () => ({ status: 200, body: 'success' });
    world.act(0, 'day', () => this.#tellOfTheDay());
    for (const account_id of ACCOUNTS) wantDone(world, () => setStatus(world, account_id, 'active'));
    world.act(0, 'operator', async () => {
      while (world.nodes().length < 2) await this.#boot();
    });
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      await this.#runUntil(() => this.#isDone(), QUIET_MS, QUIET_STEPS);
      await this.#runUntil(() => false, AFTERWARDS_MS, AFTERWARDS_STEPS);
      if (this.#isDone()) return;
    }
  }

  /** What is found by the statements and bills of the day, which nobody here reads: channels tell it once more. */
  async #tellOfTheDay(): Promise<void> {
    const world = this.#world;
    while (world.nodes().some((name) => world.scheduler.standsStill(name)))
      await new Promise<void>((resolve) => world.scheduler.after(MINUTE_MS, 'day', 'waits', resolve));
    // What a bank's push never told.
    world.bank.resendEverything();
    // Nobody asks about what was refused: a refusal may have been a lie, and its callback lost too.
    for (const { trade_id, state } of this.#court.books.all('orders'))
      if (state === 'failed') for (const wallet of [world.wechat, world.alipay]) wallet.resendCallback(trade_id);
  }

  async #runUntil(done: () => boolean, most_ms: number, most_steps: number): Promise<void> {
    const world = this.#world;
    const until_ms = world.now_ms() + most_ms;
    for (let steps = 0; steps < most_steps && !done(); steps += 10) {
      const next_ms = world.scheduler.nextDue();
      if (next_ms === null || next_ms > until_ms) return;
      await world.scheduler.runSteps(10);
    }
  }

  /** Cheap: whether nothing that ends by itself is left. What is left for other reasons is the invariants' to say. */
  #isDone(): boolean {
    if (this.#world.acting > 0) return false;
    const { books } = this.#court;
    const is_open = (one: { readonly state: string }): boolean => OPEN_STATES.has(one.state);
    const subjects = [
      books.all('orders'),
      books.all('refunds'),
      books.all('notifications'),
      books.all('bank_credits'),
      books.all('bank_returns'),
    ];
    if (subjects.some((rows) => rows.some(is_open))) return false;
    return (
      books.all('jobs').every((job) => job.kind !== 'order') &&
      books.all('virtual_accounts').every((one) => one.state === 'closed')
    );
  }

  async #lookAtPlans(): Promise<void> {
    const sentence = await this.#options.sessions.use((session) => wholeTableRead(session, this.#world.database.sent));
    if (sentence !== null) throw new Violation('no-whole-table', { sentence });
  }

  #failureOf(error: unknown): Failure {
    const step = this.#world.scheduler.steps;
    if (!(error instanceof Violation)) {
      const sentence = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { step, invariant: 'error', sentence, timeline: [] };
    }
    return { step, invariant: error.invariant, sentence: error.message, timeline: this.#timeline(error.trade_id) };
  }

  #timeline(trade_id: string | undefined): string[] {
    if (trade_id === undefined) return [];
    const number = this.#court.books.order(trade_id)?.mch_trade_id;
    const { trace } = this.#world;
    const lines = new Set([
      ...trace.about(trade_id),
      ...(number === undefined ? [] : trace.about(number)),
      ...trace.about('weather'),
    ]);
    const sorted = [...lines].sort();
    const left_out = sorted.length - 2 * MOST_LINES;
    if (left_out <= 0) return sorted;
    return [
      ...sorted.slice(0, MOST_LINES),
      `… ${left_out} lines more: --trace tells them`,
      ...sorted.slice(-MOST_LINES),
    ];
  }
}

/** What must not be in any log: keys as they are stored, without their frames. */
function secretsOf(keys: WorldKeys): string[] {
  const bodies = [
    keys.platform.private_key,
    keys.bank.client_private_key,
    ...keys.wechat.merchants.map((one) => one.private_key),
  ];
  const lines = bodies.flatMap((pem) =>
    pem.split('\n').filter((line) => line.length > 30 && !line.startsWith('-----')),
  );
  return [...lines, ...keys.wechat.merchants.flatMap((one) => [one.api_v3_key, one.api_v2_key])];
}
