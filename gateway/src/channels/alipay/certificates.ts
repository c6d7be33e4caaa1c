/**
 * Which public key verifies what. In key mode there is one. In certificate mode answers and callbacks name the certificate
 * by `alipay_cert_sn`; one we do not hold is asked for by alipay.open.app.alipaycert.download and believed only when a chain
 * leads to the root certificates of the account ("支付宝公钥证书更新", opendocs.alipay.com/common/056zub; the official Java
 * SDK's AbstractAlipayClient.checkResponseCertSign does the same).
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { ChannelMisconfigured } from '../channel.ts';
import type { Clock } from '../../ports.ts';
import type { AlipayAccount, AlipayCertificates } from './config.ts';
import { certificateSn, chainsTo, readCertificates, rsaKeyOf } from './x509.ts';

/** Anybody can send us a callback with an invented number: that must not become a flood of requests to Alipay. */
const FETCH_INTERVAL_MS = 60_000;

/** Who named a certificate. Answers come over our own connection to Alipay, callbacks from whoever likes to send one. */
export type KeySource = 'answer' | 'callback';

export class AlipayKeys {
  readonly #account: AlipayAccount;
  readonly #clock: Clock;
  readonly #download: (alipay_cert_sn: string) => Promise<string | null>;
  readonly #fetched = new Map<string, KeyObject>();
  readonly #asked_at_ms: Record<KeySource, number> = { answer: -Infinity, callback: -Infinity };
  #in_flight: Promise<void> | null = null;

  /** @param download asks Alipay for a certificate; answers its PEM text, null when it did not come */
  constructor(account: AlipayAccount, clock: Clock, download: (alipay_cert_sn: string) => Promise<string | null>) {
    this.#account = account;
    this.#clock = clock;
    this.#download = download;
  }

  /**
   * The key for a certificate number; null when there is none to be trusted. At most one download is under way, and one a
   * minute begins for answers and one for callbacks, so that forged callbacks cannot use up the turn of genuine answers.
   * @param alipay_cert_sn null when the message names none: then it is the configured certificate
   */
  async find(alipay_cert_sn: string | null, source: KeySource): Promise<KeyObject | null> {
    const { certificates, alipay_key } = this.#account;
    if (!certificates || alipay_cert_sn === null || alipay_cert_sn === certificates.alipay_cert_sn) return alipay_key;
    if (!/^[0-9a-f]{32}$/.test(alipay_cert_sn)) return null;
    // A download under way may be of this very certificate.
    if (!this.#fetched.has(alipay_cert_sn)) await this.#in_flight;
    if (!this.#fetched.has(alipay_cert_sn)) await this.#fetch(certificates, alipay_cert_sn, source);
    return this.#fetched.get(alipay_cert_sn) ?? null;
  }

  #fetch(certificates: AlipayCertificates, alipay_cert_sn: string, source: KeySource): Promise<void> {
    if (this.#in_flight) return this.#in_flight;
    const now_ms = this.#clock.now_ms();
    if (now_ms - this.#asked_at_ms[source] < FETCH_INTERVAL_MS) return Promise.resolve();
    this.#asked_at_ms[source] = now_ms;
    this.#in_flight = this.#fetchAndKeep(certificates, alipay_cert_sn).finally(() => {
      this.#in_flight = null;
    });
    return this.#in_flight;
  }

  async #fetchAndKeep(certificates: AlipayCertificates, alipay_cert_sn: string): Promise<void> {
    const pem = await this.#download(alipay_cert_sn);
    const key = pem && trustedKey(certificates, alipay_cert_sn, pem, this.#clock.now_ms());
    if (key) this.#fetched.set(alipay_cert_sn, key);
  }
}

/**
 * The RSA key of the certificate `alipay_cert_sn` in `pem`, when it may be trusted.
 * The certificates of all merchants' applications chain to the same root as Alipay's own, so that the chain alone does not
 * say that a certificate is Alipay's: it must be made out to the same holder as the configured one, too.
 */
export function trustedKey(
  certificates: AlipayCertificates,
  alipay_cert_sn: string,
  pem: string,
  now_ms: number,
): KeyObject | null {
  const chain = readChain(pem);
  const leaf = chain.find((certificate) => certificateSn(certificate) === alipay_cert_sn);
  if (!leaf || holderOf(leaf) !== holderOf(certificates.alipay_cert)) return null;
  return chainsTo(certificates.roots, leaf, chain, now_ms) ? rsaKeyOf(leaf) : null;
}

function readChain(pem: string): readonly X509Certificate[] {
  try {
    return readCertificates(pem, 'alipay_cert_content');
  } catch (error) {
    if (error instanceof ChannelMisconfigured) return [];
    throw error;
  }
}

/**
 * Whom a certificate is made out to. Alipay's are named `CN=<Alipay's company name>-<the merchant's 2088 number>` and an
 * application's `CN=<2088 number>-<app_id>`; the number at the end survives a change of the company's name.
 */
function holderOf(certificate: X509Certificate): string {
  const number = /^CN=.*-(\d{16})$/m.exec(certificate.subject)?.[1];
  return number ?? certificate.subject;
}
