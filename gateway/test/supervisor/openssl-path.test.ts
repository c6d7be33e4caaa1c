import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { signingEnvironment } from '../../src/supervisor/openssl-path.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'heliu-openssl-'));
});

afterEach(() => rm(home, { recursive: true }));

const faster = () => Promise.resolve({ usual: 900, without_adx: 1_100 });
const slower = () => Promise.resolve({ usual: 900, without_adx: 910 });

describe.runIf(process.arch === 'x64')('the OpenSSL path', () => {
  test('is the one without ADX where that signs clearly faster', async () => {
    expect(await signingEnvironment(home, {}, faster)).toHaveProperty('OPENSSL_ia32cap', ':~0x80000');
  });

  test('is the usual one where the difference is noise', async () => {
    expect(await signingEnvironment(home, {}, slower)).not.toHaveProperty('OPENSSL_ia32cap');
  });

  test('is measured once and remembered', async () => {
    const measure = vi.fn(faster);
    await signingEnvironment(home, {}, measure);
    expect(await signingEnvironment(home, {}, measure)).toHaveProperty('OPENSSL_ia32cap');
    expect(measure).toHaveBeenCalledTimes(1);
  });

  test.each([
    ['another processor', '{"processor":"Z80","without_adx":true}'],
    ['a damaged file', '{"processor":'],
    ['a file of another form', '[]'],
  ])('is measured again after %s', async (_name, content) => {
    await writeFile(join(home, 'openssl-path.json'), content);
    expect(await signingEnvironment(home, {}, slower)).not.toHaveProperty('OPENSSL_ia32cap');
    expect(await signingEnvironment(home, {}, faster)).not.toHaveProperty('OPENSSL_ia32cap');
  });

  test('is the usual one when it cannot be measured', async () => {
    const failing = () => Promise.reject(new Error('no child processes here'));
    expect(await signingEnvironment(home, {}, failing)).not.toHaveProperty('OPENSSL_ia32cap');
  });

  test('is left alone when the operator chose one', async () => {
    expect(await signingEnvironment(home, { OPENSSL_ia32cap: '~0x1' }, faster)).not.toHaveProperty('OPENSSL_ia32cap');
  });

  test('comes out of a real measurement without error', async () => {
    expect(await signingEnvironment(home, {})).toHaveProperty('UV_THREADPOOL_SIZE');
    expect(await signingEnvironment(home, {}, () => Promise.reject(new Error('measured twice')))).toHaveProperty(
      'UV_THREADPOOL_SIZE',
    );
  });
});

test('the thread pool is at least as large as the machine and as the operator wants it', async () => {
  const own = await signingEnvironment(home, {}, slower);
  expect(Number(own['UV_THREADPOOL_SIZE'])).toBeGreaterThanOrEqual(4);
  expect(await signingEnvironment(home, { UV_THREADPOOL_SIZE: '17' }, slower)).toHaveProperty(
    'UV_THREADPOOL_SIZE',
    '17',
  );
});
