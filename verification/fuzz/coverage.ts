/**
 * Which blocks of our code have run, and how often, by V8's own counters (the Profiler domain of the inspector). They count in the
 * code as it runs, with its types stripped: nothing is instrumented, built or installed.
 */
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

export class Coverage {
  readonly #session = new Session();
  readonly #watched: readonly string[];
  readonly #seen = new Set<string>();

  /** @param watched parts of the paths of the files to look at */
  constructor(watched: readonly string[]) {
    this.#watched = watched;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many blocks have run so far, each counted again when it ran in another order of magnitude. */
  get size(): number {
    return this.#seen.size;
  }

  /** Whether anything since the last look was a block that had never run; notes nothing. */
  isNewGround(): boolean {
    return this.#blocks().some(({ block }) => !this.#seen.has(block));
  }

  /** Looks at what has run since the last look; answers how much of it had never run before. */
  gain(): number {
    const before = this.#seen.size;
    for (const { block, count } of this.#blocks()) {
      this.#seen.add(block);
      if (count > 1) this.#seen.add(`${block} ${Math.min(8, Math.floor(Math.log2(count)))}`);
    }
    return this.#seen.size - before;
  }

  close(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  #blocks(): { readonly block: string; readonly count: number }[] {
    const watched = this.#take().filter(({ url }) => this.#watched.some((part) => url.includes(part)));
    return watched.flatMap(({ url, functions }) =>
      functions
        .flatMap(({ ranges }) => ranges)
        .filter(({ count }) => count > 0)
        .map(({ startOffset, endOffset, count }) => ({ block: `${url} ${startOffset} ${endOffset}`, count })),
    );
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // An inspector of the own thread answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (problem, answer) => {
      if (problem) throw problem;
      taken = answer.result;
    });
    return taken;
  }
}
