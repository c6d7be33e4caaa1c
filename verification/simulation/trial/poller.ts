/**
 * What nodes do many times a second, done when it finds something: a node looks for jobs just after one has come due, and for
 * changed configuration just after it has changed. Weeks pass without a million polls that find nothing.
 */
import { changeOf, type Mirror } from '../mirror.ts';
import type { Observation } from '../observation.ts';
import type { SeededRandom } from '../random.ts';
import type { World } from '../world.ts';

/** As often as a real node polls (jobs/runner.ts, operations/directory.ts). */
const JOB_POLL_MS = 200;
const CONFIGURATION_POLL_MS = 250;
/** Bank upkeep looks so often at most, and takes up what was left unfinished for a minute. */
const AGAIN_MS = 10_000;
const UNFINISHED_MS = 60_000;

export class Poller {
  readonly #world: World;
  readonly #books: Mirror;
  readonly #random: SeededRandom;
  #again_at_ms = 0;

  constructor(world: World, books: Mirror) {
    this.#world = world;
    this.#books = books;
    this.#random = world.scheduler.random.stream('polls');
  }

  /** After each commit. */
  watch(observation: Observation): void {
    if (observation.kind !== 'commit') return;
    if (observation.owner === 'operator') this.#refresh();
    for (const change of observation.changes) {
      const at_ms =
        changeOf(change, 'jobs')?.after?.run_at_ms ??
        openNumber(changeOf(change, 'virtual_accounts')?.after) ??
        changeOf(change, 'bank_returns')?.after?.check_at_ms ??
        (changeOf(change, 'bank_credits')?.after ? this.#world.now_ms() + UNFINISHED_MS : null);
      if (at_ms !== null) this.#wakeAt(at_ms);
    }
  }

  #refresh(): void {
    for (const name of this.#world.nodes()) {
      this.#world.scheduler.after(this.#random.integer(0, CONFIGURATION_POLL_MS), name, 'looks for changes', () => {
        // A database that is away is met again at the next look.
        this.#world.refreshNode(name).catch(() => this.#refresh());
      });
    }
  }

  #wakeAt(at_ms: number): void {
    const delay_ms = Math.max(0, at_ms - this.#world.now_ms());
    this.#world.scheduler.after(delay_ms + this.#random.integer(0, JOB_POLL_MS), 'clock', 'something is due', () => {
      const names = this.#world.nodes();
      if (names.length === 0 || !this.#isDue()) return;
      // Whoever polls first mostly finds all of it; now and then two do at once.
      const first = this.#random.integer(0, names.length - 1);
      const both = this.#random.chance(0.2);
      names.filter((_name, index) => both || index === first).forEach((name) => this.#world.wakeNode(name));
      this.#wakeAgain();
    });
  }

  /** What was found may have been left: looked for once more, once for all that comes due until then. */
  #wakeAgain(): void {
    const at_ms = this.#world.now_ms() + AGAIN_MS;
    if (this.#again_at_ms > this.#world.now_ms()) return;
    this.#again_at_ms = at_ms;
    this.#wakeAt(at_ms);
  }

  #isDue(): boolean {
    // Clocks differ: what is due by the fastest of them.
    const by_ms = this.#world.now_ms() + AGAIN_MS;
    return (
      this.#books.all('jobs').some((job) => job.run_at_ms <= by_ms) ||
      this.#books.all('virtual_accounts').some((one) => (openNumber(one) ?? Number.POSITIVE_INFINITY) <= by_ms) ||
      this.#books.all('bank_returns').some((one) => ['due', 'processing'].includes(one.state)) ||
      this.#books.all('bank_credits').some((one) => ['new', 'settling'].includes(one.state))
    );
  }
}

function openNumber(row: { readonly state: string; readonly check_at_ms: number } | null | undefined): number | null {
  return row?.state === 'open' ? row.check_at_ms : null;
}
