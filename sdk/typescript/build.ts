/**
 * Builds the package: ES modules and CommonJS, each with its types. `npm pack` runs it. What is published has no source but
 * src/, and no dependency.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const HERE = import.meta.dirname;
const dist = join(HERE, 'dist');
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

async function compile(...options: string[]): Promise<void> {
  const run = promisify(execFile);
  const tsc = join(typescript, 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', HERE, ...options]).catch((error: { stdout?: string }) => {
    throw new Error(`tsc failed:\n${error.stdout}`);
  });
}

/** tsc rewrites the imports in .js files only, and compilers of consumers need not know .ts. */
async function rewriteDeclarations(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.d.ts')) continue;
    const file = join(folder, name);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  }
}

/** Files take their place whole: another process may be packing just now. */
async function replaceFolder(built: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(built);
  for (const name of names) await rename(join(built, name), join(folder, name));
  for (const name of await readdir(folder)) {
    if (!names.includes(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

const staging = await mkdtemp(join(HERE, '.build-'));
try {
  const [esm, cjs] = [join(staging, 'esm'), join(staging, 'cjs')];
  await compile('--outDir', esm);
  const commonjs = ['--module', 'commonjs', '--moduleResolution', 'bundler', '--verbatimModuleSyntax', 'false'];
  await compile(...commonjs, '--outDir', cjs);
  // The nearest package.json says which of the two a .js file is.
  await writeFile(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
  for (const folder of [esm, cjs]) await rewriteDeclarations(folder);
  await replaceFolder(esm, join(dist, 'esm'));
  await replaceFolder(cjs, join(dist, 'cjs'));
} finally {
  await rm(staging, { recursive: true, force: true });
}
await copyFile(join(HERE, '..', '..', 'LICENSE'), join(HERE, 'LICENSE'));
