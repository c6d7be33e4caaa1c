import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { transaction } from './channel-callbacks.ts';

/**
 * What the channel stub answers, endpoint by endpoint. An answer that is the same for every order is signed beforehand. One
 * that must repeat the order's number cannot be, since the number is made while measuring: it is signed as it comes.
 */

const signAsync = promisify(sign);

export interface StubKeys {
  readonly wechat_private_key: string;
  readonly wechat_serial: string;
  readonly alipay_private_key: string;
}

/** The keys, parsed once. */
export interface StubSigner {
  readonly wechat: KeyObject;
  readonly wechat_serial: string;
  readonly alipay: KeyObject;
}

export interface StubAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Json = Readonly<Record<string, unknown>>;

/** An endpoint that places orders. */
export type StubEndpoint =
  | { readonly kind: 'premade'; readonly body: () => Json }
  | { readonly kind: 'by_number'; readonly body: (request: Json) => Json };

export function openSigner(keys: StubKeys): StubSigner {
  return {
    wechat: createPrivateKey(keys.wechat_private_key),
    wechat_serial: keys.wechat_serial,
    alipay: createPrivateKey(keys.alipay_private_key),
  };
}

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
const prepay_id = (): string => `wx${hex(17)}`;

/** By the last part of the path, direct and partner alike (doc 4012525171, 4012523551 and their neighbours). */
export const WECHAT_ORDERS: ReadonlyMap<string, StubEndpoint> = new Map<string, StubEndpoint>([
  ['native', { kind: 'premade', body: () => ({ code_url: `weixin://wxpay/bizpayurl?pr=${hex(6)}` }) }],
  ['jsapi', { kind: 'premade', body: () => ({ prepay_id: prepay_id() }) }],
  ['app', { kind: 'premade', body: () => ({ prepay_id: prepay_id() }) }],
  [
    'h5',
    {
      kind: 'premade',
      body: () => ({
        h5_url: `https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=${prepay_id()}&package=${hex(5)}`,
      }),
    },
  ],
  // Paid at once: the answer is the order (doc 4012382150).
  ['codepay', { kind: 'by_number', body: codepaid }],
]);

/** By the method of the form (opendocs.alipay.com/open/02ekfg, 02ekfj, 02cdx5). Wap and app orders make no call. */
export const ALIPAY_ORDERS: ReadonlyMap<string, StubEndpoint> = new Map<string, StubEndpoint>([
  [
    'alipay.trade.precreate',
    { kind: 'by_number', body: (order) => ({ ...numberOf(order), qr_code: `https://qr.alipay.com/bax0${hex(10)}` }) },
  ],
  ['alipay.trade.create', { kind: 'by_number', body: (order) => ({ ...numberOf(order), trade_no: tradeNumber() }) }],
  ['alipay.trade.pay', { kind: 'by_number', body: alipayPaid }],
]);

function codepaid(request: Json): Json {
  const amount = request['amount'] as { readonly total: number };
  const paid = transaction({ out_trade_no: String(request['out_trade_no']), total: amount.total }, 'MICROPAY');
  const { sub_appid } = request;
  return typeof sub_appid === 'string' ? { ...paid, sub_appid } : paid;
}

function alipayPaid(order: Json): Json {
  const total = order['total_amount'];
  return {
    ...numberOf(order),
    trade_no: tradeNumber(),
    buyer_logon_id: '159****5620',
    buyer_user_id: '2088000000000001',
    total_amount: total,
    receipt_amount: total,
    buyer_pay_amount: total,
    invoice_amount: total,
    point_amount: '0.00',
    gmt_payment: new Date(Date.now() + 28_800_000).toISOString().slice(0, 19).replace('T', ' '),
    fund_bill_list: [{ amount: total, fund_channel: 'ALIPAYACCOUNT' }],
  };
}

function numberOf(order: Json): Json {
  return { out_trade_no: order['out_trade_no'] };
}

function tradeNumber(): string {
  return `2026010122001${randomBytes(6).readUIntBE(0, 6).toString().padStart(15, '0')}`;
}

/** WeChat Pay signs "timestamp\nnonce\nbody\n" (WeChat Pay V3 merchant documentation, page 4012365341). */
export async function wechatAnswer(signer: StubSigner, status: number, body: string): Promise<StubAnswer> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = hex(16);
  const message = Buffer.from(`${timestamp}\n${nonce}\n${body}\n`);
  const signature = (await signAsync('sha256', message, signer.wechat)).toString('base64');
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
    'Request-ID': createHash('sha256').update(nonce).digest('hex').slice(0, 32),
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': signer.wechat_serial,
    'Wechatpay-Signature': signature,
    'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
  };
  return { status, headers, body };
}

/** Alipay signs the raw text of the answer's node (opendocs.alipay.com/common/02mse7). */
export async function alipayAnswer(signer: StubSigner, method: string, node: Json): Promise<StubAnswer> {
  const text = JSON.stringify(node);
  const signature = (await signAsync('sha256', Buffer.from(text), signer.alipay)).toString('base64');
  const body = `{"${method.replaceAll('.', '_')}_response":${text},"sign":"${signature}"}`;
  const headers = {
    'Content-Type': 'text/html;charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
  };
  return { status: 200, headers, body };
}
