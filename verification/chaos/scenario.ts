import type { Load } from './load.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** What a scenario works with. The load runs all the while. */
export interface Stage {
  readonly world: World;
  readonly load: Load;
  readonly random: Random;
  /** Lets the load go on for so long. */
  readonly lasting: (duration_ms: number) => Promise<void>;
  /** Something about the run that belongs into the report. */
  readonly note: (text: string) => void;
  /** Notes a violation that only the scenario itself can see. */
  readonly violated: (text: string) => void;
}

export interface Scenario {
  readonly name: string;
  /** What happens, in one sentence. */
  readonly about: string;
  /** Belongs to the selection for CI. */
  readonly is_short?: true;
  /** No request may fail while it runs, not even by a reset connection. */
  readonly without_failure?: true;
  /** Breaks something; the runner heals it afterwards, unless the scenario itself has to. */
  readonly run: (stage: Stage) => Promise<void>;
}

/** How long after the fact /readyz may be wrong, and how long it may take to answer. */
const TRUTH_AFTER_MS = 5_000;

/** Expects of nodes that /readyz does not say 200 within a few seconds. */
export async function expectNotReady({ world, lasting, violated }: Stage, nodes: readonly number[]): Promise<void> {
  const give_up_ms = performance.now() + TRUTH_AFTER_MS;
  for (const index of nodes) {
    const node = world.node(index);
    let status = await node.readyStatus(TRUTH_AFTER_MS);
    while (status !== 503 && performance.now() < give_up_ms) {
      await lasting(100);
      status = await node.readyStatus(TRUTH_AFTER_MS);
    }
    if (status !== 503) violated(`${node.name} says ${status} at /readyz (0: nothing), not 503`);
  }
}
