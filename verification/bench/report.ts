import type { Verdict } from './figures.ts';

/** What a scenario hands back; the table is for people, the figures for programs. */
export interface ScenarioReport {
  readonly scenario: string;
  readonly figures: Readonly<Record<string, unknown>>;
  readonly table: readonly string[];
  readonly verdicts: readonly Verdict[];
  /** What went wrong while measuring. Not empty: the figures are worth nothing and the bench ends with 1. */
  readonly errors: readonly string[];
}

/** Columns wide enough for what is in them; the first is aligned left, numbers right. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = heading.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => pad(cell, widths[column] ?? 0, column === 0))
      .join('  ')
      .trimEnd();
  return [line(heading), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)];
}

function pad(cell: string, width: number, left: boolean): string {
  return left ? cell.padEnd(width) : cell.padStart(width);
}

/** A figure with so many decimals; a dash when there is none. */
export function shown(value: number | null | undefined, decimals: number): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(decimals);
}

/** The whole report of a scenario as lines of text. */
export function reportLines(report: ScenarioReport): readonly string[] {
  const verdicts = report.verdicts.map(
    (verdict) =>
      `  ${verdict.met ? 'met    ' : 'NOT MET'}  ${verdict.figure}: ${shown(verdict.value, 2)} (target ${verdict.target})`,
  );
  const errors = report.errors.map((error) => `  ERROR    ${error}`);
  return [`== ${report.scenario} ==`, ...report.table, ...verdicts, ...errors, ''];
}
