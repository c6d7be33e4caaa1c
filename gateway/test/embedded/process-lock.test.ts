import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeProcessLock } from '../../src/embedded/process-lock.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heliu-lock-'));
  path = join(folder, 'lock');
});

afterEach(() => rm(folder, { recursive: true }));

test('of many that want the lock at once, one gets it and the others learn who has it', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => takeProcessLock(path)));
  expect(answers.filter((answer) => 'release' in answer)).toHaveLength(1);
  expect(answers.filter((answer) => 'held_by' in answer)).toEqual(
    Array.from({ length: 19 }, () => ({ held_by: process.pid })),
  );
});

test('a released lock can be taken again and leaves no file behind', async () => {
  const first = await takeProcessLock(path);
  if ('release' in first) await first.release();
  const second = await takeProcessLock(path);
  if ('release' in second) await second.release();
  expect(second).toHaveProperty('release');
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a process that is gone is taken over, by one of many', async () => {
  const program = join(import.meta.dirname, '..', '..', 'src', 'embedded', 'process-lock.ts');
  const code = `const { takeProcessLock } = await import(process.argv[1]); await takeProcessLock(process.argv[2]);`;
  await once(spawn(process.execPath, ['--input-type=module', '-e', code, program, path]), 'exit');
  expect(await readFile(path, 'utf8')).toMatch(/^\d+ \S+\n$/);

  const stale = await readFile(path, 'utf8');
  for (let round = 0; round < 40; round += 1) {
    await writeFile(path, stale);
    const answers = await Promise.all(Array.from({ length: 6 }, () => takeProcessLock(path)));
    const holders = answers.filter((answer) => 'release' in answer);
    expect(holders).toHaveLength(1);
    await holders[0]?.release();
  }
});

test('a process that died while it removed a stale lock does not block', async () => {
  const stale = '1 earlier-boot/1\n';
  await writeFile(path, stale);
  const claim = `${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 12)}`;
  await writeFile(claim, '1 earlier-boot/2\n');
  expect(await takeProcessLock(path)).toHaveProperty('release');
  expect(await readdir(folder)).toEqual(['lock']);
});

test.each([
  ['a process number that another program has by now', `${process.pid} earlier-boot/12345\n`],
  ['half a line', `${process.pid}`],
  ['nothing', ''],
])('a lock file with %s does not block', async (_name, content) => {
  await writeFile(path, content);
  expect(await takeProcessLock(path)).toHaveProperty('release');
});
