import type { CallbackContext, CallbackVerdict } from '../faults/fault.ts';
import type { FaultBoard } from '../faults/registry.ts';
import type { Journal } from './journal.ts';
import type { OutgoingAnswer, OutgoingRequest, SimulatorPorts, Timer } from './ports.ts';

/** How many attempts are remembered for the wallet page. */
const ATTEMPTS_KEPT = 200;

/** A callback the channel owes. */
export interface CallbackTask {
  /** Constant over all attempts (WeChat's notification `id`, Alipay's `notify_id`). */
  readonly id: string;
  readonly out_trade_no: string;
  /** For example `TRANSACTION.SUCCESS`. */
  readonly event: string;
  readonly url: string;
  /** What the request is built from: plain JSON, kept in the journal. */
  readonly payload: object;
}

/** One attempt that was made, or that a fault withheld. */
export interface CallbackAttempt {
  readonly channel: string;
  readonly id: string;
  readonly out_trade_no: string;
  readonly event: string;
  readonly url: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly at_ms: number;
  /** HTTP status of the answer; null when there was none. */
  readonly status: number | null;
  readonly accepted: boolean;
  /** Why there was no answer. */
  readonly error?: string;
  /** The fault that befell it. */
  readonly fault?: string;
  /** What was sent; absent when a fault withheld it. */
  readonly request?: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
  /** The first 4 KiB of the answer. */
  readonly answer_body?: string;
}

/** How a channel calls back; everything vendor-specific is data or one of these functions. */
export interface CallbackSenderOptions {
  readonly channel: string;
  readonly ports: SimulatorPorts;
  readonly journal: Journal;
  readonly faults: FaultBoard;
  /** The vendor's cadence in ms: waits after the first, second, … refused attempt. The first attempt is immediate. */
  readonly delays_ms: readonly number[];
  /** Multiplies every delay: 1 is the vendor's own pace. */
  readonly cadence_scale: number;
  /** Builds and signs one attempt, afresh each time. */
  build(task: CallbackTask): OutgoingRequest;
  accepts(answer: OutgoingAnswer, task: CallbackTask): boolean;
  breakSignature(request: OutgoingRequest): OutgoingRequest;
}

interface SavedTask extends CallbackTask {
  /** Attempts the cadence has used up. */
  readonly attempts: number;
  /** When the next attempt is due; null: accepted, abandoned or exhausted. */
  readonly due_at_ms: number | null;
}

interface TaskRecord {
  readonly snapshot_of: string;
  readonly record: 'callback';
  readonly channel: string;
  readonly task: SavedTask;
}

/** Delivers one channel's callbacks by the vendor's cadence, through faults and restarts. */
export class CallbackSender {
  readonly #options: CallbackSenderOptions;
  /** In the order of enqueueing. */
  readonly #tasks = new Map<string, SavedTask>();
  readonly #timers = new Map<string, Timer>();
  readonly #attempts: CallbackAttempt[] = [];
  #waitingForAnother: { id: string; release: () => void }[] = [];
  #cadenceScale: number;

  /** Takes over what the journal holds; nothing is sent before `resume` or `enqueue`. */
  constructor(options: CallbackSenderOptions) {
    this.#options = options;
    this.#cadenceScale = options.cadence_scale;
    for (const record of options.journal.load()) {
      if (isTaskRecord(record, options.channel)) this.#tasks.set(record.task.id, record.task);
    }
  }

  /** Owes a callback: it is sent at once and repeated until accepted. Call inside `journal.atomically` with its cause. */
  enqueue(task: CallbackTask): void {
    this.#save({ ...task, attempts: 0, due_at_ms: this.#options.ports.now() });
    this.#arm(task.id);
  }

  /** Sends an order's newest callback once more now, whatever became of it; false when it has none. */
  resend(out_trade_no: string): boolean {
    const task = this.#newestOf(out_trade_no);
    if (!task) return false;
    this.#options.ports.schedule(0, () => this.#attempt(task.id, true));
    return true;
  }

  /** Sends every callback there ever was once more now, whatever became of it. */
  resendEverything(): void {
    for (const id of this.#tasks.keys()) this.#options.ports.schedule(0, () => this.#attempt(id, true));
  }

  /**
   * Sends an order's newest callback once with a change, to see what the receiver makes of it; it neither settles the
   * callback nor counts in the cadence.
   *
   * @param label stands as `fault` in the attempt
   * @returns the attempt; undefined when the order has no callback
   */
  async sendChanged(
    out_trade_no: string,
    label: string,
    change: (request: OutgoingRequest) => OutgoingRequest,
  ): Promise<CallbackAttempt | undefined> {
    const task = this.#newestOf(out_trade_no);
    return task ? this.#send(task, label, change) : undefined;
  }

  /** Attempts newest first. */
  attempts(limit: number): CallbackAttempt[] {
    return this.#attempts.toReversed().slice(0, Math.max(0, limit));
  }

  /** What the vendor's waits are multiplied by. */
  cadenceScale(): number {
    return this.#cadenceScale;
  }

  /**
   * Changes the pace, also of the waits that are running: what is left of each grows or shrinks with it.
   * @param scale more than 0; 1 is the vendor's own pace
   */
  setCadenceScale(scale: number): void {
    const now = this.#options.ports.now();
    const factor = scale / this.#cadenceScale;
    this.#cadenceScale = scale;
    for (const task of this.#tasks.values()) {
      if (task.due_at_ms === null || task.due_at_ms <= now) continue;
      this.#save({ ...task, due_at_ms: now + Math.round((task.due_at_ms - now) * factor) });
      this.#arm(task.id);
    }
  }

  /** Arms a timer for every callback still owed; overdue ones go out at once. */
  resume(): void {
    for (const id of this.#tasks.keys()) this.#arm(id);
  }

  #newestOf(out_trade_no: string): SavedTask | undefined {
    return [...this.#tasks.values()].findLast((candidate) => candidate.out_trade_no === out_trade_no);
  }

  #arm(id: string): void {
    this.#timers.get(id)?.cancel();
    const task = this.#tasks.get(id);
    if (!task || task.due_at_ms === null) return;
    const wait_ms = Math.max(0, task.due_at_ms - this.#options.ports.now());
    const timer = this.#options.ports.schedule(wait_ms, () => {
      this.#timers.delete(id);
      return this.#attempt(id, false);
    });
    this.#timers.set(id, timer);
  }

  /** `extra`: an attempt asked for by a person, outside the cadence: it can settle the callback but not use it up. */
  async #attempt(id: string, extra: boolean): Promise<void> {
    const task = this.#tasks.get(id);
    if (!task || (!extra && task.due_at_ms === null)) return;
    const verdict = await this.#deliver(task);
    const current = this.#tasks.get(id);
    if (!current) return;
    if (verdict !== 'refused') {
      this.#timers.get(id)?.cancel();
      this.#save({ ...current, attempts: current.attempts + 1, due_at_ms: null });
      return;
    }
    if (extra || current.due_at_ms === null) return;
    const delay_ms = this.#options.delays_ms[current.attempts];
    const due_at_ms =
      delay_ms === undefined ? null : this.#options.ports.now() + Math.round(delay_ms * this.#cadenceScale);
    this.#save({ ...current, attempts: current.attempts + 1, due_at_ms });
    this.#arm(id);
  }

  async #deliver(task: SavedTask): Promise<CallbackVerdict> {
    const firing = this.#options.faults.take(this.#options.channel, 'callback');
    const callback = firing?.fault.callback;
    if (!firing || !callback) return verdictOf(await this.#send(task, undefined));
    let sent = false;
    const context: CallbackContext = {
      send: async (change) => {
        sent = true;
        return verdictOf(await this.#send(task, firing.fault.name, change));
      },
      breakSignature: (request) => this.#options.breakSignature(request),
      wait: (delay_ms) => new Promise((resolve) => void this.#options.ports.schedule(delay_ms, resolve)),
      waitForAnother: (at_most_ms) => this.#waitForAnother(task.id, at_most_ms),
      delay_ms: firing.delay_ms,
      randomBytes: (length) => this.#options.ports.randomBytes(length),
    };
    const verdict = await callback(context);
    if (!sent) this.#remember(task, { status: null, accepted: false, fault: firing.fault.name });
    return verdict;
  }

  async #send(
    task: SavedTask,
    fault: string | undefined,
    change: (request: OutgoingRequest) => OutgoingRequest = (request) => request,
  ): Promise<CallbackAttempt> {
    const request = change(this.#options.build(task));
    const sent = {
      ...(fault === undefined ? {} : { fault }),
      request: { headers: request.headers, body: request.body.toString('utf8') },
    };
    const at_ms = this.#options.ports.now();
    try {
      const answer = await this.#options.ports.send(request);
      const accepted = this.#options.accepts(answer, task);
      const answer_body = answer.body.subarray(0, 4096).toString('utf8');
      return this.#remember(task, { ...sent, at_ms, status: answer.status, accepted, answer_body });
    } catch (error) {
      return this.#remember(task, { ...sent, at_ms, status: null, accepted: false, error: describe(error) });
    } finally {
      this.#releaseOthers(task.id);
    }
  }

  #waitForAnother(id: string, at_most_ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.ports.schedule(at_most_ms, () => release());
      const release = (): void => {
        timer.cancel();
        this.#waitingForAnother = this.#waitingForAnother.filter((waiting) => waiting.release !== release);
        resolve();
      };
      this.#waitingForAnother.push({ id, release });
    });
  }

  #releaseOthers(id: string): void {
    for (const waiting of this.#waitingForAnother) {
      if (waiting.id !== id) waiting.release();
    }
  }

  #remember(
    task: SavedTask,
    outcome: Partial<CallbackAttempt> & Pick<CallbackAttempt, 'status' | 'accepted'>,
  ): CallbackAttempt {
    const made = this.#attempts.filter((attempt) => attempt.id === task.id).length;
    const attempt: CallbackAttempt = {
      channel: this.#options.channel,
      id: task.id,
      out_trade_no: task.out_trade_no,
      event: task.event,
      url: task.url,
      attempt: Math.max(made, task.attempts) + 1,
      at_ms: this.#options.ports.now(),
      ...outcome,
    };
    this.#attempts.push(attempt);
    if (this.#attempts.length > ATTEMPTS_KEPT) this.#attempts.shift();
    return attempt;
  }

  #save(task: SavedTask): void {
    this.#tasks.set(task.id, task);
    const record: TaskRecord = {
      snapshot_of: `${this.#options.channel}.callback:${task.id}`,
      record: 'callback',
      channel: this.#options.channel,
      task,
    };
    this.#options.journal.append(record);
  }
}

function verdictOf(attempt: CallbackAttempt): 'accepted' | 'refused' {
  return attempt.accepted ? 'accepted' : 'refused';
}

function isTaskRecord(record: object, channel: string): record is TaskRecord {
  return 'record' in record && record.record === 'callback' && 'channel' in record && record.channel === channel;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? `${error.code}: ${error.message}` : error.message;
}
