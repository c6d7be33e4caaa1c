/**
 * Platform certificates: fetched when an answer or a callback names a serial we do not hold.
 * A new certificate appears in GET /v3/certificates 24 hours before it signs anything, and during a change both old and
 * new ones sign (vendor page "下载平台证书", chapter3_1_8).
 */
import type { KeyObject } from 'node:crypto';
import type { Clock, HttpAnswer } from '../../ports.ts';
import type { WechatAccount } from './config.ts';
import { decryptResource } from './decrypt.ts';
import { objectAt, objectsAt, parseObject } from '../json.ts';
import { Keyring, readCertificate, type PlatformKey } from './keyring.ts';
import { verifyMessage } from './verify.ts';

export const CERTIFICATES_PATH = '/v3/certificates';

/** Anybody can send us a callback with an invented serial: that must not become a flood of requests to WeChat Pay. */
const FETCH_INTERVAL_MS = 60_000;

export class PlatformKeys {
  readonly #keyring: Keyring;
  readonly #api_v3_key: KeyObject;
  readonly #clock: Clock;
  readonly #fetch: () => Promise<HttpAnswer | null>;
  #in_flight: Promise<void> | null = null;
  #fetched_at_ms = Number.NEGATIVE_INFINITY;

  /** @param fetch sends a signed GET of CERTIFICATES_PATH; null when there was no answer */
  constructor(account: WechatAccount, clock: Clock, fetch: () => Promise<HttpAnswer | null>) {
    this.#keyring = new Keyring(account.platform_keys);
    this.#api_v3_key = account.api_v3_key;
    this.#clock = clock;
    this.#fetch = fetch;
  }

  /**
   * The key of a serial; null when neither we nor WeChat Pay know it. At most one fetch is under way at any time and at
   * most one begins per minute; whoever asks meanwhile waits for it or goes without.
   */
  async find(serial: string): Promise<KeyObject | null> {
    const known = this.#keyring.find(serial, this.#clock.now_ms());
    // WeChat Pay public keys come from the merchant platform's web page alone; doc 4012153196.
    if (known || serial.startsWith('PUB_KEY_ID_')) return known;
    await this.#refresh();
    return this.#keyring.find(serial, this.#clock.now_ms());
  }

  #refresh(): Promise<void> {
    if (this.#in_flight) return this.#in_flight;
    const now_ms = this.#clock.now_ms();
    if (now_ms - this.#fetched_at_ms < FETCH_INTERVAL_MS) return Promise.resolve();
    this.#fetched_at_ms = now_ms;
    this.#in_flight = this.#fetchAndKeep().finally(() => {
      this.#in_flight = null;
    });
    return this.#in_flight;
  }

  async #fetchAndKeep(): Promise<void> {
    const answer = await this.#fetch();
    if (answer?.status !== 200) return;
    const certificates = readCertificates(answer.body.toString('utf8'), this.#api_v3_key);
    if (!certificates) return;
    // The very first fetch can be verified with nothing but what it brings: the certificates are believed because only
    // the holder of our APIv3 key could have encrypted them, and the answer must then be signed by one of them. This is
    // what the vendor's own CertificateDownloader does.
    const carried = new Keyring(certificates);
    const now_ms = this.#clock.now_ms();
    const verdict = await verifyMessage(
      answer.headers,
      answer.body,
      now_ms,
      (serial) => this.#keyring.find(serial, now_ms) ?? carried.find(serial, now_ms),
    );
    if (verdict === 'verified') this.#keyring.add(certificates);
  }
}

/**
 * Decrypts and reads the body of GET /v3/certificates.
 * @returns null when any entry is wrong: then none of them is to be believed
 */
function readCertificates(text: string, api_v3_key: KeyObject): readonly PlatformKey[] | null {
  const entries = objectsAt(parseObject(text), 'data');
  if (!entries) return null;
  const certificates: PlatformKey[] = [];
  for (const entry of entries) {
    const resource = objectAt(entry, 'encrypt_certificate');
    const pem = resource && decryptResource(api_v3_key, resource);
    if (!pem) return null;
    try {
      certificates.push(readCertificate(pem));
    } catch {
      return null;
    }
  }
  return certificates;
}
