import { generateKeyPair, randomBytes, randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartupProblem, systemErrorCode } from '../../gateway/src/embedded/startup-problem.ts';
import { writePrivateFile } from './private-file.ts';

/** What the sandbox made up at its first start and keeps: the demo merchant's key pair and the operator's password. */
export interface Credentials {
  readonly merchant: { readonly merchant_id: string; readonly private_key: string; readonly public_key: string };
  readonly console: { readonly login_name: string; readonly password: string };
  /** Made up by this very start. */
  readonly are_new: boolean;
}

type StoredCredentials = Omit<Credentials, 'are_new'>;

/**
 * Reads the credentials, or makes them up and writes them down, before anything is stored that depends on them: a start
 * that is killed half way finds the same ones again.
 *
 * @throws StartupProblem when the file is damaged
 */
export async function readOrMakeCredentials(path: string): Promise<Credentials> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return null;
    throw new StartupProblem(`${path} cannot be read (${systemErrorCode(error)}). Make it readable for this user.`);
  });
  if (text !== null) return parseCredentials(path, text);
  const keys = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const made: StoredCredentials = {
    merchant: {
      // Sixteen digits, the first of which is never 0.
      merchant_id: `${randomInt(10_000_000, 100_000_000)}${String(randomInt(0, 100_000_000)).padStart(8, '0')}`,
      private_key: keys.privateKey,
      public_key: keys.publicKey,
    },
    console: { login_name: 'admin', password: randomBytes(15).toString('base64url') },
  };
  await writePrivateFile(path, `${JSON.stringify(made, null, 2)}\n`);
  return { ...made, are_new: true };
}

function parseCredentials(path: string, text: string): Credentials {
  try {
    const read = JSON.parse(text) as StoredCredentials;
    const { merchant, console: operator } = read;
    const texts: unknown[] = [merchant.private_key, merchant.public_key, operator.login_name, operator.password];
    if (/^\d{16}$/.test(merchant.merchant_id) && texts.every((value) => typeof value === 'string')) {
      return { ...read, are_new: false };
    }
    throw new Error('a member is missing');
  } catch (cause) {
    throw new StartupProblem(`${path} is damaged. Restore it from a backup, or move HELIU_HOME away to begin anew.`, {
      cause,
    });
  }
}
