/** When the loops of a node look for work. */
import { expect, test } from 'vitest';
import { createRunner, type JobLoop } from '../../src/jobs/runner.ts';
import type { Gateway, Work } from '../../src/operations/gateway.ts';

/** A clock whose polls come when the test says so. */
class Polls {
  readonly #waiting = new Set<() => void>();

  readonly clock = {
    setTimer: (_delay_ms: number, run: () => void) => {
      this.#waiting.add(run);
      return { cancel: () => this.#waiting.delete(run) };
    },
  };

  get waiting(): number {
    return this.#waiting.size;
  }

  come(): void {
    const due = [...this.#waiting];
    this.#waiting.clear();
    for (const run of due) run();
  }
}

test('a node looks for the work it is woken for, and for all work with each poll', async () => {
  const looked: Work[] = [];
  const polls = new Polls();
  const gateway = {
    ports: { clock: polls.clock },
    metrics: { jobs_run: { inc: () => undefined } },
  } as unknown as Gateway;
  const loops = (['order', 'refund', 'notification'] as const).map((kind): JobLoop => ({
    kind,
    max_running: 1,
    runBatch: () => {
      looked.push(kind);
      return Promise.resolve(0);
    },
  }));
  const runner = createRunner(() => gateway, loops, 200);
  runner.start();
  await expect.poll(() => polls.waiting).toBe(3);
  expect(looked.splice(0)).toEqual(['order', 'refund', 'notification']);

  runner.wake(['notification']);
  await expect.poll(() => polls.waiting).toBe(3);
  expect(looked.splice(0)).toEqual(['notification']);

  polls.come();
  await expect.poll(() => polls.waiting).toBe(3);
  expect(looked.splice(0)).toEqual(['order', 'refund', 'notification']);
  await runner.stop();
});
