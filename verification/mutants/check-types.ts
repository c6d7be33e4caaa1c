/** Whether planted bugs are programs at all: one whose types are wrong says nothing about the guard that it takes out. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { mutate, StaleMutant, type Mutant } from './mutant.ts';

const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

/**
 * Type-checks all mutants, as many of them at a time as do not touch each other.
 * @param folder a scratch copy of the repository
 * @returns what is wrong, by the name of the mutant; stale mutants are not in it
 */
export async function checkTypes(folder: string, mutants: readonly Mutant[]): Promise<ReadonlyMap<string, string>> {
  const problems = new Map<string, string>();
  let left = mutants.filter((mutant) => mutant.file.endsWith('.ts'));
  while (left.length > 0) {
    const { together, postponed } = await choose(folder, left);
    const complaints = await complaintsAbout(folder, together);
    const blamed = complaints.length === 0 ? together : await blame(folder, together, complaints, problems);
    // The others once more: while one is no program at all, the compiler does not look at the types of any.
    left = [...together.filter((mutant) => !blamed.includes(mutant)), ...postponed];
  }
  return problems;
}

/** Looks at those of the files that the compiler names, or else at all of them, one by one. Answers at which. */
async function blame(
  folder: string,
  together: readonly Mutant[],
  complaints: readonly string[],
  problems: Map<string, string>,
): Promise<readonly Mutant[]> {
  const named = together.filter(({ file }) => complaints.some((line) => line.startsWith(`${file}(`)));
  const suspects = named.length > 0 ? named : together;
  for (const mutant of suspects) {
    const [complaint] = await complaintsAbout(folder, [mutant]);
    if (complaint !== undefined) problems.set(mutant.name, complaint);
  }
  return suspects;
}

/** Those that can be planted at the same time; what is stale is left out of both. */
async function choose(folder: string, mutants: readonly Mutant[]) {
  const texts = new Map<string, string>();
  const together: Mutant[] = [];
  const postponed: Mutant[] = [];
  for (const mutant of mutants) {
    const original = await readFile(join(folder, mutant.file), 'utf8');
    if (planted(mutant, original) === null) continue;
    const next = planted(mutant, texts.get(mutant.file) ?? original);
    if (next === null) postponed.push(mutant);
    else {
      texts.set(mutant.file, next);
      together.push(mutant);
    }
  }
  return { together, postponed };
}

function planted(mutant: Mutant, text: string): string | null {
  try {
    return mutate(mutant, text);
  } catch (error) {
    if (error instanceof StaleMutant) return null;
    throw error;
  }
}

async function complaintsAbout(folder: string, mutants: readonly Mutant[]): Promise<string[]> {
  const originals = new Map<string, string>();
  try {
    for (const mutant of mutants) {
      const path = join(folder, mutant.file);
      const text = await readFile(path, 'utf8');
      if (!originals.has(path)) originals.set(path, text);
      await writeFile(path, mutate(mutant, text));
    }
    return await compilerErrors(folder);
  } finally {
    for (const [path, text] of originals) await writeFile(path, text);
  }
}

function compilerErrors(folder: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [TSC, '--noEmit', '--pretty', 'false'],
      { cwd: folder, maxBuffer: 16_000_000 },
      (error, output) => {
        const lines = output.split('\n').filter((line) => /: error TS\d+: /.test(line));
        if (error && lines.length === 0) reject(new Error(`the compiler broke down: ${output}`, { cause: error }));
        else resolve(lines);
      },
    );
  });
}
