/** `npm run mutants`: plants bugs, and proves that the suite sees each of them. */
import { createHash } from 'node:crypto';
import { MUTANTS } from './all.ts';
import { readArguments, UsageProblem, USAGE } from './arguments.ts';
import type { Mutant } from './mutant.ts';
import { exitCode, summary } from './report.ts';
import { runMutants } from './run-mutants.ts';
import { outliveReader } from '../reader.ts';

outliveReader();

try {
  const { only, jobs, sample, proven, what } = readArguments(process.argv.slice(2));
  const asked = only.length === 0 ? MUTANTS : chosenFrom(only);
  const chosen = sample === null ? asked : sampleOf(asked, sample);
  if (what === 'help') process.stdout.write(USAGE);
  else if (what === 'list') process.stdout.write(chosen.map(describe).join(''));
  else {
    if (sample !== null)
      process.stdout.write(`${chosen.length} of ${asked.length} mutants, chosen by --seed ${sample.seed}\n`);
    process.exitCode = await run(chosen, { jobs, proven });
  }
} catch (error) {
  if (!(error instanceof UsageProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

/** The same seed chooses the same of them, wherever they stand in the list. */
function sampleOf(
  mutants: readonly Mutant[],
  { size, seed }: { readonly size: number; readonly seed: string },
): readonly Mutant[] {
  const lot = ({ name }: Mutant): string => createHash('sha256').update(`${seed} ${name}`).digest('hex');
  const drawn = mutants.map((mutant) => ({ mutant, lot: lot(mutant) }));
  return drawn
    .toSorted((one, other) => (one.lot < other.lot ? -1 : 1))
    .slice(0, size)
    .map(({ mutant }) => mutant);
}

/** A whole name takes that one alone, although others begin with it. */
function chosenFrom(only: readonly string[]): readonly Mutant[] {
  const names = new Set<string>();
  for (const piece of only) {
    const exact = MUTANTS.filter(({ name }) => name === piece);
    const found = exact.length > 0 ? exact : MUTANTS.filter(({ name }) => name.includes(piece));
    if (found.length === 0) throw new UsageProblem(`there is no mutant "${piece}": see --list`);
    for (const { name } of found) names.add(name);
  }
  return MUTANTS.filter(({ name }) => names.has(name));
}

function describe({ name, guard, stands_for, file, caught_by: { test } }: Mutant): string {
  const bug = stands_for === undefined ? '' : `  what must not happen: ${stands_for}\n`;
  return `${name} (${file})\n  guard: ${guard}\n${bug}  caught by: ${test.file} "${test.row ?? test.name}"\n`;
}

async function run(
  mutants: readonly Mutant[],
  how: { readonly jobs: number; readonly proven: boolean },
): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const started_ms = performance.now();
  const tell = (line: string): void => void process.stdout.write(`${line}\n`);
  const results = await runMutants(mutants, { ...how, tell, signal: stopping.signal });
  tell(`\n${summary(results, mutants.length, (performance.now() - started_ms) / 1000)}`.trimEnd());
  return exitCode(results, mutants.length);
}
