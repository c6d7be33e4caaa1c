/**
 * The one clock and the one order of events of a simulated world. Everything that would happen by itself (a timer, a message
 * that arrives, a statement that the database executes, a signature that is done) is a task here; the next one to run is
 * chosen by the seed among those that are due, and only when the process is quiet, that is when every promise and every
 * `setImmediate` that the last task set off has run. When nothing is due the clock jumps to the next task.
 */
import { SeededRandom } from './random.ts';
import { TaskQueue } from './task-queue.ts';
import { Trace } from './trace.ts';

/** Something that happens at its moment. One that returns a promise does real work meanwhile (a database statement). */
export interface Task {
  readonly due_ms: number;
  /** Whose it is: a node, a channel, a merchant. What belongs to a party can be discarded at once. */
  readonly owner: string;
  readonly what: string;
  readonly run: () => void | Promise<void>;
  /** It is on its way, and happens although whoever's it is stands still. */
  readonly apart?: boolean;
}

/** A task that can be taken back. */
export interface Pending {
  cancel(): void;
}

/** The world stands still although somebody waits: nothing is due and no timer is set. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

/** Turns of the event loop after which a process that is still busy counts as one that never rests. */
const MOST_TURNS = 100_000;

let running = false;

/** Whether the process rests is seen of the process as a whole, so that worlds run one after another. */
async function alone<Value>(run: () => Promise<Value>): Promise<Value> {
  if (running) throw new Error('a world runs in this process already: run them one after another, and not from inside');
  running = true;
  try {
    return await run();
  } finally {
    running = false;
  }
}

export class Scheduler {
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly #choices: SeededRandom;
  readonly #waiting = new TaskQueue();
  readonly #due: Task[] = [];
  /** Parties whose process has ended. */
  readonly #gone = new Set<string>();
  /** Parties that stand still, and what waits for them to go on. */
  readonly #still = new Map<string, Task[]>();
  readonly #watchers: (() => void)[] = [];
  #now_ms: number;
  #steps = 0;
  #failure: { readonly error: unknown } | null = null;

  /** @param options.start_ms where the virtual clock begins, milliseconds since the Unix epoch */
  constructor(options: { seed: string; start_ms: number }) {
    this.random = new SeededRandom(options.seed);
    this.#choices = this.random.stream('scheduler');
    this.#now_ms = options.start_ms;
    this.trace = new Trace(() => this.#now_ms);
  }

  now_ms(): number {
    return this.#now_ms;
  }

  /** Tasks that have run. */
  get steps(): number {
    return this.#steps;
  }

  /** Lets a task happen after `delay_ms` milliseconds. An error it throws, or rejects with, ends the whole run. */
  after(
    delay_ms: number,
    owner: string,
    what: string,
    run: Task['run'],
    { apart = false }: { apart?: boolean } = {},
  ): Pending {
    const task: Task = { due_ms: this.#now_ms + Math.max(0, Math.ceil(delay_ms)), owner, what, run, apart };
    if (this.#gone.has(owner)) return { cancel: () => undefined };
    if (task.due_ms <= this.#now_ms) this.#comesDue(task);
    else this.#waiting.add(task);
    return { cancel: () => this.#forget(task) };
  }

  /** From now on nothing happens in a party's process, as if it had been stopped with SIGSTOP: its timers and answers wait. */
  standStill(owner: string): void {
    if (this.#still.has(owner)) return;
    this.#still.set(owner, []);
    for (const task of this.#due.splice(0)) this.#comesDue(task);
  }

  /** It goes on with all that has come due meanwhile, in any order. */
  goOn(owner: string): void {
    const held = this.#still.get(owner) ?? [];
    this.#still.delete(owner);
    for (const task of held) this.#comesDue(task);
  }

  standsStill(owner: string): boolean {
    return this.#still.has(owner);
  }

  /** Tells before each step, when the process rests. */
  watch(watcher: () => void): void {
    this.#watchers.push(watcher);
  }

  /** When the next task is due, milliseconds; null when nothing is left to happen. */
  nextDue(): number | null {
    return this.#due.length > 0 ? this.#now_ms : this.#waiting.nextDue();
  }

  /** Runs so many steps, or fewer when nothing is left to happen. @returns whether there was as much to do */
  runSteps(steps: number): Promise<boolean> {
    return alone(async () => {
      for (let step = 0; step < steps; step += 1) if (!(await this.#step(Number.POSITIVE_INFINITY))) return false;
      return true;
    });
  }

  /** Ends the run with an error that happened where nobody catches it. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Forgets everything that a party has to do, now and for ever: its process is gone, with all its memory. */
  discard(owner: string): void {
    this.#gone.add(owner);
    this.#still.delete(owner);
    this.#waiting.removeIf((task) => task.owner === owner);
    const kept = this.#due.filter((task) => task.owner !== owner);
    this.#due.splice(0, this.#due.length, ...kept);
  }

  /** Runs until the clock shows `until_ms`; everything due by then has happened. */
  runUntil(until_ms: number): Promise<void> {
    return alone(async () => {
      while (await this.#step(until_ms));
      this.#now_ms = Math.max(this.#now_ms, until_ms);
    });
  }

  /**
   * Runs until a promise settles, and answers or throws what it came to.
   * @throws Stuck when nothing can happen any more and it is still pending
   */
  during<Value>(promise: Promise<Value>): Promise<Value> {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    return alone(async () => {
      for (;;) {
        await this.#rest();
        if (settled) return promise;
        if (await this.#step(Number.POSITIVE_INFINITY)) continue;
        await this.#rest();
        if (!settled) throw new Stuck('nothing is due and no timer is set, yet somebody waits');
      }
    });
  }

  /** Runs one task that is due by `until_ms`; false when there is none. */
  async #step(until_ms: number): Promise<boolean> {
    await this.#rest();
    for (const watcher of this.#watchers) watcher();
    if (this.#failure) throw this.#failure.error;
    while (this.#due.length === 0) {
      const next_ms = this.#waiting.nextDue();
      if (next_ms === null || next_ms > until_ms) return false;
      this.#now_ms = next_ms;
      for (const task of this.#waiting.takeDue(next_ms)) this.#comesDue(task);
    }
    const chosen = this.#choices.integer(0, this.#due.length - 1);
    const [task] = this.#due.splice(chosen, 1);
    if (!task) throw new Error('a choice beyond what is due');
    this.#steps += 1;
    this.trace.tick(task.owner, `${task.what} (${chosen} of ${this.#due.length + 1})`);
    try {
      await task.run();
    } catch (error) {
      this.fail(error);
    }
    return true;
  }

  /** Waits until nothing in this process runs by itself any more. */
  async #rest(): Promise<void> {
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      // Promise chains and nextTick queues are run dry before this immediate; immediates that they or earlier ones set
      // are still pending, and seen, after it.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#failure) throw this.#failure.error;
      if (!process.getActiveResourcesInfo().includes('Immediate')) return;
    }
    throw new Error('the process never comes to rest');
  }

  #comesDue(task: Task): void {
    const held = task.apart ? undefined : this.#still.get(task.owner);
    (held ?? this.#due).push(task);
  }

  #forget(task: Task): void {
    for (const tasks of [this.#due, this.#still.get(task.owner) ?? []]) {
      const at = tasks.indexOf(task);
      if (at >= 0) tasks.splice(at, 1);
    }
    this.#waiting.remove(task);
  }
}
