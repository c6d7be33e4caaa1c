/** The machine's clock and timers. */
import type { Clock, Timer } from '../ports.ts';

export interface SystemClock extends Clock {
  /**
   * From now on no timer keeps the process alive: those pending still run if something else does. Until then they do keep
   * it alive, because a worker that only waits for its next poll must not end.
   */
  release(): void;
}

export function createSystemClock(): SystemClock {
  const pending = new Set<NodeJS.Timeout>();
  let released = false;
  return {
    now_ms: () => Date.now(),
    setTimer(delay_ms: number, task: () => void): Timer {
      const timeout = setTimeout(() => {
        pending.delete(timeout);
        task();
      }, delay_ms);
      pending.add(timeout);
      if (released) timeout.unref();
      return {
        cancel() {
          pending.delete(timeout);
          clearTimeout(timeout);
        },
      };
    },
    release() {
      released = true;
      for (const timeout of pending) timeout.unref();
    },
  };
}
