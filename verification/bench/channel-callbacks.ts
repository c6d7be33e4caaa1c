import { createCipheriv, randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { PARTNER } from './keys.ts';

/** The stub as payer: tells the program under test that orders were paid, as WeChat Pay does. */

export interface RememberedOrder {
  readonly out_trade_no: string;
  readonly total: number;
  readonly notify_url: string;
}

/** Reads what a callback needs from an order's request body. */
export function rememberOrder(body: string): RememberedOrder {
  const order = JSON.parse(body) as { out_trade_no: string; notify_url: string; amount: { total: number } };
  return { out_trade_no: order.out_trade_no, total: order.amount.total, notify_url: order.notify_url };
}

/** The body of a TRANSACTION.SUCCESS callback, its resource encrypted under the APIv3 key (documents 4012791882, 4012071382). */
export function paidCallback(order: RememberedOrder, api_v3_key: string): string {
  const nonce = randomBytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(api_v3_key), Buffer.from(nonce));
  cipher.setAAD(Buffer.from('transaction'));
  const plain = Buffer.from(JSON.stringify(transaction(order, 'NATIVE')));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return JSON.stringify({
    id: randomBytes(16).toString('hex'),
    create_time: chinaTime(),
    resource_type: 'encrypt-resource',
    event_type: 'TRANSACTION.SUCCESS',
    summary: '支付成功',
    resource: {
      original_type: 'transaction',
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: ciphertext.toString('base64'),
      associated_data: 'transaction',
      nonce,
    },
  });
}

/** A paid order as callbacks and the answers about payment codes show it. */
export function transaction(
  order: Pick<RememberedOrder, 'out_trade_no' | 'total'>,
  trade_type: 'NATIVE' | 'MICROPAY',
): Readonly<Record<string, unknown>> {
  return {
    sp_appid: PARTNER.sp_appid,
    sp_mchid: PARTNER.sp_mchid,
    sub_mchid: PARTNER.sub_mchid,
    out_trade_no: order.out_trade_no,
    transaction_id: `42000${Date.now()}${randomBytes(4).readUInt32BE().toString().padStart(10, '0')}`,
    trade_type,
    trade_state: 'SUCCESS',
    trade_state_desc: '支付成功',
    bank_type: 'OTHERS',
    success_time: chinaTime(),
    payer: { sp_openid: 'o0000000000000000000000000001' },
    amount: { total: order.total, payer_total: order.total, currency: 'CNY', payer_currency: 'CNY' },
  };
}

function chinaTime(): string {
  return `${new Date(Date.now() + 28_800_000).toISOString().slice(0, 19)}+08:00`;
}

/**
 * Posts callbacks, a few at a time.
 *
 * @param sign the headers for a body
 * @returns how many were acknowledged, and the other answers by status
 */
export async function sendCallbacks(
  orders: readonly RememberedOrder[],
  api_v3_key: string,
  sign: (body: string) => Promise<Readonly<Record<string, string>>>,
): Promise<{ readonly acknowledged: number; readonly refused: Readonly<Record<string, number>> }> {
  const [first] = orders;
  if (first === undefined) return { acknowledged: 0, refused: {} };
  const pool = new Pool(new URL(first.notify_url).origin, { connections: 16 });
  const refused = new Map<string, number>();
  let next = 0;
  let acknowledged = 0;
  const caller = async (): Promise<void> => {
    for (let order = orders[next++]; order !== undefined; order = orders[next++]) {
      const body = paidCallback(order, api_v3_key);
      const path = new URL(order.notify_url).pathname;
      const answer = await pool.request({ method: 'POST', path, headers: await sign(body), body });
      const text = await answer.body.text();
      if (answer.statusCode === 200 || answer.statusCode === 204) acknowledged += 1;
      else
        refused.set(
          `${answer.statusCode} ${text.slice(0, 80)}`,
          (refused.get(`${answer.statusCode} ${text.slice(0, 80)}`) ?? 0) + 1,
        );
    }
  };
  await Promise.all(Array.from({ length: 16 }, caller));
  await pool.close();
  return { acknowledged, refused: Object.fromEntries(refused) };
}
