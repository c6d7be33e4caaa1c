import { createHash } from 'node:crypto';
import type { OutgoingAnswer, OutgoingRequest, SimulatorPorts, Timer } from '../../src/kernel/ports.ts';

/** Ports under a clock that only `advance` moves, with repeatable randomness and a network that is a function. */
export interface VirtualPorts extends SimulatorPorts {
  /** Moves the clock, running what falls due in order of time; every promise has settled when it resolves. */
  advance(duration_ms: number): Promise<void>;
  /** Timers that have not fired: how far away each is, nearest first. */
  waits(): number[];
}

interface Armed {
  readonly at_ms: number;
  readonly order: number;
  readonly task: () => void | Promise<void>;
}

export function virtualPorts(
  options: {
    start_ms?: number;
    seed?: string;
    send?: (request: OutgoingRequest) => OutgoingAnswer | Promise<OutgoingAnswer>;
  } = {},
): VirtualPorts {
  let now_ms = options.start_ms ?? Date.parse('2026-03-01T10:00:00+08:00');
  let counter = 0;
  const armed = new Set<Armed>();
  const nearest = (): Armed | undefined =>
    [...armed].sort((left, right) => left.at_ms - right.at_ms || left.order - right.order)[0];
  return {
    now: () => now_ms,
    schedule: (delay_ms, task): Timer => {
      const entry: Armed = { at_ms: now_ms + Math.max(0, delay_ms), order: (counter += 1), task };
      armed.add(entry);
      return { cancel: () => void armed.delete(entry) };
    },
    randomBytes: (length) => {
      const blocks: Buffer[] = [];
      for (let made = 0; made < length; made += 32) {
        blocks.push(
          createHash('sha256')
            .update(`${options.seed ?? 'seed'}:${(counter += 1)}`)
            .digest(),
        );
      }
      return Buffer.concat(blocks).subarray(0, length);
    },
    send: async (request) => {
      if (!options.send) throw new Error('no network');
      return options.send(request);
    },
    advance: async (duration_ms) => {
      const until_ms = now_ms + duration_ms;
      await settle();
      for (let next = nearest(); next && next.at_ms <= until_ms; next = nearest()) {
        armed.delete(next);
        now_ms = next.at_ms;
        void next.task();
        await settle();
      }
      now_ms = until_ms;
    },
    waits: () => [...armed].map((entry) => entry.at_ms - now_ms).sort((left, right) => left - right),
  };
}

/** Every promise chain that needs no input from outside has run once the event loop has turned. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
