/** What a run says of itself, as text. */
import type { Violation } from './check-books.ts';
import type { Result } from './run-scenario.ts';

const seconds = (duration_ms: number): string => `${(duration_ms / 1000).toFixed(1)} s`;

/** One scenario, as soon as it is over. */
export function resultLines(result: Result): string[] {
  const failed = result.failures.map(([kind, count]) => `${count} × ${kind}`).join(', ') || 'none';
  return [
    `${result.violations.length === 0 ? 'ok  ' : 'FAIL'} ${result.scenario}: ${result.requests} requests, failures: ${failed}`,
    `     recovered after ${seconds(result.recovery_ms)}, ${seconds(result.took_ms)} in all` +
      result.notes.map((note) => `; ${note}`).join(''),
  ];
}

/** At the end: a line for each scenario. */
export function table(results: readonly Result[]): string[] {
  const head = ['scenario', 'requests', 'failures', 'recovery', 'time', 'violations'];
  const rows = results.map((one) => [
    one.scenario,
    String(one.requests),
    String(one.failures.reduce((sum, [, count]) => sum + count, 0)),
    seconds(one.recovery_ms),
    seconds(one.took_ms),
    String(one.violations.length),
  ]);
  const widths = head.map((text, column) => Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows].map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

/** Violations in words; more than so many of one scenario are only counted. */
const MOST_VIOLATIONS = 20;

export function violationLines(violations: readonly Violation[]): string[] {
  const shown = violations
    .slice(0, MOST_VIOLATIONS)
    .map(({ text, trade_id }) => `     ! ${trade_id === null ? '' : `order ${trade_id} `}${text}`);
  const more = violations.length - shown.length;
  return more > 0 ? [...shown, `     ! and ${more} more`] : shown;
}
