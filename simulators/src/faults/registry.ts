import type { Journal } from '../kernel/journal.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Answer, IncomingRequest, Reply, SimulatorPorts } from '../kernel/ports.ts';
import { badSignature } from './bad-signature.ts';
import { connectionReset } from './connection-reset.ts';
import { drop } from './drop.ts';
import { duplicate } from './duplicate.ts';
import type { Fault, FaultHooks } from './fault.ts';
import { garbage } from './garbage.ts';
import { http500 } from './http-500.ts';
import { late } from './late.ts';
import { reorder } from './reorder.ts';
import { slow } from './slow.ts';
import { systemError } from './system-error.ts';
import { timeoutAfter } from './timeout-after.ts';
import { timeoutBefore } from './timeout-before.ts';

/** Every fault there is. A new one is one file and one line here. */
export const faults: readonly Fault[] = [
  timeoutBefore,
  timeoutAfter,
  http500,
  systemError,
  badSignature,
  connectionReset,
  slow,
  drop,
  duplicate,
  reorder,
  late,
  garbage,
];

export const faultChannels = ['wechat', 'alipay', 'bank'] as const;

/** Querying a refund counts as `query`. */
export const faultOperations = ['pay', 'query', 'close', 'reverse', 'refund', 'callback', '*'] as const;

/** What `POST /control/faults` takes. */
export interface FaultInput {
  readonly channel: string;
  readonly operation: string;
  readonly fault: string;
  /** How many times it fires; absent: until cleared. */
  readonly count?: number;
  /** Probability that it fires, 0..1; absent: always. */
  readonly rate?: number;
  readonly delay_ms?: number;
}

export interface ActiveFault extends FaultInput {
  readonly id: number;
  /** How many more times it fires; absent: until cleared. */
  readonly remaining?: number;
  readonly fired: number;
}

interface FaultRecord {
  readonly snapshot_of: 'faults';
  readonly next_id: number;
  readonly active: readonly ActiveFault[];
}

/** A fault that fires now. */
export interface FiringFault {
  readonly fault: Fault;
  readonly delay_ms: number;
}

/** The faults that are injected, and the place where they befall requests. */
export class FaultBoard {
  readonly #randomBytes: SimulatorPorts['randomBytes'];
  readonly #journal: Journal;
  #active: ActiveFault[] = [];
  #nextId = 1;

  /** @param options.journal faults survive a restart through it */
  constructor(options: { ports: Pick<SimulatorPorts, 'randomBytes'>; journal: Journal }) {
    this.#randomBytes = options.ports.randomBytes;
    this.#journal = options.journal;
    const saved = options.journal.load().findLast(isFaultRecord);
    if (saved) {
      this.#active = [...saved.active];
      this.#nextId = saved.next_id;
    }
  }

  /**
   * Injects a fault. When several match a request, the oldest fires.
   * @throws ControlError 400 naming the field that is wrong
   */
  add(input: FaultInput): ActiveFault {
    checkInput(input);
    const active: ActiveFault = {
      id: this.#nextId,
      channel: input.channel,
      operation: input.operation,
      fault: input.fault,
      fired: 0,
      ...(input.count === undefined ? {} : { count: input.count, remaining: input.count }),
      ...(input.rate === undefined ? {} : { rate: input.rate }),
      ...(input.delay_ms === undefined ? {} : { delay_ms: input.delay_ms }),
    };
    this.#nextId += 1;
    this.#active.push(active);
    this.#save();
    return active;
  }

  /** Faults that can still fire, oldest first. */
  list(): ActiveFault[] {
    return [...this.#active];
  }

  /** The kinds of fault, each with one sentence that says whether the effect happened. */
  kinds(): { name: string; effect: string; operations: string[]; default_delay_ms: number }[] {
    return faults.map((fault) => ({
      name: fault.name,
      effect: fault.effect,
      operations: faultOperations.filter((operation) => canBefall(fault, operation)),
      default_delay_ms: fault.default_delay_ms,
    }));
  }

  clear(): void {
    this.#active = [];
    this.#save();
  }

  /**
   * The fault that befalls this operation now, if any; its count goes down. Channels call `apply`; this is for what has
   * no request, such as a callback.
   */
  take(channel: string, operation: string): FiringFault | undefined {
    for (const [index, active] of this.#active.entries()) {
      const fault = faults.find((candidate) => candidate.name === active.fault);
      if (!fault || active.channel !== channel) continue;
      if (active.operation !== operation && active.operation !== '*') continue;
      if (!canBefall(fault, operation) || !this.#chance(active.rate ?? 1)) continue;
      const remaining = active.remaining === undefined ? undefined : active.remaining - 1;
      if (remaining === 0) this.#active.splice(index, 1);
      else {
        this.#active[index] = {
          ...active,
          fired: active.fired + 1,
          ...(remaining === undefined ? {} : { remaining }),
        };
      }
      this.#save();
      return { fault, delay_ms: active.delay_ms ?? fault.default_delay_ms };
    }
    return undefined;
  }

  /**
   * Answers a request through whatever fault befalls it.
   * @param run does what the request asks for and gives the channel's answer
   * @param hooks how the channel says "system error" and signs
   */
  async apply(
    channel: string,
    operation: string,
    _request: IncomingRequest,
    run: () => Promise<Answer>,
    hooks: FaultHooks,
  ): Promise<Reply> {
    const firing = this.take(channel, operation);
    if (!firing?.fault.answer) return { kind: 'answer', answer: await run(), delay_ms: 0 };
    return firing.fault.answer({
      run,
      operation,
      delay_ms: firing.delay_ms,
      hooks,
      randomBytes: this.#randomBytes,
    });
  }

  #chance(rate: number): boolean {
    if (rate >= 1) return true;
    return this.#randomBytes(4).readUInt32BE(0) / 2 ** 32 < rate;
  }

  #save(): void {
    const record: FaultRecord = { snapshot_of: 'faults', next_id: this.#nextId, active: this.#active };
    this.#journal.append(record);
  }
}

function canBefall(fault: Fault, operation: string): boolean {
  if (operation === '*') return true;
  return operation === 'callback' ? fault.callback !== undefined : fault.answer !== undefined;
}

function checkInput(input: FaultInput): void {
  const oneOf = (field: string, value: string, allowed: readonly string[]): void => {
    if (!allowed.includes(value)) throw new ControlError(400, `${field} must be one of ${allowed.join(', ')}`);
  };
  oneOf('channel', input.channel, faultChannels);
  oneOf('operation', input.operation, faultOperations);
  oneOf(
    'fault',
    input.fault,
    faults.map((fault) => fault.name),
  );
  const fault = faults.find((candidate) => candidate.name === input.fault);
  if (fault && !canBefall(fault, input.operation)) {
    throw new ControlError(400, `fault ${fault.name} cannot befall operation ${input.operation}`);
  }
  if (input.count !== undefined && !(Number.isSafeInteger(input.count) && input.count > 0)) {
    throw new ControlError(400, 'count must be a positive whole number');
  }
  if (input.rate !== undefined && !(typeof input.rate === 'number' && input.rate >= 0 && input.rate <= 1)) {
    throw new ControlError(400, 'rate must be a number from 0 to 1');
  }
  if (input.delay_ms !== undefined && !(Number.isSafeInteger(input.delay_ms) && input.delay_ms >= 0)) {
    throw new ControlError(400, 'delay_ms must be a whole number of milliseconds, not negative');
  }
}

function isFaultRecord(record: object): record is FaultRecord {
  return 'snapshot_of' in record && record.snapshot_of === 'faults';
}
