import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Ports, Signer } from '../ports.ts';
import type { ConfigurationStore } from '../storage/configuration.ts';
import { DatabaseUnavailable } from '../domain/unavailable.ts';

/** The platform's own key: it signs answers to merchants and notifications. */
export interface PlatformSigner {
  /** Throws `DatabaseUnavailable` until the key has been opened. */
  publicKeyPem(): string;
  /** A compact JWS (RS256) over a payload that is JSON already. */
  sign(payload_json: string): Promise<string>;
}

const HEADER = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');

/** The signer of a gateway that listens before its database answers: it is given its key when that has been read. */
export class DeferredPlatformSigner implements PlatformSigner {
  readonly #signer: Signer;
  #key: { readonly private_key: KeyObject; readonly public_key_pem: string } | null = null;

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  give(private_key: KeyObject): void {
    this.#key = {
      private_key,
      public_key_pem: createPublicKey(private_key).export({ type: 'spki', format: 'pem' }).toString(),
    };
  }

  get opened(): boolean {
    return this.#key !== null;
  }

  publicKeyPem(): string {
    return this.#opened().public_key_pem;
  }

  async sign(payload_json: string): Promise<string> {
    const signed = `${HEADER}.${Buffer.from(payload_json).toString('base64url')}`;
    const signature = await this.#signer.signSha256(this.#opened().private_key, signed);
    return `${signed}.${signature.toString('base64url')}`;
  }

  #opened() {
    if (!this.#key) throw new DatabaseUnavailable('the platform key has not been read yet');
    return this.#key;
  }
}

/** Reads the stored platform key; the first start of the first node makes it. */
export async function readPlatformKey(store: ConfigurationStore, ports: Pick<Ports, 'clock'>): Promise<KeyObject> {
  let key = await store.activePlatformKey();
  if (!key) {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const public_key = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await store.addFirstPlatformKey({
      key_id: createHash('sha256').update(public_key).digest('hex').slice(0, 16),
      public_key,
      private_key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      created_at_ms: ports.clock.now_ms(),
    });
    // Another node may have been first: the stored one counts.
    key = await store.activePlatformKey();
    if (!key) throw new Error('the platform key was not stored');
  }
  return createPrivateKey(key.private_key);
}
