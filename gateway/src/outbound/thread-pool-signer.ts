/** Signatures on libuv's thread pool: the event loop goes on while a core works about a millisecond on each. */
import { type KeyObject, sign } from 'node:crypto';
import type { Signer } from '../ports.ts';

export interface ThreadPoolSigner extends Signer {
  /** Signatures waiting or running at this moment. Admission control reads it: they are the largest cost of an order. */
  backlog(): number;
}

/** Makes a signer. `signSha256` rejects with TypeError for a key that is not an RSA private key: a bug of the caller. */
export function createThreadPoolSigner(): ThreadPoolSigner {
  let backlog = 0;
  return {
    signSha256(key: KeyObject, data: string): Promise<Buffer> {
      return new Promise((resolve, reject) => {
        if (key.type !== 'private' || key.asymmetricKeyType !== 'rsa') {
          reject(new TypeError('signing needs an RSA private key'));
          return;
        }
        // PKCS#1 v1.5 is what an RSA key signs with by default; naming it costs 20–30 µs of the event loop a signature.
        sign('sha256', Buffer.from(data, 'utf8'), key, (error, signature) => {
          backlog -= 1;
          if (error) reject(error);
          else resolve(signature);
        });
        backlog += 1;
      });
    },
    backlog: () => backlog,
  };
}
