/**
 * `npm run demo [-- <pay_type>]`: places one order of 0.01 yuan as the sandbox's demo merchant: a JWT signed RS256 to
 * `POST /v2/pay`, and the answer's signature checked with the platform's key. Nothing but Node's own library.
 */
import { randomBytes, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../gateway/src/config.ts';
import { SANDBOX_FILE } from './sandbox-file.ts';
import type { SandboxFile } from './sandbox-file.ts';

const file = join(readConfig(process.env).home, SANDBOX_FILE);
const text = await readFile(file, 'utf8').catch(() => null);
if (text === null) {
  console.error(`There is no ${file}. Start the sandbox first by npm start, with the same HELIU_HOME.`);
  process.exitCode = 1;
} else {
  await placeOrder(JSON.parse(text) as SandboxFile, process.argv[2] ?? 'wechat.scan');
}

async function placeOrder(sandbox: SandboxFile, pay_type: string): Promise<void> {
  const claims = {
    pay_type,
    nonce_str: randomBytes(12).toString('hex'),
    mch_trade_id: `demo.${Date.now()}`,
    total_fee: 1,
    body: 'Heliu demo',
    spbill_create_ip: '127.0.0.1',
  };
  const url = `${sandbox.gateway.url}/v2/pay?merchant_id=${sandbox.merchant.merchant_id}`;
  console.log(`POST ${url}\n${JSON.stringify(claims, null, 2)}\n`);
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: signToken(claims, sandbox.merchant.private_key),
  });
  const body = await answer.text();
  // An error is plain JSON and not signed.
  const is_error = body.startsWith('{');
  const shown: unknown = is_error ? JSON.parse(body) : readToken(body, sandbox.gateway.platform_public_key);
  console.log(`${answer.status}${is_error ? '' : ', signed by the platform'}\n${JSON.stringify(shown, null, 2)}`);
  if (is_error) process.exitCode = 1;
  else console.log(`\nPay it in the wallet: ${sandbox.simulators.url}`);
}

function signToken(claims: object, private_key: string): string {
  const parts = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signed = parts.join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), private_key).toString('base64url')}`;
}

/** @throws when the platform did not sign it */
function readToken(token: string, platform_public_key: string): unknown {
  const [header = '', payload = '', signature = ''] = token.trim().split('.');
  const is_genuine = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    platform_public_key,
    Buffer.from(signature, 'base64url'),
  );
  if (!is_genuine) throw new Error("the answer's signature is wrong");
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}
