/**
 * What nodes do many times a second, done when it finds something: a node looks for each kind of work just after some of it has
 * come due, and for changed configuration just after it has changed. Weeks pass without a million polls that find nothing.
 */
import type { Work } from '../../../gateway/src/operations/gateway.ts';
import type { Change } from '../changes.ts';
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

interface Due {
  readonly work: Work;
  readonly at_ms: number;
}

export class Poller {
  readonly #world: World;
  readonly #books: Mirror;
  readonly #random: SeededRandom;
  readonly #again_at_ms = new Map<Work, number>();

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
      const due = this.#dueOf(change);
      if (due !== null) this.#wakeAt(due);
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

  /** What there is to do about a row that has changed; null: nothing. */
  #dueOf(change: Change): Due | null {
    const job = changeOf(change, 'jobs')?.after;
    if (job) return { work: job.kind, at_ms: job.run_at_ms };
    const number = changeOf(change, 'virtual_accounts')?.after;
    if (number?.state === 'open') return { work: 'bank_upkeep', at_ms: number.check_at_ms };
    const payment = changeOf(change, 'bank_returns')?.after;
    if (payment) return { work: 'bank_return', at_ms: payment.check_at_ms };
    const credit = changeOf(change, 'bank_credits')?.after;
    return credit ? { work: 'bank_upkeep', at_ms: this.#world.now_ms() + UNFINISHED_MS } : null;
  }

  #wakeAt({ work, at_ms }: Due): void {
    const delay_ms = Math.max(0, at_ms - this.#world.now_ms());
    this.#world.scheduler.after(delay_ms + this.#random.integer(0, JOB_POLL_MS), 'clock', `${work} is due`, () => {
      const names = this.#world.nodes();
      if (names.length === 0 || !this.#isDue(work)) return;
      // Whoever polls first mostly finds all of it; now and then two do at once.
      const first = this.#random.integer(0, names.length - 1);
      const both = this.#random.chance(0.2);
      names.filter((_name, index) => both || index === first).forEach((name) => this.#world.wakeNode(name, work));
      this.#wakeAgain(work);
    });
  }

  /** What was found may have been left: looked for once more, once for all that comes due until then. */
  #wakeAgain(work: Work): void {
    const at_ms = this.#world.now_ms() + AGAIN_MS;
    if ((this.#again_at_ms.get(work) ?? 0) > this.#world.now_ms()) return;
    this.#again_at_ms.set(work, at_ms);
    this.#wakeAt({ work, at_ms });
  }

  #isDue(work: Work): boolean {
    // Clocks differ: what is due by the fastest of them.
    const by_ms = this.#world.now_ms() + AGAIN_MS;
    switch (work) {
      case 'bank_return':
        return this.#books.all('bank_returns').some((one) => ['due', 'processing'].includes(one.state));
      case 'bank_upkeep':
        return (
          this.#books.all('virtual_accounts').some((one) => one.state === 'open' && one.check_at_ms <= by_ms) ||
          this.#books.all('bank_credits').some((one) => ['new', 'settling'].includes(one.state))
        );
      default:
        return this.#books.all('jobs').some((job) => job.kind === work && job.run_at_ms <= by_ms);
    }
  }
}
