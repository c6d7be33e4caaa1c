import { createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Journal } from '../kernel/journal.ts';
import type { PlatformKey, WechatConfig } from './config.ts';

interface KeyringRecord {
  readonly snapshot_of: 'wechat.keyring';
  readonly added: readonly PlatformKey[];
  readonly current_serial: string;
}

/** WeChat Pay's own keys. Rotations made at run time survive a restart through the journal. */
export class Keyring {
  readonly #journal: Journal;
  readonly #keys = new Map<string, PlatformKey>();
  readonly #privateKeys = new Map<string, KeyObject>();
  #added: PlatformKey[] = [];
  #current: string;

  constructor(config: WechatConfig, journal: Journal) {
    this.#journal = journal;
    for (const key of config.platform_keys) this.#keys.set(key.serial, key);
    this.#current = config.current_serial;
    const saved = journal.load().findLast(isKeyringRecord);
    if (saved) {
      this.#added = [...saved.added];
      for (const key of saved.added) this.#keys.set(key.serial, key);
      this.#current = saved.current_serial;
    }
    if (!this.#keys.has(this.#current)) throw new Error(`wechat config: no platform key ${this.#current}`);
  }

  /** Every key, oldest first. */
  all(): PlatformKey[] {
    return [...this.#keys.values()];
  }

  current(): PlatformKey {
    return this.get(this.#current);
  }

  /**
   * The key that signs the answer to a request: the one its `Wechatpay-Serial` header names, when known, else the
   * current one (doc 4012154180, 平台证书切换微信支付公钥).
   */
  chosenBy(wechatpaySerial: string | undefined): PlatformKey {
    return (wechatpaySerial === undefined ? undefined : this.#keys.get(wechatpaySerial)) ?? this.current();
  }

  /** Adds a key; `makeCurrent` lets it sign from now on. */
  add(key: PlatformKey, makeCurrent: boolean): void {
    this.#keys.set(key.serial, key);
    this.#added.push(key);
    if (makeCurrent) this.#current = key.serial;
    this.#save();
  }

  /** @throws when the serial is unknown */
  use(serial: string): void {
    this.#current = this.get(serial).serial;
    this.#save();
  }

  /** @throws when the serial is unknown */
  get(serial: string): PlatformKey {
    const key = this.#keys.get(serial);
    if (!key) throw new Error(`no platform key ${serial}`);
    return key;
  }

  /** Base64 of SHA256withRSA (PKCS #1 v1.5) over the message. */
  sign(serial: string, message: Buffer): string {
    let privateKey = this.#privateKeys.get(serial);
    if (!privateKey) {
      privateKey = createPrivateKey(this.get(serial).private_key);
      this.#privateKeys.set(serial, privateKey);
    }
    return sign('sha256', message, privateKey).toString('base64');
  }

  #save(): void {
    const record: KeyringRecord = {
      snapshot_of: 'wechat.keyring',
      added: this.#added,
      current_serial: this.#current,
    };
    this.#journal.append(record);
  }
}

function isKeyringRecord(record: object): record is KeyringRecord {
  return 'snapshot_of' in record && record.snapshot_of === 'wechat.keyring';
}
