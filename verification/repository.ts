import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** A text file of this repository. */
export interface SourceFile {
  /** Relative to the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const ROOT = join(import.meta.dirname, '..');

/** What is installed, generated or local state. */
const LEFT_OUT = /^(?:node_modules|coverage|dist|\.git|\.heliu.*)$/;

const TEXT = /\.(?:ts|tsx|js|mjs|cjs|json|sql|md|html|css|sh|yml|yaml|java|php|cs)$|\/\.ci\/run$/;

/** Every text file that people write in this repository, sorted by path. */
export async function readSourceFiles(): Promise<SourceFile[]> {
  const paths: string[] = [];
  await collect(ROOT, paths);
  const files = paths.filter((path) => TEXT.test(path) && !path.endsWith('/package-lock.json')).toSorted();
  return Promise.all(
    files.map(async (path) => ({
      path: relative(ROOT, path).replaceAll('\\', '/'),
      text: await readFile(path, 'utf8'),
    })),
  );
}

async function collect(folder: string, paths: string[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await collect(path, paths);
    else if (entry.isFile()) paths.push(path);
  }
}
