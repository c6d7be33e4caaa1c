import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupProblem, systemErrorCode } from './embedded/startup-problem.ts';

/** Name of the master key's file under HELIU_HOME. */
const FILE_NAME = 'master.key';

/**
 * Reads the key that encrypts stored secrets from its file under `home`, and makes the file (0600) when there is none.
 * Only for a gateway with a database of its own: nodes that share one must be given one HELIU_MASTER_KEY.
 *
 * @returns 32 bytes
 * @throws StartupProblem when the file cannot be read or is not a key
 */
export async function readOrMakeMasterKey(home: string): Promise<Buffer> {
  const path = join(home, FILE_NAME);
  const found = await readKeyFile(path);
  if (found !== null) return found;
  await mkdir(home, { recursive: true, mode: 0o711 });
  const candidate = `${path}.${process.pid}`;
  await writeFile(candidate, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  try {
    // link(2) fails when another process was faster: then its key counts.
    await link(candidate, path).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    });
  } finally {
    await rm(candidate, { force: true });
  }
  const made = await readKeyFile(path);
  if (made === null) throw new StartupProblem(`${path} was removed while it was being made. Start again.`);
  return made;
}

/**
 * The key in the file under `home`, or null when there is no such file.
 *
 * @throws StartupProblem when the file cannot be read or is not a key
 */
export function readMasterKey(home: string): Promise<Buffer | null> {
  return readKeyFile(join(home, FILE_NAME));
}

async function readKeyFile(path: string): Promise<Buffer | null> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw new StartupProblem(
      `${path}, the master key, cannot be read: ${systemErrorCode(error)}. Make it readable for this user.`,
    );
  });
  if (text === null) return null;
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === 32) return key;
  throw new StartupProblem(
    `${path} is no master key: it must hold 32 bytes as base64. Restore it from a backup; without it stored secrets cannot be read.`,
  );
}
