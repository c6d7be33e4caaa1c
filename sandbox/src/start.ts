/**
 * `npm start`. Node keeps compiled code under HELIU_HOME for the next start, ours and the children's: half of the time
 * that loading takes.
 */
import { mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join, resolve } from 'node:path';

const home = resolve(process.env['HELIU_HOME'] || '.heliu');
try {
  mkdirSync(home, { recursive: true, mode: 0o711 });
  // Only in a folder of our own user: who can write the cache decides what we run.
  if (statSync(home).uid === process.getuid?.()) {
    process.env['NODE_COMPILE_CACHE'] ??= join(home, 'compile-cache');
    enableCompileCache(process.env['NODE_COMPILE_CACHE']);
  }
} catch {
  // A folder that cannot be used is explained by the start itself.
}
await import('./run.ts');
