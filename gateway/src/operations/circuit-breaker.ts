/**
 * Whether a channel account is worth asking. After a row of calls that brought no verdict, an account is left alone for a while,
 * then a single call tries it again. Every node keeps its own picture: it is about this node's way to the channel as much as
 * about the channel, and no request waits for another node's opinion.
 */
import type { Clock } from '../ports.ts';

/** Calls in a row without a verdict until an account is left alone. */
const FAILURES_TO_OPEN = 10;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** A trial whose outcome nobody reported (its node's request was cut off, say) makes room for another after this. */
const TRIAL_MS = 30_000;

export type CircuitState = 'closed' | 'half_open' | 'open';

/** The states as the metric shows them. */
export const CIRCUIT_LEVELS: Readonly<Record<CircuitState, number>> = { closed: 0, half_open: 1, open: 2 };

interface Circuit {
  failures: number;
  pause_ms: number;
  /** 0 while closed. */
  open_until_ms: number;
  trial_until_ms: number;
}

/** Outcomes of calls that say nothing about the account's health: nothing was tried. */
const NO_CALL = 'circuit_open';

export class CircuitBreakers {
  readonly #clock: Clock;
  readonly #circuits = new Map<string, Circuit>();
  readonly #changed: (account_id: string, state: CircuitState) => void;

  /** @param changed hears of every change of state, for the metric */
  constructor(clock: Clock, changed: (account_id: string, state: CircuitState) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  state(account_id: string): CircuitState {
    const circuit = this.#circuits.get(account_id);
    if (!circuit || circuit.open_until_ms === 0) return 'closed';
    return this.#clock.now_ms() < circuit.open_until_ms ? 'open' : 'half_open';
  }

  /** Whether a call may be made now. In half-open state the first caller is the trial; the others are turned away meanwhile. */
  admits(account_id: string): boolean {
    const state = this.state(account_id);
    if (state !== 'half_open') return state === 'closed';
    const circuit = this.#circuits.get(account_id);
    const now_ms = this.#clock.now_ms();
    if (!circuit || now_ms < circuit.trial_until_ms) return false;
    circuit.trial_until_ms = now_ms + TRIAL_MS;
    this.#changed(account_id, 'half_open');
    return true;
  }

  /** How long whoever was turned away waits before asking again: until the next trial, or a little for the outcome of one. */
  pauseLeftMs(account_id: string): number {
    const left_ms = (this.#circuits.get(account_id)?.open_until_ms ?? 0) - this.#clock.now_ms();
    return left_ms > 0 ? left_ms : FIRST_PAUSE_MS;
  }

  /** Takes note of a call's report. A verified answer of whatever kind is a sign of life. */
  record(
    account_id: string,
    report: { readonly outcome: string; readonly reason?: string; readonly made_here?: true },
  ): void {
    if (report.reason === NO_CALL || report.made_here) return;
    const failed = report.outcome === 'not_sent' || (report.outcome === 'unknown' && isSilence(report.reason ?? ''));
    const known = this.#circuits.get(account_id);
    if (!failed) {
      if (known && known.open_until_ms > 0) this.#changed(account_id, 'closed');
      this.#circuits.delete(account_id);
      return;
    }
    const circuit = known ?? { failures: 0, pause_ms: FIRST_PAUSE_MS, open_until_ms: 0, trial_until_ms: 0 };
    this.#circuits.set(account_id, circuit);
    circuit.failures += 1;
    if (circuit.failures < FAILURES_TO_OPEN || this.state(account_id) === 'open') return;
    const now_ms = this.#clock.now_ms();
    // A trial that failed too: twice as long until the next one.
    if (circuit.open_until_ms > 0) circuit.pause_ms = Math.min(circuit.pause_ms * 2, LONGEST_PAUSE_MS);
    circuit.open_until_ms = now_ms + circuit.pause_ms;
    circuit.trial_until_ms = 0;
    this.#changed(account_id, 'open');
  }
}

/**
 * Whether an outcome that is not known means that the channel is not there, or not itself. An answer of its own that decides
 * nothing about one order (a code we do not know, a tenant's lapsed authorisation) is a sign of life.
 */
function isSilence(reason: string): boolean {
  return /^(timeout|connection_lost|bad_answer|too_large|bad_signature|unsigned|system_error|http_5\d\d)$/.test(reason);
}

/** What a call that was not made reports. */
export const CIRCUIT_OPEN = { outcome: 'not_sent', reason: NO_CALL } as const;
