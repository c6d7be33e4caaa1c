import { createSign, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AlipaySdk } from 'alipay-sdk';
import { onTestFinished } from 'vitest';
import { keepCredentials } from '../../src/credentials-files.ts';
import { nodePorts } from '../../src/kernel/node-ports.ts';
import { startSimulators } from '../../src/start.ts';
import type { RunningSimulators, SimulatorsOptions } from '../../src/start.ts';

/** An empty home, removed when the test ends. */
export function emptyHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'heliu-simulators-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

let credentials: Promise<ReadonlyMap<string, string>> | undefined;

/** A home with nothing but credentials: making keys takes seconds, so the tests of a file share theirs. */
export async function newHome(): Promise<string> {
  const home = emptyHome();
  credentials ??= makeCredentials();
  mkdirSync(join(home, 'simulators'));
  for (const [name, text] of await credentials) writeFileSync(join(home, 'simulators', name), text, { mode: 0o600 });
  return home;
}

async function makeCredentials(): Promise<ReadonlyMap<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'heliu-credentials-'));
  try {
    await keepCredentials(folder, nodePorts());
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both simulators with their controls on ports of their own; closed when the test ends. */
export async function start(options: Partial<SimulatorsOptions> = {}): Promise<RunningSimulators> {
  const simulators = await startSimulators({
    host: '127.0.0.1',
    home: options.home ?? (await newHome()),
    control_port: 0,
    wechat_port: 0,
    alipay_port: 0,
    ...options,
  });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= simulators.close());
  onTestFinished(close);
  return { ...simulators, close };
}

export interface ControlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Calls the control API. */
export async function control(
  simulators: Pick<RunningSimulators, 'addresses'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<ControlAnswer> {
  const response = await fetch(simulators.addresses.control + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text) as Record<string, unknown> };
}

export interface PlacedOrder {
  readonly out_trade_no: string;
  readonly code: string;
}

export interface OrderWish {
  readonly amount?: number;
  readonly description?: string;
  readonly notify_url?: string;
}

let orders = 0;
const newNumber = (): string => `${Date.now().toString(16)}${randomBytes(4).toString('hex')}${(orders += 1)}`;

/** Places a partner Native order, signed here by what doc 4012365342 says, sharing no code with the simulator. */
export async function placeWechat(simulators: RunningSimulators, wish: OrderWish = {}): Promise<PlacedOrder> {
  const account = simulators.wechat;
  const out_trade_no = newNumber();
  const target = '/v3/pay/partner/transactions/native';
  const body = JSON.stringify({
    sp_appid: account.sp_appid,
    sp_mchid: account.sp_mchid,
    sub_appid: account.sub_appid,
    sub_mchid: account.sub_mchid,
    description: wish.description ?? '拿铁咖啡（大杯）',
    out_trade_no,
    notify_url: wish.notify_url ?? 'http://127.0.0.1:9/notify',
    amount: { total: wish.amount ?? 7622, currency: 'CNY' },
  });
  const answer = await callWechat(simulators, 'POST', target, body);
  if (answer.status !== 200) throw new Error(`native refused: ${answer.text}`);
  return { out_trade_no, code: (JSON.parse(answer.text) as { code_url: string }).code_url };
}

/** A signed request to the WeChat simulator. */
export async function callWechat(
  simulators: RunningSimulators,
  method: string,
  target: string,
  body = '',
): Promise<{ status: number; text: string; headers: Headers }> {
  const account = simulators.wechat;
  const timestamp = Math.floor(Date.now() / 1000);
  const nonce = randomBytes(16).toString('hex');
  const signature = createSign('RSA-SHA256')
    .update(`${method}\n${target}\n${timestamp}\n${nonce}\n${body}\n`)
    .sign(account.merchant_private_key, 'base64');
  const response = await fetch(simulators.addresses.wechat + target, {
    method,
    headers: {
      accept: 'application/json',
      'user-agent': 'heliu-test',
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
      authorization: `WECHATPAY2-SHA256-RSA2048 mchid="${account.sp_mchid}",nonce_str="${nonce}",signature="${signature}",timestamp="${timestamp}",serial_no="${account.merchant_serial}"`,
    },
    ...(body === '' ? {} : { body }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Places a 当面付 order by Alipay's own client. */
export async function placeAlipay(simulators: RunningSimulators, wish: OrderWish = {}): Promise<PlacedOrder> {
  const account = simulators.alipay;
  const client = new AlipaySdk({
    appId: account.app_id,
    privateKey: account.app_private_key,
    alipayPublicKey: account.alipay_public_key,
    keyType: 'PKCS8',
    gateway: account.gateway_url,
  });
  const out_trade_no = newNumber();
  const answer = await client.exec(
    'alipay.trade.precreate',
    {
      notify_url: wish.notify_url ?? 'http://127.0.0.1:9/notify',
      bizContent: {
        out_trade_no,
        total_amount: ((wish.amount ?? 7622) / 100).toFixed(2),
        subject: wish.description ?? '红富士苹果 2 斤',
      },
    },
    { validateSign: true },
  );
  if (answer['code'] !== '10000') throw new Error(`precreate refused: ${JSON.stringify(answer)}`);
  return { out_trade_no, code: String(answer['qrCode']) };
}

export interface Receiver {
  readonly url: string;
  /** Bodies that arrived, oldest first. */
  readonly bodies: string[];
  /** What it answers from now on; undefined: nothing. */
  answer: { status: number; body: string } | undefined;
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A merchant side that takes callbacks; closed when the test ends. */
export async function startReceiver(): Promise<Receiver> {
  const bodies: string[] = [];
  const receiver: Writable<Receiver> = { url: '', bodies, answer: { status: 200, body: 'success' } };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString('utf8'));
      if (receiver.answer) response.writeHead(receiver.answer.status).end(receiver.answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`;
  return receiver;
}
