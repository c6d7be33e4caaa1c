import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { serveCommands } from './child.ts';

/** The measure of notifications: sign the payload once and POST it, so many at a time; no database, no schedule. */

export interface NotificationRun {
  readonly url: string;
  readonly count: number;
  readonly concurrency: number;
  readonly platform_private_key: string;
}

export interface NotificationRunReport {
  readonly delivered: number;
}

const signAsync = promisify(sign);
const HEADER = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');

async function run(command: NotificationRun): Promise<NotificationRunReport> {
  const key = createPrivateKey(command.platform_private_key);
  const { origin, pathname } = new URL(command.url);
  const pool = new Pool(origin, { connections: command.concurrency });
  let next = 0;
  let delivered = 0;
  const caller = async (): Promise<void> => {
    while (next < command.count) {
      next += 1;
      const head = `${HEADER}.${Buffer.from(JSON.stringify(payload(next))).toString('base64url')}`;
      const signature = await signAsync('sha256', Buffer.from(head), key);
      const answer = await pool.request({
        method: 'POST',
        path: pathname,
        headers: { 'content-type': 'text/plain' },
        body: `${head}.${signature.toString('base64url')}`,
      });
      const text = await answer.body.text();
      if (answer.statusCode === 200 && text.trim().toLowerCase() === 'success') delivered += 1;
    }
  };
  await Promise.all(Array.from({ length: command.concurrency }, caller));
  await pool.close();
  return { delivered };
}

/** A payment notification with the fields of the merchant document. */
function payload(number: number): unknown {
  const now_s = Math.floor(Date.now() / 1000);
  return {
    code: 0,
    msg: 'success',
    nonce_str: now_s.toString(16) + randomBytes(8).toString('hex'),
    data: {
      merchant_id: '5399355381712172',
      trade_id: now_s.toString(16) + randomBytes(8).toString('hex'),
      mch_trade_id: `bench.notification.${number}`,
      pay_type: 'wechat.scan',
      trade_state: 0,
      trade_info: '支付成功, ',
      total_fee: 221,
      body: 'Alex Test Scan',
      device_info: 'alex device',
      op_user_id: '301',
      attach: 'Alex attach',
      created_at: now_s,
      pay_time: now_s,
      out_trade_id: '4200000000202601010000000001',
      bank_type: 'OTHERS',
      fee_type: 'CNY',
      cash_fee: 221,
    },
  };
}

serveCommands({ run });
