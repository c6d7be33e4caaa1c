/** `npm run mutants`: plants bugs, and proves that the suite sees each of them. */
import { MUTANTS } from './all.ts';
import { readArguments, UsageProblem, USAGE } from './arguments.ts';
import type { Mutant } from './mutant.ts';
import { exitCode, summary } from './report.ts';
import { runMutants } from './run-mutants.ts';

try {
  const { only, jobs, proven, what } = readArguments(process.argv.slice(2));
  const chosen = only.length === 0 ? MUTANTS : chosenFrom(only);
  if (what === 'help') process.stdout.write(USAGE);
  else if (what === 'list') process.stdout.write(chosen.map(describe).join(''));
  else process.exitCode = await run(chosen, { jobs, proven });
} catch (error) {
  if (!(error instanceof UsageProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
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
