import type { Result } from './run-mutants.ts';

/**
 * The last words of a run: what has to be mended, the time of it all, and the count.
 * @param wanted how many mutants there were to run
 */
export function summary(results: readonly Result[], wanted: number, seconds: number): string {
  const of = (kind: Result['kind']) => results.filter((result) => result.kind === kind);
  const lines = [...of('survived'), ...of('error')].map(
    ({ kind, why, mutant }) =>
      `${kind === 'error' ? 'ERROR   ' : 'SURVIVED'} ${mutant.name} (${mutant.file})\n  guard: ${mutant.guard}\n  ${why}`,
  );
  const errors = of('error').length + wanted - results.length;
  lines.push(
    `${of('caught').length} caught, ${of('survived').length} survived` +
      `${errors === 0 ? '' : `, ${errors} that prove nothing`} in ${Math.round(seconds)} s`,
  );
  return `${lines.join('\n')}\n`;
}

/** 0 only when every mutant was run and caught. */
export function exitCode(results: readonly Result[], wanted: number): 0 | 1 {
  return results.length === wanted && results.every((result) => result.kind === 'caught') ? 0 : 1;
}
