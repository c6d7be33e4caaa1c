/**
 * A first payment, from the order to the refund, as a merchant's server makes it. `--help` tells how to run it.
 *
 * What to copy is in merchant.ts: everything that talks to Heliu. This file is the story, and terminal-qr.ts draws the code.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Heliu, type Message } from './merchant.ts';
import { terminalQr } from './terminal-qr.ts';

const HELP = `npm run demo -- [PAY_TYPE] [--by-hand]

Places an order of 2.21 yuan in the sandbox, pays it, waits for the signed notification, refunds it, waits again, queries.

  PAY_TYPE    wechat.scan (default) or alipay.scan
  --by-hand   you pay it yourself in the wallet page
  --help      this text

The sandbox must run (npm start). Its file is $HELIU_HOME/sandbox.json; HELIU_HOME is .heliu unless it is set. Or without
that file: HELIU_URL, MERCHANT_ID, MERCHANT_KEY_FILE and PLATFORM_KEY_FILE (PEM), and CONTROL_URL for the simulated phone.
`;

/** What the demo needs of sandbox.json. In production all of it comes from your own configuration. */
interface SandboxFile {
  readonly gateway: { readonly url: string; readonly platform_public_key: string };
  readonly merchant: { readonly merchant_id: string; readonly private_key: string };
  readonly simulators: { readonly url: string };
}

/** Something to tell the person in front of the screen, without a stack. */
class Explained extends Error {}

const TOTAL_FEE = 221;

/** A notification takes no second, and up to a minute when the channel's callback is lost. A person may take two hours to pay. */
const PATIENCE_MS = { script: 90_000, person: 7_200_000 };

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) return print(HELP);
  const sandbox = await readSettings();
  const heliu = new Heliu({
    gateway_url: sandbox.gateway.url,
    merchant_id: sandbox.merchant.merchant_id,
    private_key: sandbox.merchant.private_key,
    platform_public_key: sandbox.gateway.platform_public_key,
  });
  const server = await startNotifyServer(heliu);
  try {
    await firstPayment(heliu, server, sandbox, positionals[0] ?? 'wechat.scan', values['by-hand']);
  } finally {
    server.close();
  }
}

function readArguments() {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ allowPositionals: true, options: { 'by-hand': flag, help: flag } });
  } catch (error) {
    throw new Explained(`${(error as Error).message}\n\n${HELP}`);
  }
}

async function firstPayment(
  heliu: Heliu,
  server: NotifyServer,
  sandbox: SandboxFile,
  pay_type: string,
  by_hand: boolean,
): Promise<void> {
  // A number of yours, unique for ever. Store the order under it before you call: whatever happens, you can query it.
  const mch_trade_id = `demo.${Date.now()}`;

  step('1  Place the order');
  const placed = await call(heliu, '/v2/pay', {
    pay_type,
    mch_trade_id,
    total_fee: TOTAL_FEE, // in fen: 2.21 yuan
    body: 'Heliu demo, one coffee',
    spbill_create_ip: '127.0.0.1',
    notify_url: `${server.url}/paid`,
    attach: 'comes back in the notification',
  });
  const { code_url } = placed.data;
  if (typeof code_url !== 'string')
    throw new Explained(`${pay_type} gives no code to scan: take wechat.scan or alipay.scan.`);

  step('2  The payer scans the code');
  print(`${terminalQr(code_url) ?? '   (too long for a code in this terminal)'}\n\n   ${code_url}\n`);
  if (by_hand) {
    print(`   Open the wallet page and pay it there; the order waits at the top:\n   ${sandbox.simulators.url}\n`);
  } else {
    const scan = { code: code_url, action: 'pay' };
    show('POST', `${sandbox.simulators.url}/control/scan`, scan);
    show('→', 'the simulated phone', await control(sandbox, '/control/scan', scan));
  }

  step('3  The notification arrives');
  const paid = await server.next('/paid', by_hand ? PATIENCE_MS.person : PATIENCE_MS.script);
  show('POST', `${server.url}/paid  ✓ signed by the platform; answered: success`, paid);
  // Compare with your own books before you ship anything: number, amount, state.
  expect('the order', paid.data['mch_trade_id'], mch_trade_id);
  expect('the amount', paid.data['total_fee'], TOTAL_FEE);
  expect('trade_state (0 is paid)', paid.data['trade_state'], 0);

  step('4  A forged notification arrives: the same one, with another amount');
  print(`   ✓ refused: ${await sendForgery(server)}`);

  step('5  Query the order');
  const queried = await call(heliu, '/v2/pay/query', { mch_trade_id });
  expect('trade_state (0 is paid)', queried.data['trade_state'], 0);

  step('6  Refund it');
  const refunded = await call(heliu, '/v2/pay/refund', {
    mch_trade_id,
    mch_refund_id: `${mch_trade_id}.refund.1`,
    refund_fee: TOTAL_FEE,
    refund_desc: 'the demo is over',
    notify_url: `${server.url}/refunded`,
  });
  expect('trade_state (1 is being refunded)', refunded.data['trade_state'], 1);

  step('7  The notification of the refund arrives');
  const told = await server.next('/refunded', PATIENCE_MS.script);
  show('POST', `${server.url}/refunded  ✓ signed by the platform; answered: success`, told);
  const refund = told.data['refunds'] as Readonly<Record<string, unknown>>;
  expect('refund_status (0 is refunded)', refund['refund_status'], 0);

  step('8  Query the order again');
  const order = await call(heliu, '/v2/pay/query', { mch_trade_id });
  expect('refunded_fee', order.data['refunded_fee'], TOTAL_FEE);
  print('\nPaid, notified, refunded, notified. Everything was signed and verified.');
}

/** Calls the gateway and shows what went out and what came back. */
async function call(heliu: Heliu, path: string, fields: Readonly<Record<string, unknown>>): Promise<Message> {
  show('POST', `${heliu.url(path)}  as a signed JWT`, fields);
  const answer = await heliu.call(path, fields);
  show('→', '✓ signed by the platform', answer);
  return answer;
}

/** What anybody can do who knows our notify_url: send what arrived before, with another amount in it. */
async function sendForgery(server: NotifyServer): Promise<string> {
  const [header = '', payload = '', signature = ''] = server.last_body.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Message;
  const forged = JSON.stringify({ ...claims, data: { ...claims.data, total_fee: 1 }, nonce_str: 'f'.repeat(24) });
  const body = [header, Buffer.from(forged).toString('base64url'), signature].join('.');
  const answer = await fetch(`${server.url}/paid`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
  if (answer.ok) throw new Explained('A forged notification was taken for genuine.');
  return `${await answer.text()} (HTTP ${answer.status})`;
}

interface NotifyServer {
  readonly url: string;
  /** The body of the last genuine notification, as it came. */
  readonly last_body: string;
  /** The next notification that arrives at a path. */
  next(path: string, patience_ms: number): Promise<Message>;
  close(): void;
}

/** The merchant's server: takes notifications, believes only what the platform signed, and acts on each of them once. */
async function startNotifyServer(heliu: Heliu): Promise<NotifyServer> {
  const seen = new Set<string>();
  const arrived = new Map<string, PromiseWithResolvers<Message>>();
  const at = (path: string): PromiseWithResolvers<Message> => {
    const known = arrived.get(path) ?? Promise.withResolvers<Message>();
    arrived.set(path, known);
    return known;
  };
  let last_body = '';
  const take = async (request: IncomingMessage): Promise<void> => {
    const body = await textOf(request);
    const message = heliu.read(body);
    last_body = body;
    // A repeat carries the same nonce_str. In a real shop `seen` is a unique key in the database of your orders.
    if (seen.has(message.nonce_str)) return;
    seen.add(message.nonce_str);
    at(request.url ?? '').resolve(message);
  };
  const server = createServer((request, response) => {
    // The word success says "written down, tell me no more"; anything else and Heliu repeats it, for two days.
    take(request).then(
      () => response.end('success'),
      (error: unknown) => response.writeHead(400).end(error instanceof Error ? error.message : 'refused'),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    get last_body() {
      return last_body;
    },
    next: (path, patience_ms) => within(patience_ms, at(path).promise, `No notification came to ${url}${path}.`),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function within<Result>(limit_ms: number, promise: Promise<Result>, otherwise: string): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Explained(`${otherwise} See the log files in the sandbox's folder.`)),
      limit_ms,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** From plain variables when HELIU_URL is set, else from the sandbox's file. */
async function readSettings(): Promise<SandboxFile> {
  const { HELIU_URL, MERCHANT_ID, MERCHANT_KEY_FILE, PLATFORM_KEY_FILE, CONTROL_URL = '', HELIU_HOME } = process.env;
  if (HELIU_URL) {
    if (!MERCHANT_ID || !MERCHANT_KEY_FILE || !PLATFORM_KEY_FILE) {
      throw new Explained('With HELIU_URL, set MERCHANT_ID, MERCHANT_KEY_FILE and PLATFORM_KEY_FILE too.');
    }
    return {
      gateway: { url: HELIU_URL, platform_public_key: await readFile(PLATFORM_KEY_FILE, 'utf8') },
      merchant: { merchant_id: MERCHANT_ID, private_key: await readFile(MERCHANT_KEY_FILE, 'utf8') },
      simulators: { url: CONTROL_URL },
    };
  }
  const file = join(resolve(HELIU_HOME || '.heliu'), 'sandbox.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Explained(`There is no ${file}. Start the sandbox first: npm start, with the same HELIU_HOME.`);
  });
  return JSON.parse(text) as SandboxFile;
}

/** The sandbox's own controls: what a person does with a phone, as HTTP. They exist in the sandbox alone. */
async function control(sandbox: SandboxFile, path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(sandbox.simulators.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Explained(`The simulated phone refused: ${text}`);
  return JSON.parse(text);
}

function expect(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Explained(`${what}: expected ${String(wanted)}, found ${String(found)}`);
  print(`   ✓ ${what}: ${String(found)}`);
}

function step(title: string): void {
  print(`\n${title}\n`);
}

function show(arrow: string, what: string, value: unknown): void {
  print(`   ${arrow} ${what}\n${JSON.stringify(value, null, 2).replaceAll(/^/gm, '     ')}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error : new Error(String(error));
  const unreachable = reason instanceof TypeError && reason.message === 'fetch failed';
  const words = unreachable
    ? 'The sandbox does not answer. Start it: npm start, with the same HELIU_HOME.'
    : reason.message;
  process.stderr.write(`\n${words}\n`);
  process.exitCode = 1;
});
