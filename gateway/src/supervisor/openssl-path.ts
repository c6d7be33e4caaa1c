import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Hides ADX from OpenSSL, which then takes its AVX2 path for RSA. On some processors without AVX-512 that signs 14 to 23 %
 * faster, on others slower; only a measurement tells. The variable is read once, when a process starts (OPENSSL_ia32cap(3)).
 */
const WITHOUT_ADX = ':~0x80000';

const FILE_NAME = 'openssl-path.json';

/** How long each of the two paths is timed, at most. */
const TRIAL_ms = 250;

/** The other path must be better by this much: what is less is noise. */
const WORTHWHILE = 1.05;

/** Signs with RSA-2048 for as long as told, and prints how often. */
const TRIAL_CODE = `
const { generateKeyPairSync, sign } = require('node:crypto');
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const data = Buffer.alloc(512, 97);
for (let i = 0; i < 5; i += 1) sign('sha256', data, privateKey);
const start = process.hrtime.bigint();
const until = start + ${TRIAL_ms}n * 1000000n;
let count = 0;
while (process.hrtime.bigint() < until) { sign('sha256', data, privateKey); count += 1; }
process.stdout.write(String(count / Number(process.hrtime.bigint() - start) * 1e9));
`;

/** What was measured on one processor with one OpenSSL. */
interface Choice {
  readonly processor: string;
  readonly without_adx: boolean;
}

/** Signatures per second on OpenSSL's own path and on the one without ADX. */
export interface SigningRates {
  readonly usual: number;
  readonly without_adx: number;
}

/**
 * Variables for a gateway process's environment: the faster OpenSSL path and enough threads for its signatures. The first
 * start on a processor times both paths, half a second in all; later ones read the choice from `home`. Never fails: what
 * goes wrong means the usual path.
 *
 * @param env the environment that the process will have; what it sets already is left alone
 */
export async function signingEnvironment(
  home: string,
  env: Readonly<Record<string, string | undefined>>,
  measure: () => Promise<SigningRates> = measureRates,
): Promise<Record<string, string>> {
  const threads = String(Math.max(4, availableParallelism()));
  const variables = { UV_THREADPOOL_SIZE: env['UV_THREADPOOL_SIZE'] ?? threads };
  // The variable means something else, or nothing, to OpenSSL on other processors.
  if (process.arch !== 'x64' || env['OPENSSL_ia32cap'] !== undefined) return variables;
  return (await isFasterWithoutAdx(home, measure)) ? { ...variables, OPENSSL_ia32cap: WITHOUT_ADX } : variables;
}

async function isFasterWithoutAdx(home: string, measure: () => Promise<SigningRates>): Promise<boolean> {
  const path = join(home, FILE_NAME);
  const processor = `${cpus()[0]?.model ?? 'unknown'} / OpenSSL ${process.versions.openssl}`;
  const known = await readFile(path, 'utf8').then(parseChoice, () => null);
  if (known?.processor === processor) return known.without_adx;

  const rates = await measure().catch(() => null);
  if (rates === null) return false;
  const choice: Choice = { processor, without_adx: rates.without_adx > rates.usual * WORTHWHILE };
  await saveChoice(home, path, choice).catch(() => undefined);
  return choice.without_adx;
}

function parseChoice(text: string): Choice | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('processor' in value) || !('without_adx' in value))
      return null;
    const { processor, without_adx } = value;
    return typeof processor === 'string' && typeof without_adx === 'boolean' ? { processor, without_adx } : null;
  } catch {
    return null;
  }
}

async function saveChoice(home: string, path: string, choice: Choice): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o711 });
  const unfinished = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(unfinished, `${JSON.stringify(choice)}\n`);
  await rename(unfinished, path);
}

/** One path after the other: side by side they would take each other's core. */
async function measureRates(): Promise<SigningRates> {
  const usual = await signaturesPerSecond({});
  const without_adx = await signaturesPerSecond({ OPENSSL_ia32cap: WITHOUT_ADX });
  return { usual, without_adx };
}

async function signaturesPerSecond(extra: Readonly<Record<string, string>>): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=commonjs', '-e', TRIAL_CODE], {
    env: { ...process.env, ...extra },
    timeout: 10_000,
  });
  return Number(stdout);
}
