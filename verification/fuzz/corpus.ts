/** Messages that are kept in the tree: those that broke something once, and those that are hard to come by. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CORPUS = join(import.meta.dirname, 'corpus');

export interface CorpusFile {
  readonly name: string;
  readonly input: Buffer;
}

/** The kept messages of a target, by name. */
export async function readCorpus(target: string): Promise<CorpusFile[]> {
  const folder = join(CORPUS, target);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).toSorted();
  return Promise.all(names.map(async (name) => ({ name, input: await readFile(join(folder, name)) })));
}

/** The targets that have kept messages. */
export async function corpusTargets(): Promise<string[]> {
  return (await readdir(CORPUS)).toSorted();
}

/** Writes an input to a folder; answers its path. */
export async function writeInput(folder: string, name: string, input: Buffer): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, input);
  return path;
}
