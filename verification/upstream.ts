/**
 * Callbacks as WeChat Pay and Alipay send them, signed with the keys of a world's simulated platforms. Written from the
 * vendors' pages alone; it shares no code with gateway or simulators, so that a wrong signature cannot agree with itself.
 */
import { createCipheriv, createPrivateKey, randomBytes, sign, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from './merchant.ts';

/** A callback on its way. */
export interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface WechatFile {
  readonly merchants: readonly {
    readonly mchid: string;
    readonly appids: readonly string[];
    readonly api_v3_key: string;
    readonly sub_merchants: readonly { readonly mchid: string; readonly appids: readonly string[] }[];
  }[];
  readonly platform_keys: readonly { readonly serial: string; readonly private_key: string }[];
  readonly current_serial: string;
}

interface AlipayFile {
  readonly apps: readonly {
    readonly app_id: string;
    readonly seller_id: string;
    readonly alipay_private_key: string;
  }[];
}

/** Both platforms of a world, with their credentials read from its home folder. */
export async function readUpstream(home: string): Promise<{ wechat: WechatPlatform; alipay: AlipayPlatform }> {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(home, 'simulators', `${name}.json`), 'utf8'));
  return {
    wechat: new WechatPlatform((await read('wechat')) as WechatFile),
    alipay: new AlipayPlatform((await read('alipay')) as AlipayFile),
  };
}

export interface WechatSigning {
  readonly key?: KeyObject;
  readonly serial?: string;
  readonly timestamp_s?: number;
}

export interface WechatNotice {
  readonly id?: string;
  readonly event_type?: string;
  readonly algorithm?: string;
  /** 32 characters; the service provider's own when absent. */
  readonly api_v3_key?: string;
}

/** WeChat Pay, protocol V3 (docs 4012791861 支付成功回调通知, 4013053249 验签, 4012071382 解密). */
export class WechatPlatform {
  readonly #file: WechatFile;

  constructor(file: WechatFile) {
    this.#file = file;
  }

  /** The APIv3 key of the other merchant, who has no sub-merchants. */
  get other_api_v3_key(): string {
    return this.#file.merchants.find((merchant) => merchant.sub_merchants.length === 0)?.api_v3_key ?? '';
  }

  get #provider() {
    const provider = this.#file.merchants.find((merchant) => merchant.sub_merchants.length > 0);
    const sub_merchant = provider?.sub_merchants[0];
    if (!provider || !sub_merchant) throw new Error('the simulator has no service provider');
    return { ...provider, sub_merchant };
  }

  /** The transaction of a paid order. */
  transaction(out_trade_no: string, total: number, changes: Json = {}): Json {
    const { mchid, appids, sub_merchant } = this.#provider;
    return {
      sp_appid: appids[0],
      sp_mchid: mchid,
      sub_mchid: sub_merchant.mchid,
      sub_appid: sub_merchant.appids[0],
      out_trade_no,
      transaction_id: `42000${randomBytes(10).toString('hex')}`,
      trade_type: 'NATIVE',
      trade_state: 'SUCCESS',
      trade_state_desc: '支付成功',
      bank_type: 'OTHERS',
      success_time: new Date().toISOString().replace(/\.\d+Z$/, '+00:00'),
      payer: { sp_openid: 'openid' },
      amount: { total, payer_total: total, currency: 'CNY', payer_currency: 'CNY' },
      ...changes,
    };
  }

  /** The result of a refund, as REFUND.* callbacks carry it (doc 4012124635). */
  refund(out_trade_no: string, out_refund_no: string, refund: number, changes: Json = {}): Json {
    const { mchid, sub_merchant } = this.#provider;
    return {
      sp_mchid: mchid,
      sub_mchid: sub_merchant.mchid,
      out_trade_no,
      transaction_id: '4200000000000000000000000000',
      out_refund_no,
      refund_id: `50000${randomBytes(10).toString('hex')}`,
      refund_status: 'SUCCESS',
      success_time: new Date().toISOString().replace(/\.\d+Z$/, '+00:00'),
      user_received_account: '支付用户零钱',
      amount: { total: refund, refund, payer_total: refund, payer_refund: refund },
      ...changes,
    };
  }

  /** A callback's body, its content encrypted. */
  notice(content: Json, notice: WechatNotice = {}): string {
    const event_type = notice.event_type ?? 'TRANSACTION.SUCCESS';
    const original_type = event_type.startsWith('REFUND') ? 'refund' : 'transaction';
    const nonce = randomBytes(6).toString('hex');
    const key = Buffer.from(notice.api_v3_key ?? this.#provider.api_v3_key);
    const cipher = createCipheriv('aes-256-gcm', key, Buffer.from(nonce));
    cipher.setAAD(Buffer.from(original_type));
    const ciphertext = Buffer.concat([cipher.update(JSON.stringify(content)), cipher.final(), cipher.getAuthTag()]);
    return JSON.stringify({
      id: notice.id ?? randomBytes(16).toString('hex'),
      create_time: new Date().toISOString(),
      resource_type: 'encrypt-resource',
      event_type,
      summary: '支付成功',
      resource: {
        original_type,
        algorithm: notice.algorithm ?? 'AEAD_AES_256_GCM',
        ciphertext: ciphertext.toString('base64'),
        associated_data: original_type,
        nonce,
      },
    });
  }

  /** Signs a body, by the current platform key unless told otherwise. */
  signed(body: string, signing: WechatSigning = {}): Sent {
    const serial = signing.serial ?? this.#file.current_serial;
    const pem = this.#file.platform_keys.find((key) => key.serial === this.#file.current_serial)?.private_key ?? '';
    const timestamp = String(signing.timestamp_s ?? Math.floor(Date.now() / 1000));
    const nonce = randomBytes(16).toString('hex');
    const message = `${timestamp}\n${nonce}\n${body}\n`;
    return {
      headers: {
        'content-type': 'application/json',
        'wechatpay-timestamp': timestamp,
        'wechatpay-nonce': nonce,
        'wechatpay-serial': serial,
        'wechatpay-signature': sign('sha256', Buffer.from(message), signing.key ?? createPrivateKey(pem)).toString(
          'base64',
        ),
        'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
      },
      body,
    };
  }

  /** A genuine callback that an order has been paid. */
  paid(out_trade_no: string, total: number, changes: Json = {}, notice: WechatNotice = {}): Sent {
    return this.signed(this.notice(this.transaction(out_trade_no, total, changes), notice));
  }
}

type Form = Readonly<Record<string, string>>;

/** Alipay, gateway.do (opendocs.alipay.com/open/194/103296 异步通知, common/02mse7 验签). */
export class AlipayPlatform {
  readonly #file: AlipayFile;

  constructor(file: AlipayFile) {
    this.#file = file;
  }

  #key(app: number): KeyObject {
    return createPrivateKey(this.#file.apps[app]?.alipay_private_key ?? '');
  }

  /** The key that Alipay signs with for the other app. */
  get other_key(): KeyObject {
    return this.#key(1);
  }

  /** What is told about a paid trade; a null takes a parameter away. */
  parameters(out_trade_no: string, total_yuan: string, changes: Readonly<Record<string, string | null>> = {}): Form {
    const app = this.#file.apps[0];
    const parameters: Record<string, string | null> = {
      notify_time: '2026-01-01 00:00:00',
      notify_type: 'trade_status_sync',
      notify_id: randomBytes(17).toString('hex'),
      charset: 'utf-8',
      version: '1.0',
      app_id: app?.app_id ?? '',
      auth_app_id: app?.app_id ?? '',
      seller_id: app?.seller_id ?? '',
      buyer_id: '2088000000000000',
      trade_no: `2026${randomBytes(12).toString('hex')}`,
      out_trade_no,
      trade_status: 'TRADE_SUCCESS',
      total_amount: total_yuan,
      receipt_amount: total_yuan,
      buyer_pay_amount: total_yuan,
      subject: '商品 & more=1',
      gmt_create: '2026-01-01 00:00:00',
      gmt_payment: '2026-01-01 00:00:00',
      fund_bill_list: JSON.stringify([{ amount: total_yuan, fundChannel: 'ALIPAYACCOUNT' }]),
      ...changes,
    };
    return Object.fromEntries(
      Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null),
    );
  }

  /** Signs parameters, by the first app's key unless told otherwise. */
  signed(parameters: Form, key: KeyObject = this.#key(0), sign_type = 'RSA2'): Sent {
    const content = Object.entries(parameters)
      .filter(([name]) => name !== 'sign' && name !== 'sign_type')
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const signature = sign('sha256', Buffer.from(content), key).toString('base64');
    return {
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: new URLSearchParams({ ...parameters, sign_type, sign: signature }).toString(),
    };
  }

  /** A genuine callback that an order has been paid. */
  paid(out_trade_no: string, total_yuan: string, changes: Readonly<Record<string, string | null>> = {}): Sent {
    return this.signed(this.parameters(out_trade_no, total_yuan, changes));
  }
}

/** Sends a callback and answers what the platform would see. */
export async function post(url: string, { headers, body }: Sent): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}
