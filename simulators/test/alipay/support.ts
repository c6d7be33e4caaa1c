import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSign, randomBytes } from 'node:crypto';
import { AlipaySdk } from 'alipay-sdk';
import { onTestFinished } from 'vitest';
import type { AlipayAppConfig, AlipayConfig } from '../../src/alipay/config.ts';
import { createAlipaySimulator } from '../../src/alipay/simulator.ts';
import type { AlipaySimulator } from '../../src/alipay/simulator.ts';
import { FaultBoard } from '../../src/faults/registry.ts';
import { listen } from '../../src/kernel/http-server.ts';
import { memoryJournal } from '../../src/kernel/journal.ts';
import type { Journal } from '../../src/kernel/journal.ts';
import { Ledger } from '../../src/kernel/ledger.ts';
import { nodePorts } from '../../src/kernel/node-ports.ts';
import type { OutgoingAnswer, OutgoingRequest, SimulatorPorts } from '../../src/kernel/ports.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** 2026-11-23 12:00:00 in China. */
export const NOON_MS = Date.UTC(2026, 10, 23, 4, 0, 0);

export interface Stand {
  readonly simulator: AlipaySimulator;
  readonly ledger: Ledger;
  readonly faults: FaultBoard;
  readonly gateway_url: string;
  close(): Promise<void>;
}

/** A simulator on a loopback port of its own; closed when the test ends. */
export async function start(
  config: AlipayConfig,
  options: { ports?: SimulatorPorts; journal?: Journal } = {},
): Promise<Stand> {
  const ports = options.ports ?? realPorts();
  const journal = options.journal ?? memoryJournal();
  const ledger = new Ledger(journal);
  const faults = new FaultBoard({ ports, journal });
  const simulator = createAlipaySimulator({ ports, journal, faults, ledger, config });
  simulator.resume();
  const server = await listen(simulator.handler, { host: '127.0.0.1', port: 0, ports });
  onTestFinished(() => server.close());
  return {
    simulator,
    ledger,
    faults,
    gateway_url: `http://127.0.0.1:${server.port}/gateway.do`,
    close: () => server.close(),
  };
}

export function realPorts(): SimulatorPorts {
  const ports = nodePorts();
  onTestFinished(() => ports.close());
  return ports;
}

/** The independent, official client. */
export function officialClient(stand: Stand, app: AlipayAppConfig): AlipaySdk {
  return new AlipaySdk({
    appId: app.app_id,
    privateKey: app.app_private_key,
    keyType: 'PKCS8',
    gateway: stand.gateway_url,
    timeout: 3000,
    ...(app.certificates
      ? {
          appCertContent: app.certificates.app_cert,
          alipayPublicCertContent: app.certificates.alipay_cert,
          alipayRootCertContent: app.certificates.alipay_root_cert,
        }
      : { alipayPublicKey: app.alipay_public_key }),
  });
}

export function keyApp(config: AlipayConfig): AlipayAppConfig {
  return find(config, 'key');
}

export function certificateApp(config: AlipayConfig): AlipayAppConfig {
  return find(config, 'certificate');
}

function find(config: AlipayConfig, mode: string): AlipayAppConfig {
  const app = config.apps.find((candidate) => candidate.mode === mode);
  if (!app) throw new Error(`no app in ${mode} mode`);
  return app;
}

/** Calls a method by the official client with the answer's signature checked. */
export function call(
  stand: Stand,
  app: AlipayAppConfig,
  method: string,
  bizContent: Record<string, unknown>,
  common: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  return officialClient(stand, app).exec(method, { ...common, bizContent }, { validateSign: true });
}

let orders = 0;

/** A fresh order number. */
export function newNumber(): string {
  orders += 1;
  return `order_${orders}_${randomBytes(4).toString('hex')}`;
}

/** Places an order of 100.01 yuan, unless told otherwise, and answers its code. */
export async function precreate(
  stand: Stand,
  app: AlipayAppConfig,
  biz: Record<string, unknown> = {},
  common: Record<string, string> = {},
): Promise<{ out_trade_no: string; code: string }> {
  const out_trade_no = typeof biz['out_trade_no'] === 'string' ? biz['out_trade_no'] : newNumber();
  const content = { out_trade_no, total_amount: '100.01', subject: '红富士苹果', ...biz };
  const answer = await call(stand, app, 'alipay.trade.precreate', content, common);
  if (answer['code'] !== '10000') throw new Error(`precreate: ${JSON.stringify(answer)}`);
  return { out_trade_no, code: answer['qrCode'] as string };
}

/** Places and pays an order. */
export async function paidOrder(
  stand: Stand,
  app: AlipayAppConfig,
  biz: Record<string, unknown> = {},
  common: Record<string, string> = {},
): Promise<string> {
  const { out_trade_no, code } = await precreate(stand, app, biz, common);
  stand.simulator.scan(code, 'pay');
  return out_trade_no;
}

/** Common parameters of a request as the vendor's page describes them, unsigned. */
export function commonParameters(app: AlipayAppConfig, method: string, biz?: object): Record<string, string> {
  return {
    app_id: app.app_id,
    method,
    format: 'JSON',
    charset: 'utf-8',
    sign_type: 'RSA2',
    timestamp: '2026-11-23 12:00:00',
    version: '1.0',
    ...(biz ? { biz_content: JSON.stringify(biz) } : {}),
  };
}

/** Signs parameters by what the vendor's page says, sharing no code with the simulator. */
export function signed(app: AlipayAppConfig, parameters: Record<string, string>): Record<string, string> {
  const content = Object.keys(parameters)
    .filter((name) => name !== 'sign' && parameters[name] !== '')
    .toSorted()
    .map((name) => `${name}=${parameters[name]}`)
    .join('&');
  return { ...parameters, sign: createSign('RSA-SHA256').update(content).sign(app.app_private_key, 'base64') };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The only member beside sign and alipay_cert_sn. */
  readonly node: string;
  readonly body: Record<string, unknown>;
  readonly sign: string | undefined;
}

/** Sends parameters as a form body. */
export async function post(stand: Stand, parameters: Record<string, string>): Promise<RawAnswer> {
  return read(await fetch(stand.gateway_url, { method: 'POST', body: new URLSearchParams(parameters) }));
}

export async function read(response: Response): Promise<RawAnswer> {
  const text = await response.text();
  const parsed = JSON.parse(text) as Record<string, unknown>;
  const node = Object.keys(parsed)[0] ?? '';
  return {
    status: response.status,
    headers: response.headers,
    text,
    node,
    body: parsed[node] as Record<string, unknown>,
    sign: parsed['sign'] as string | undefined,
  };
}

/** A clock that stands still until it is moved, and a network of one function. */
export class VirtualPorts implements SimulatorPorts {
  readonly sent: { at_ms: number; request: OutgoingRequest }[] = [];
  answer: (request: OutgoingRequest) => OutgoingAnswer | Promise<OutgoingAnswer> = () => plain('success');
  #now_ms = NOON_MS;
  #queue: { at_ms: number; task: () => void | Promise<void> }[] = [];

  now(): number {
    return this.#now_ms;
  }

  schedule(delay_ms: number, task: () => void | Promise<void>): { cancel(): void } {
    const entry = { at_ms: this.#now_ms + Math.max(0, delay_ms), task };
    this.#queue.push(entry);
    return { cancel: () => void (this.#queue = this.#queue.filter((other) => other !== entry)) };
  }

  randomBytes(length: number): Buffer {
    return randomBytes(length);
  }

  async send(request: OutgoingRequest): Promise<OutgoingAnswer> {
    this.sent.push({ at_ms: this.#now_ms, request });
    return this.answer(request);
  }

  /** Moves the clock, running what is due in its order; `0` runs what is due now. */
  async advance(by_ms: number): Promise<void> {
    const until_ms = this.#now_ms + by_ms;
    await settle();
    for (let next = this.#due(until_ms); next; next = this.#due(until_ms)) {
      this.#queue = this.#queue.filter((other) => other !== next);
      this.#now_ms = Math.max(this.#now_ms, next.at_ms);
      void next.task();
      await settle();
    }
    this.#now_ms = until_ms;
  }

  #due(until_ms: number): { at_ms: number; task: () => void | Promise<void> } | undefined {
    return this.#queue.filter((entry) => entry.at_ms <= until_ms).toSorted((a, b) => a.at_ms - b.at_ms)[0];
  }
}

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function plain(body: string, status = 200): OutgoingAnswer {
  return { status, headers: {}, body: Buffer.from(body) };
}

export function formOf(request: { body: Buffer }): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(request.body.toString('utf8')));
}

export interface Receiver {
  readonly url: string;
  readonly forms: Record<string, string>[];
  /** Resolves once so many callbacks have arrived. */
  arrived(count: number): Promise<void>;
}

/** A merchant's notify_url on a real port. */
export async function receiver(answer = 'success'): Promise<Receiver> {
  const forms: Record<string, string>[] = [];
  let wake: () => void = () => undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.end(answer);
      forms.push(formOf({ body: Buffer.concat(chunks) }));
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`,
    forms,
    arrived: async (count) => {
      while (forms.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
