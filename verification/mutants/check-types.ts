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

/** Looks one by one at those that the compiler may mean, or else at all of them. Answers at which. */
async function blame(
  folder: string,
  together: readonly Mutant[],
  complaints: readonly string[],
  problems: Map<string, string>,
): Promise<readonly Mutant[]> {
  const meant = await suspectsOf(folder, together, complaints);
  const suspects = meant.length > 0 ? meant : together;
  for (const mutant of suspects) {
    const [complaint] = await complaintsAbout(folder, [mutant]);
    if (complaint !== undefined) problems.set(mutant.name, complaint);
  }
  return suspects;
}

/** So far from what is planted may a complaint about it be, in lines. */
const NEAR_LINES = 5;

/** Those near whose text the compiler complains; of a file in which it complains elsewhere, all. */
async function suspectsOf(folder: string, together: readonly Mutant[], complaints: readonly string[]) {
  const suspects = new Set<Mutant>();
  for (const complaint of complaints) {
    const [, file = '', line = ''] = /^(.*)\((\d+),\d+\): error/.exec(complaint) ?? [];
    const here = together.filter((mutant) => mutant.file === file);
    const [first] = here;
    if (!first) continue;
    const original = await readFile(join(folder, file), 'utf8');
    const text = here.reduce((so_far, mutant) => mutate(mutant, so_far), original);
    const near = here.filter(({ replace }) => {
      const first_line = text.slice(0, text.indexOf(replace)).split('\n').length;
      return (
        Number(line) >= first_line - NEAR_LINES && Number(line) <= first_line + replace.split('\n').length + NEAR_LINES
      );
    });
    for (const mutant of near.length > 0 ? near : here) suspects.add(mutant);
  }
  return [...suspects];
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
