#!/usr/bin/env node
// Plain JavaScript that an old Node understands: Heliu runs TypeScript unbuilt, which needs Node 22.18. An older one hands
// over to the Node that npm brought.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  await import('../src/cli.ts');
} else {
  const node = pinnedNode();
  if (node === null) {
    console.error(
      `Heliu needs Node 22.18 or newer, and this is ${process.version}. Run npm ci without --omit=optional.`,
    );
    process.exitCode = 1;
  } else {
    handOver(node);
  }
}

/** The nearest node_modules/.bin/node upwards of this file. */
function pinnedNode() {
  for (let folder = dirname(here); folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(candidate)) return candidate;
  }
  return null;
}

/** @param {string} node */
function handOver(node) {
  const child = spawn(node, [...process.execArgv, here, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}
