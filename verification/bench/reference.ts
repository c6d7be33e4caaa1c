import { createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { serveCommands } from './child.ts';
import { PARTNER } from './keys.ts';
import { newId, readToken, serveTokens, signToken } from './reference-http.ts';
import { openReferenceStorage } from './reference-storage.ts';
import type { ReferenceStorage } from './reference-storage.ts';

/**
 * The measure of the gateway: the smallest honest program that does the essential work of one `wechat.scan` order.
 * Verify the merchant's RS256, one insert commit of order and nonce, one signed WeChat Pay V3 call whose answer is
 * verified, one update commit, sign the answer. It knows one merchant, one pay type and no error but "failed"; but what
 * it does it does as well as we know how: keys parsed once, signatures on the thread pool, each overlapped with the
 * commit beside it, one round trip a step, micro-batched statements, keep-alive, a bound on what is in flight.
 */

export interface ReferenceSettings {
  readonly database_url: string;
  readonly channel_url: string;
  readonly merchant_id: string;
  readonly merchant_public_key: string;
  readonly platform_private_key: string;
  readonly channel_private_key: string;
  readonly wechat_public_key: string;
  readonly wechat_serial: string;
}

/** More only lengthens the queue: at 32 both cores are busy. */
const ORDERS_IN_FLIGHT = 32;

const NATIVE_PATH = '/v3/pay/partner/transactions/native';
const CHANNEL_CLOCK_SKEW_S = 300;
const ORDER_LIFETIME_MS = 7_200_000;

const signAsync = promisify(sign);

interface Program {
  readonly settings: ReferenceSettings;
  readonly storage: ReferenceStorage;
  readonly channel: Pool;
  readonly merchant_key: KeyObject;
  readonly platform_key: KeyObject;
  readonly channel_key: KeyObject;
  readonly wechat_key: KeyObject;
}

interface Claims {
  readonly pay_type: string;
  readonly nonce_str: string;
  readonly mch_trade_id: string;
  readonly total_fee: number;
  readonly body: string;
  readonly spbill_create_ip: string;
  readonly notify_url: string;
  readonly attach: string;
}

async function start(settings: ReferenceSettings): Promise<{ readonly url: string }> {
  const program: Program = {
    settings,
    storage: await openReferenceStorage(settings.database_url),
    channel: new Pool(settings.channel_url, { connections: ORDERS_IN_FLIGHT }),
    merchant_key: createPublicKey(settings.merchant_public_key),
    platform_key: createPrivateKey(settings.platform_private_key),
    channel_key: createPrivateKey(settings.channel_private_key),
    wechat_key: createPublicKey(settings.wechat_public_key),
  };
  const url = await serveTokens(ORDERS_IN_FLIGHT, (path, token) => pay(program, path, token));
  return { url };
}

async function pay(program: Program, url: string, token: string): Promise<string> {
  const started_ms = performance.now();
  const merchant_id = url.slice(url.indexOf('?merchant_id=') + 13);
  if (!url.startsWith('/v2/pay?') || merchant_id !== program.settings.merchant_id) throw new Error('no such merchant');
  const claims = readToken(program.merchant_key, token) as Claims;
  const now_ms = Date.now();
  const trade_id = newId(now_ms);
  const order = {
    merchant_id,
    trade_id,
    mch_trade_id: claims.mch_trade_id,
    nonce_str: claims.nonce_str,
    pay_type: claims.pay_type,
    total_fen: claims.total_fee,
    body: claims.body,
    attach: claims.attach,
    notify_url: claims.notify_url,
    created_at_ms: now_ms,
    expires_at_ms: now_ms + ORDER_LIFETIME_MS,
  };
  const callBody = channelBody(claims, trade_id, order.expires_at_ms);
  const [outcome, authorization] = await Promise.all([
    program.storage.insertOrder(order),
    channelAuthorization(program, callBody),
  ]);
  if (outcome !== 'inserted') throw new Error(outcome);
  const code_url = await callChannel(program, callBody, authorization);
  const data = { code_url, trade_id, mch_trade_id: claims.mch_trade_id, merchant_id };
  const time_elapsed = Math.round((performance.now() - started_ms) * 10) / 10_000;
  const answer = { code: 0, msg: 'success', data, nonce_str: newId(now_ms), time_elapsed };
  const [jwt] = await Promise.all([
    signToken(program.platform_key, answer),
    program.storage.recordReply({ merchant_id, trade_id, reply: JSON.stringify({ code_url }) }),
  ]);
  return jwt;
}

function channelBody(claims: Claims, out_trade_no: string, expires_at_ms: number): string {
  return JSON.stringify({
    sp_appid: PARTNER.sp_appid,
    sp_mchid: PARTNER.sp_mchid,
    sub_mchid: PARTNER.sub_mchid,
    description: claims.body,
    out_trade_no,
    time_expire: `${new Date(expires_at_ms + 28_800_000).toISOString().slice(0, 19)}+08:00`,
    attach: claims.attach,
    notify_url: 'https://gateway.example/notify/wechat',
    amount: { total: claims.total_fee, currency: 'CNY' },
    scene_info: { payer_client_ip: claims.spbill_create_ip },
  });
}

/** Request signature of WeChat Pay V3 (merchant documentation, page 4012365336). */
async function channelAuthorization(program: Program, body: string): Promise<string> {
  const timestamp = Math.floor(Date.now() / 1000);
  const nonce = randomBytes(16).toString('hex');
  const message = `POST\n${NATIVE_PATH}\n${timestamp}\n${nonce}\n${body}\n`;
  const signature = await signAsync('sha256', Buffer.from(message), program.channel_key);
  return (
    `WECHATPAY2-SHA256-RSA2048 mchid="${PARTNER.sp_mchid}",nonce_str="${nonce}",timestamp="${timestamp}",` +
    `serial_no="${PARTNER.merchant_serial}",signature="${signature.toString('base64')}"`
  );
}

/** Places the order and believes the answer only when WeChat Pay has signed it (page 4012365341). */
async function callChannel(program: Program, body: string, authorization: string): Promise<string> {
  const {
    statusCode,
    headers,
    body: answer,
  } = await program.channel.request({
    method: 'POST',
    path: NATIVE_PATH,
    headers: {
      Authorization: authorization,
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'Wechatpay-Serial': program.settings.wechat_serial,
    },
    body,
  });
  const text = await answer.text();
  const timestamp = String(headers['wechatpay-timestamp']);
  const skew_s = Math.abs(Date.now() / 1000 - Number(timestamp));
  const signature = Buffer.from(String(headers['wechatpay-signature']), 'base64');
  const message = Buffer.from(`${timestamp}\n${String(headers['wechatpay-nonce'])}\n${text}\n`);
  const genuine =
    headers['wechatpay-serial'] === program.settings.wechat_serial &&
    skew_s <= CHANNEL_CLOCK_SKEW_S &&
    verify('sha256', message, program.wechat_key, signature);
  if (!genuine || statusCode !== 200) throw new Error('the channel did not accept');
  const { code_url } = JSON.parse(text) as { code_url: unknown };
  if (typeof code_url !== 'string') throw new Error('the channel did not accept');
  return code_url;
}

serveCommands({ start });
