/** One target in a thread of its own: an input that hangs it is known, and can be ended, from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { readCorpus } from './corpus.ts';
import { fuzz, type Finding, type Progress } from './loop.ts';
import { openTarget } from './targets.ts';

export interface Assignment {
  readonly target: string;
  readonly seed: string;
  readonly seconds: number;
  readonly shared: Shared;
}

/** Seen by both threads, also while this one is busy. */
export interface Shared {
  /** [0]: how many inputs have begun; [1]: the length of the latest. */
  readonly counters: Int32Array<SharedArrayBuffer>;
  readonly input: Uint8Array<SharedArrayBuffer>;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly findings: readonly Finding[] };

if (parentPort) {
  const port = parentPort;
  const { target: name, seed, seconds, shared } = workerData as Assignment;
  const tell = (message: WorkerMessage): void => port.postMessage(message);
  const target = await openTarget(name);
  const kept = await readCorpus(name);
  const { findings } = await fuzz(target, {
    seed,
    seconds,
    corpus: kept.map(({ input }) => input),
    before(input) {
      const length = Math.min(input.length, shared.input.length);
      shared.input.set(input.subarray(0, length));
      Atomics.store(shared.counters, 1, length);
      Atomics.add(shared.counters, 0, 1);
    },
    progress: (progress) => tell({ kind: 'progress', progress }),
  });
  tell({ kind: 'done', findings });
}
