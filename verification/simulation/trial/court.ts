/** Watches a world, keeps its books and lets every invariant judge what it sees. */
import type { LedgerEntry } from '../../../simulators/src/kernel/ledger.ts';
import { INVARIANTS } from '../invariants/index.ts';
import type { Broken, Invariant, Judge, View } from '../invariants/invariant.ts';
import { Mirror } from '../mirror.ts';
import type { Observation } from '../observation.ts';
import type { World } from '../world.ts';

/** An invariant does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: string;
  readonly trade_id: string | undefined;

  constructor(invariant: string, { sentence, trade_id }: Broken) {
    super(sentence);
    this.invariant = invariant;
    this.trade_id = trade_id;
  }
}

export class Court {
  readonly books = new Mirror();
  readonly #ledger: LedgerEntry[] = [];
  #judges: readonly { readonly invariant: Invariant; readonly judge: Judge }[] = [];
  #world: World | null = null;

  /** Before the world runs; what was stored before is told by `observe`. */
  open(world: World, secrets: readonly string[]): void {
    this.#world = world;
    const view: View = {
      books: this.books,
      ledger: () => this.#ledger,
      merchants: world.merchants,
      secrets,
      now_ms: () => world.now_ms(),
    };
    this.#judges = INVARIANTS.map((invariant) => ({ invariant, judge: invariant.judge(view) }));
  }

  /** Judges what has just been seen; a violation ends the world. */
  observe(observation: Observation): void {
    if (observation.kind === 'commit') this.books.apply(observation.changes);
    if (observation.kind === 'ledger') this.#ledger.push(observation.entry);
    for (const { invariant, judge } of this.#judges) {
      const [broken] = judge.watch?.(observation) ?? [];
      if (broken) this.#world?.scheduler.fail(new Violation(invariant.name, broken));
    }
  }

  /** Judges a world that has come to rest. Throws Violation. */
  closeAtRest(): void {
    for (const { invariant, judge } of this.#judges) {
      const [broken] = judge.atRest?.() ?? [];
      if (broken) throw new Violation(invariant.name, broken);
    }
  }
}
