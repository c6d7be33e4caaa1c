import { createDecipheriv, createSign, createVerify, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { FaultBoard } from '../../src/faults/registry.ts';
import { listen } from '../../src/kernel/http-server.ts';
import type { Journal } from '../../src/kernel/journal.ts';
import { memoryJournal } from '../../src/kernel/journal.ts';
import { Ledger } from '../../src/kernel/ledger.ts';
import { nodePorts } from '../../src/kernel/node-ports.ts';
import type { Handler, Reply, SimulatorPorts } from '../../src/kernel/ports.ts';
import { createWechatConfig } from '../../src/wechat/config.ts';
import type { WechatConfig, WechatMerchant } from '../../src/wechat/config.ts';
import { createServerCertificate } from '../../src/wechat/credentials.ts';
import { createWechatSimulator } from '../../src/wechat/simulator.ts';
import type { WechatSimulator } from '../../src/wechat/simulator.ts';

/** A running simulator on a port of its own. */
export interface Running {
  readonly simulator: WechatSimulator;
  readonly config: WechatConfig;
  readonly faults: FaultBoard;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly base_url: string;
  /** The same simulator over TLS. */
  readonly tls_base_url: string;
  /** What became of each request, oldest first. */
  readonly replies: readonly Reply['kind'][];
  /** The service provider, with its first sub-merchant, and the direct merchant. */
  readonly provider: WechatMerchant;
  readonly direct: WechatMerchant;
  close(): Promise<void>;
}

/** One set of credentials serves a whole test file: making RSA keys is what takes time, and nothing changes them. */
let shared: Promise<WechatConfig> | undefined;

export async function start(
  options: { config?: WechatConfig; journal?: Journal; ports?: SimulatorPorts } = {},
): Promise<Running> {
  const own = nodePorts();
  const ports = options.ports ?? own;
  const config = options.config ?? (await (shared ??= createWechatConfig(own)));
  const journal = options.journal ?? memoryJournal();
  const faults = new FaultBoard({ ports, journal });
  const ledger = new Ledger(journal);
  let base_url = '';
  const simulator = createWechatSimulator({ ports, journal, faults, ledger, config, web_origin: () => base_url });
  simulator.resume();
  const replies: Reply['kind'][] = [];
  const handler: Handler = async (request) => {
    const reply = await simulator.handler(request);
    replies.push(reply.kind);
    return reply;
  };
  const server = await listen(handler, { host: '127.0.0.1', port: 0, ports });
  base_url = `http://127.0.0.1:${server.port}`;
  const { authority } = config;
  if (!authority) throw new Error('config without an authority');
  const tls = { ...(await createServerCertificate(own, authority, '127.0.0.1')), client_ca: authority.ca_certificate };
  const secured = await listen(handler, { host: '127.0.0.1', port: 0, ports, tls });
  const [provider, direct] = config.merchants;
  if (!provider || !direct) throw new Error('config without merchants');
  return {
    simulator,
    config,
    faults,
    ledger,
    journal,
    replies,
    base_url,
    tls_base_url: `https://127.0.0.1:${secured.port}`,
    provider,
    direct,
    close: async () => {
      own.close();
      await Promise.all([server.close(), secured.close()]);
    },
  };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The body as JSON; undefined when it is empty. */
  readonly json: { code?: string; message?: string; [name: string]: unknown } | undefined;
}

export interface RawOptions {
  readonly body?: object | string;
  readonly headers?: Record<string, string>;
  /** Header names that are not sent. */
  readonly without?: readonly string[];
  readonly now_ms?: number;
  /** Changes the fields of the Authorization header after signing; an empty value leaves the field out. */
  readonly authorization?: Partial<Record<'mchid' | 'nonce_str' | 'signature' | 'timestamp' | 'serial_no', string>>;
  readonly scheme?: string;
  readonly signal?: AbortSignal;
}

/** A request made and signed by hand, by nothing but node:crypto, so that each part of it can be spoilt. */
export async function raw(
  running: Pick<Running, 'base_url'>,
  merchant: WechatMerchant,
  method: string,
  target: string,
  options: RawOptions = {},
): Promise<RawAnswer> {
  const body = typeof options.body === 'string' ? options.body : options.body ? JSON.stringify(options.body) : '';
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'User-Agent': 'heliu-test',
    ...(body ? { 'Content-Type': 'application/json' } : {}),
    Authorization: authorization(merchant, method, target, body, options),
    ...options.headers,
  };
  for (const name of options.without ?? []) delete headers[name];
  const answer = await send(running.base_url, method, target, headers, body, options.signal);
  return { ...answer, json: parseJson(answer.body) };
}

function authorization(
  merchant: WechatMerchant,
  method: string,
  target: string,
  body: string,
  options: RawOptions,
): string {
  const timestamp = options.authorization?.timestamp ?? String(Math.floor((options.now_ms ?? Date.now()) / 1000));
  const nonce = randomBytes(16).toString('hex');
  const signer = createSign('RSA-SHA256').update(`${method}\n${target}\n${timestamp}\n${nonce}\n${body}\n`);
  const fields = {
    mchid: merchant.mchid,
    nonce_str: nonce,
    signature: signer.sign(merchant.private_key, 'base64'),
    timestamp,
    serial_no: merchant.certificate_serial,
    ...options.authorization,
  };
  const list = Object.entries(fields).filter(([, value]) => value !== '');
  const scheme = options.scheme ?? 'WECHATPAY2-SHA256-RSA2048';
  return `${scheme} ${list.map(([name, value]) => `${name}="${value}"`).join(',')}`;
}

/** node:http instead of fetch, which adds Accept and User-Agent of its own. */
async function send(
  base_url: string,
  method: string,
  target: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal | undefined,
): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const { request } = await import('node:http');
  const { hostname, port } = new URL(base_url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, method, path: target, headers, agent: false, ...(signal ? { signal } : {}) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const flat = new Headers();
          for (const [name, value] of Object.entries(response.headers)) flat.set(name, String(value));
          resolve({ status: response.statusCode ?? 0, headers: flat, body: Buffer.concat(chunks) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function parseJson(body: Buffer): RawAnswer['json'] {
  try {
    return JSON.parse(body.toString('utf8')) as RawAnswer['json'];
  } catch {
    return undefined;
  }
}

/** Whether an answer or callback is signed by the platform key of the serial it names. */
export function signatureHolds(
  running: Pick<Running, 'simulator'>,
  headers: Headers | IncomingHttpHeaders,
  body: Buffer,
): boolean {
  const header = (name: string): string =>
    String(headers instanceof Headers ? (headers.get(name) ?? '') : (headers[name] ?? ''));
  const key = running.simulator.platformKeys().find(({ serial }) => serial === header('wechatpay-serial'));
  if (!key) return false;
  return createVerify('RSA-SHA256')
    .update(`${header('wechatpay-timestamp')}\n${header('wechatpay-nonce')}\n`)
    .update(body)
    .update('\n')
    .verify(key.public_key, header('wechatpay-signature'), 'base64');
}

/** Opens a callback's resource the way doc 4012071382 tells merchants to. */
export function openResource(
  api_v3_key: string,
  resource: { ciphertext: string; nonce: string; associated_data: string },
): Record<string, unknown> {
  const bytes = Buffer.from(resource.ciphertext, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', api_v3_key, resource.nonce);
  decipher.setAuthTag(bytes.subarray(-16));
  decipher.setAAD(Buffer.from(resource.associated_data));
  const plain = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]);
  return JSON.parse(plain.toString('utf8')) as Record<string, unknown>;
}

let orders = 0;
export const newNumber = (): string => `T${Date.now()}${(orders += 1)}`;

/** A complete request of the partner (service provider) kind. */
export function partnerOrder(running: Pick<Running, 'provider'>, more: object = {}): Record<string, unknown> {
  const sub = running.provider.sub_merchants[0];
  return {
    sp_appid: running.provider.appids[0],
    sp_mchid: running.provider.mchid,
    sub_appid: sub?.appids[0],
    sub_mchid: sub?.mchid,
    description: '一杯咖啡',
    out_trade_no: newNumber(),
    notify_url: 'http://127.0.0.1:9/notify',
    amount: { total: 100, currency: 'CNY' },
    ...more,
  };
}

/** A complete request of the direct kind. */
export function directOrder(running: Pick<Running, 'direct'>, more: object = {}): Record<string, unknown> {
  return {
    appid: running.direct.appids[0],
    mchid: running.direct.mchid,
    description: '一杯咖啡',
    out_trade_no: newNumber(),
    notify_url: 'http://127.0.0.1:9/notify',
    amount: { total: 100, currency: 'CNY' },
    ...more,
  };
}

/** Places a direct order by hand and returns its number and code. */
export async function placeDirect(
  running: Running,
  more: object = {},
  now_ms?: number,
): Promise<{ out_trade_no: string; code_url: string }> {
  const body = directOrder(running, more);
  const answer = await raw(running, running.direct, 'POST', '/v3/pay/transactions/native', {
    body,
    ...(now_ms === undefined ? {} : { now_ms }),
  });
  if (answer.status !== 200) throw new Error(`order refused: ${answer.body.toString('utf8')}`);
  return { out_trade_no: String(body['out_trade_no']), code_url: String(answer.json?.['code_url']) };
}

/** Places a direct order and pays it. */
export async function placePaid(
  running: Running,
  more: object = {},
  now_ms?: number,
): Promise<{ out_trade_no: string; code_url: string }> {
  const order = await placeDirect(running, more, now_ms);
  running.simulator.scan(order.code_url, 'pay');
  return order;
}

/** Asks for a refund of a direct order. */
export function refundDirect(
  running: Running,
  out_trade_no: string,
  more: { refund: number; total: number; out_refund_no?: string; reason?: string; notify_url?: string },
  now_ms?: number,
): Promise<RawAnswer> {
  const { refund, total, ...rest } = more;
  return raw(running, running.direct, 'POST', '/v3/refund/domestic/refunds', {
    body: { out_trade_no, out_refund_no: newNumber(), ...rest, amount: { refund, total, currency: 'CNY' } },
    ...(now_ms === undefined ? {} : { now_ms }),
  });
}

/** The order as a query shows it. */
export async function queryDirect(running: Running, out_trade_no: string, now_ms?: number): Promise<RawAnswer> {
  const target = `/v3/pay/transactions/out-trade-no/${out_trade_no}?mchid=${running.direct.mchid}`;
  return raw(running, running.direct, 'GET', target, now_ms === undefined ? {} : { now_ms });
}
