/**
 * Runs what is due. Each kind of job has its own loop: claim a batch under a lease, run it, claim the next while there is
 * more, else sleep until the poll or a wake-up from inside the process. What a dead node had claimed comes due again.
 */
import type { Gateway, Work } from '../operations/gateway.ts';
import type { Timer } from '../ports.ts';

/** Runs a claimed job. Once the runner stops it runs nothing more: the lease brings the job back. */
export type Start = (run: () => Promise<void>) => void;

export interface JobLoop {
  readonly kind: Work;
  /** Claims and runs up to `limit` jobs; answers how many it claimed. Never rejects for a single job. */
  runBatch(gateway: Gateway, limit: number, start: Start): Promise<number>;
  readonly max_running: number;
}

/** The same loop, run so often at most: rare work need not be looked for with each poll. */
export function atMostEvery(every_ms: number, loop: JobLoop): JobLoop {
  let next_ms = 0;
  return {
    ...loop,
    async runBatch(gateway, limit, start) {
      const now_ms = gateway.ports.clock.now_ms();
      if (now_ms < next_ms) return 0;
      next_ms = now_ms + every_ms;
      return loop.runBatch(gateway, limit, start);
    },
  };
}

export interface Runner {
  start(): void;
  /** Claims no more and waits for what is running. */
  stop(): Promise<void>;
  /** Such work is looked for at once. */
  wake(work: readonly Work[]): void;
}

/** NOTIFY serialises commits, so the database is polled; the wake-up inside the process makes the usual case immediate. */
export const JOB_POLL_MS = 200;

/** Makes a runner over `loops`; `poll_ms` is the longest a job that another process wrote waits. */
export function createRunner(gateway: () => Gateway, loops: readonly JobLoop[], poll_ms: number): Runner {
  const lines = loops.map((loop) => new Line(gateway, loop, poll_ms));
  return {
    start: () => lines.forEach((line) => line.start()),
    stop: async () => {
      await Promise.all(lines.map((line) => line.stop()));
    },
    wake: (work) => lines.filter((line) => work.includes(line.kind)).forEach((line) => line.wake()),
  };
}

class Line {
  readonly #gateway: () => Gateway;
  readonly #loop: JobLoop;
  readonly #running = new Set<Promise<void>>();
  #timer: Timer | null = null;
  #stopped = true;
  #turning: Promise<void> | null = null;
  #again = false;
  /** There is more to claim than there was room for. */
  #limited = false;

  readonly #poll_ms: number;

  constructor(gateway: () => Gateway, loop: JobLoop, poll_ms: number) {
    this.#poll_ms = poll_ms;
    this.#gateway = gateway;
    this.#loop = loop;
  }

  get kind(): Work {
    return this.#loop.kind;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#turning;
    await Promise.all(this.#running);
  }

  wake(): void {
    if (this.#stopped) return;
    if (this.#turning) {
      this.#again = true;
      return;
    }
    this.#timer?.cancel();
    this.#turning = this.#turn().finally(() => {
      this.#turning = null;
      if (this.#stopped) return;
      if (this.#again) {
        this.#again = false;
        this.wake();
      } else {
        this.#timer = this.#gateway().ports.clock.setTimer(this.#poll_ms, () => this.wake());
      }
    });
  }

  /** Claims while there is room and work. A database that is away is met again at the next poll. */
  async #turn(): Promise<void> {
    const gateway = this.#gateway();
    try {
      for (;;) {
        const room = this.#loop.max_running - this.#running.size;
        if (room <= 0 || this.#stopped) {
          this.#limited = room <= 0;
          return;
        }
        const claimed = await this.#loop.runBatch(gateway, Math.min(room, 200), (run) => this.#start(run));
        gateway.metrics.jobs_run.inc({ kind: this.#loop.kind }, claimed);
        if (claimed < Math.min(room, 200)) return;
      }
    } catch (error) {
      gateway.metrics.jobs_failed.inc({ kind: this.#loop.kind });
      gateway.log.error(
        { kind: this.#loop.kind, error: error instanceof Error ? error.message : 'unknown' },
        'jobs could not be claimed',
      );
    }
  }

  #start(run: () => Promise<void>): void {
    if (this.#stopped) return;
    const tracked = run().finally(() => {
      this.#running.delete(tracked);
      // Half of the room at once, so that a long queue is claimed in large batches and never one row at a time.
      if (!this.#limited || this.#running.size > this.#loop.max_running / 2) return;
      this.#limited = false;
      this.wake();
    });
    this.#running.add(tracked);
  }
}
