/** Small statistics of the bench. Everything is in the unit it came in; nothing here knows what it counts. */

/**
 * The value below which `share` of the sorted values lie (nearest rank).
 *
 * @param sorted ascending values
 * @param share 0..1
 * @returns NaN when there are no values
 */
export function percentile(sorted: Float64Array | readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length)));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle value; the mean of the two middle ones when their number is even. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? Number.NaN;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** A bag of durations in milliseconds that sorts itself once. */
export class Durations {
  readonly #values: number[] = [];

  add(duration_ms: number): void {
    this.#values.push(duration_ms);
  }

  get count(): number {
    return this.#values.length;
  }

  summary(): DurationSummary {
    const sorted = Float64Array.from(this.#values).sort();
    return {
      p50_ms: percentile(sorted, 0.5),
      p99_ms: percentile(sorted, 0.99),
      max_ms: percentile(sorted, 1),
    };
  }
}

export interface DurationSummary {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** A figure of the report beside what it should reach. */
export interface Verdict {
  readonly figure: string;
  readonly value: number;
  readonly target: string;
  readonly met: boolean;
}

/** `value` should be at least `bound`. */
export function atLeast(figure: string, value: number, bound: number): Verdict {
  return { figure, value, target: `≥ ${bound}`, met: value >= bound };
}

/** `value` should be at most `bound`. */
export function atMost(figure: string, value: number, bound: number): Verdict {
  return { figure, value, target: `≤ ${bound}`, met: value <= bound };
}
