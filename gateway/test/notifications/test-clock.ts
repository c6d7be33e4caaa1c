import type { Clock, Timer } from '../../src/ports.ts';

/** A clock whose time a test sets; its timers run only when the test fires them. */
export class TestClock implements Clock {
  time_ms = 1_750_000_000_000;
  /** The delays of every timer set so far. */
  readonly delays_ms: number[] = [];
  readonly #tasks = new Set<() => void>();

  now_ms(): number {
    return this.time_ms;
  }

  setTimer(delay_ms: number, task: () => void): Timer {
    this.delays_ms.push(delay_ms);
    this.#tasks.add(task);
    return { cancel: () => this.#tasks.delete(task) };
  }

  /** Timers that are neither over nor taken back. */
  pending(): number {
    return this.#tasks.size;
  }

  /** Runs every pending timer. */
  fire(): void {
    const tasks = [...this.#tasks];
    this.#tasks.clear();
    for (const task of tasks) task();
  }
}
