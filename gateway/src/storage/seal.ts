import { createCipheriv, createDecipheriv } from 'node:crypto';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The stored secret cannot be opened: another master key, or bytes that were changed. Never says which secret it was. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** Encrypts secrets at rest with AES-256-GCM under the master key. `context` (e.g. the account's id) is bound to the text,
 *  so that a sealed secret cannot be moved to another row. Layout: version, nonce, tag, ciphertext. */
export interface Sealer {
  seal(plain: string, context: string): Buffer;
  /** Throws `SealBroken`. */
  open(sealed: Buffer, context: string): string;
}

/**
 * @param master_key 32 bytes
 * @param randomBytes source of nonces
 */
export function createSealer(master_key: Buffer, randomBytes: (length: number) => Buffer): Sealer {
  if (master_key.length !== 32) throw new RangeError('the master key must be 32 bytes');
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', master_key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]);
    },
    open(sealed, context) {
      try {
        if (sealed[0] !== VERSION) throw new SealBroken('unknown version of a sealed secret');
        const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
        const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', master_key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(context));
        decipher.setAuthTag(tag);
        const plain = Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES + TAG_BYTES)), decipher.final()]);
        return plain.toString('utf8');
      } catch (error) {
        if (error instanceof SealBroken) throw error;
        throw new SealBroken('a stored secret does not open with this HELIU_MASTER_KEY', { cause: error });
      }
    },
  };
}
