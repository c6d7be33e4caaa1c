/** `heliu …`: the operator's command line. Modules are loaded after the compile cache is on: half of a short command's time. */
import { statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join, resolve } from 'node:path';

const home = resolve(process.env['HELIU_HOME'] || '.heliu');
// Only in a folder of our own user: who can write the cache decides what we run.
if (statSync(home, { throwIfNoEntry: false })?.uid === process.getuid?.())
  enableCompileCache(join(home, 'compile-cache'));

// `heliu … | head` closes the pipe early: nobody is left to print for.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const { run } = await import('./cli/program.ts');
await run(process.argv.slice(2));
