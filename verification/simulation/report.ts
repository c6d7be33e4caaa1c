/** What `npm run simulate` prints. */
import type { Wanted } from './arguments.ts';
import type { Coverage } from './reach/coverage.ts';
import { CODES_NOT_HERE } from './reach/codes.ts';
import { OUTCOMES_NOT_HERE } from './reach/outcomes.ts';
import { EXCEPTIONS_NOT_HERE } from './reach/names.ts';
import { UNIVERSE } from './universe.ts';
import type { Verdict } from './trial/run-seed.ts';

/** The command that runs the same world again. */
export function replayCommand(
  seed: string | number,
  { steps, without }: { readonly steps: number; readonly without?: ReadonlySet<number> },
): string {
  const left_out =
    without && without.size > 0 ? ` --without ${[...without].sort((one, other) => one - other).join(',')}` : '';
  return `npm run simulate -- --seed ${seed} --steps ${steps}${left_out} --trace`;
}

/** Seed, step, what broke, the deeds, and the timeline of the order concerned. */
export function describeFailure(verdict: Verdict, wanted: Pick<Wanted, 'steps' | 'without'>): string {
  const { failure, seed, deeds } = verdict;
  if (!failure) return `seed ${seed}: everything held`;
  const done = deeds.filter((deed) => !wanted.without.has(deed.number));
  return [
    `seed ${seed} FAILED at step ${failure.step}`,
    `  ${failure.invariant}: ${failure.sentence}`,
    '  deeds:',
    ...done.map(
      ({ number, kind, name, at }) =>
        `    ${number}. ${kind} ${name} ${kind === 'story' ? `after ${at} ms` : `at step ${at}`}`,
    ),
    ...(failure.timeline.length > 0 ? ['  timeline:', ...failure.timeline.map((line) => `    ${line}`)] : []),
    `  replay: ${replayCommand(seed, wanted)}`,
  ].join('\n');
}

/** How much of what exists has been reached, and what has not. */
export function describeReached({ counts }: Coverage): { readonly text: string; readonly missing: number } {
  const lines: string[] = ['reached:'];
  let missing = 0;
  for (const { kind, members } of UNIVERSE) {
    const left = members.filter((member) => !counts.has(member));
    missing += left.length;
    lines.push(`  ${kind}: ${members.length - left.length} of ${members.length}`);
    if (left.length > 0) lines.push(`    not reached: ${left.join('; ')}`);
  }
  for (const { section, row, test } of OUTCOMES_NOT_HERE)
    lines.push(`  not here: outcome ${section}: ${row} (${test})`);
  for (const { kind, test } of EXCEPTIONS_NOT_HERE)
    lines.push(`  not here: exception ${kind}: this bank tells no lies and leaves no files (${test})`);
  for (const { code, where, why, test } of CODES_NOT_HERE)
    lines.push(`  not here: code ${code} of ${where}: ${why}${test === null ? '' : ` (${test})`}`);
  return { text: lines.join('\n'), missing };
}
