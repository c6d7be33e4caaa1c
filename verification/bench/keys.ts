import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** A key pair as PEM text, so that it can be handed to another process. */
export interface PemPair {
  readonly private_key: string;
  readonly public_key: string;
}

/** Everybody's keys in one bench run, made anew each time. */
export interface BenchKeys {
  readonly merchant: PemPair;
  /** The reference program's platform key; the gateway has its own. */
  readonly platform: PemPair;
  /** The service provider's API key at WeChat Pay. */
  readonly channel_merchant: PemPair;
  /** WeChat Pay's own key (微信支付公钥). */
  readonly wechat: PemPair;
  readonly wechat_serial: string;
  readonly api_v3_key: string;
  /** Our application at Alipay. */
  readonly alipay_app: PemPair;
  /** Alipay's own key. */
  readonly alipay: PemPair;
}

/** The numbers under which the bench trades at the stub; of the shape upstream uses, and nobody's. */
export const PARTNER = {
  sp_mchid: '1900000001',
  sp_appid: 'wx0000000000000001',
  sub_mchid: '1900000002',
  sub_appid: 'wx0000000000000002',
  merchant_serial: '4A5B6C7D8E9F00112233445566778899AABBCCDD',
  alipay_app_id: '2021000000000001',
} as const;

export function makeKeys(): BenchKeys {
  return {
    merchant: makePair(),
    platform: makePair(),
    channel_merchant: makePair(),
    wechat: makePair(),
    wechat_serial: `PUB_KEY_ID_01${PARTNER.sp_mchid}2026010100000000000000`,
    api_v3_key: randomBytes(16).toString('hex'),
    alipay_app: makePair(),
    alipay: makePair(),
  };
}

export function makePair(): PemPair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}
