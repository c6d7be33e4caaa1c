import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PortInUse } from '../../src/start.ts';
import { control, emptyHome, newHome, placeAlipay, placeWechat, start, startReceiver } from './support.ts';

const PROGRAM = join(import.meta.dirname, '../../src/main.ts');

test('a second start has the same credentials, orders, ledger and faults', async () => {
  const home = emptyHome();
  const first = await start({ home });
  const wechat = await placeWechat(first);
  const alipay = await placeAlipay(first);
  await control(first, 'POST', '/control/scan', { code: wechat.code, action: 'pay' });
  await control(first, 'POST', '/control/faults', { channel: 'alipay', operation: 'refund', fault: 'slow' });
  const ledger = (await control(first, 'GET', '/control/ledger')).body;
  await first.close();

  const second = await start({ home });
  const elsewhere = { base_url: '', tls_base_url: '' };
  expect({ ...second.wechat, ...elsewhere }).toEqual({ ...first.wechat, ...elsewhere });
  expect({ ...second.alipay, gateway_url: '' }).toEqual({ ...first.alipay, gateway_url: '' });
  expect((await control(second, 'GET', '/control/ledger')).body).toEqual(ledger);
  expect((await control(second, 'GET', '/control/faults')).body['active']).toMatchObject([{ fault: 'slow' }]);
  const { pending } = (await control(second, 'GET', '/control/pending')).body;
  expect(pending).toMatchObject([{ out_trade_no: alipay.out_trade_no }]);
  const paid = await control(second, 'POST', '/control/scan', { code: alipay.code, action: 'pay' });
  expect(paid.body['state']).toBe('TRADE_SUCCESS');
});

test('only the owner can read what is kept', async () => {
  const home = emptyHome();
  await start({ home });
  const folder = join(home, 'simulators');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test('damaged credentials are named, not replaced', async () => {
  const home = await newHome();
  await (await start({ home })).close();
  const path = join(home, 'simulators', 'alipay.json');
  writeFileSync(path, '{"apps":');
  await expect(start({ home })).rejects.toThrow(`${path} cannot be read as credentials`);
});

test.each(['control_port', 'wechat_port', 'wechat_tls_port', 'alipay_port', 'bank_port'] as const)(
  'a used %s is reported by name',
  async (option) => {
    const taken = await listenAnywhere();
    const { port } = taken.address() as AddressInfo;
    const attempt = start({ [option]: port });
    await expect(attempt).rejects.toThrow(PortInUse);
    await expect(attempt).rejects.toThrow(`${option} ${port} is in use`);
  },
);

test('a callback that is on its way at the close goes out again after the next start', async () => {
  const home = await newHome();
  const first = await start({ home });
  const receiver = await startReceiver();
  receiver.answer = undefined;
  const order = await placeWechat(first, { notify_url: receiver.url });
  await control(first, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  await vi.waitFor(() => expect(receiver.bodies).toHaveLength(1));
  await first.close();
  receiver.answer = { status: 200, body: '' };
  const second = await start({ home });
  await vi.waitFor(async () => {
    const { callbacks } = (await control(second, 'GET', '/control/callbacks')).body;
    expect(callbacks).toMatchObject([{ out_trade_no: order.out_trade_no, accepted: true }]);
  });
  expect(receiver.bodies).toHaveLength(2);
});

test('close gives up every port', async () => {
  const simulators = await start();
  await simulators.close();
  for (const address of Object.values(simulators.addresses)) await expect(fetch(address)).rejects.toThrow();
});

test.each(['SIGTERM', 'SIGINT'] as const)('the program says ready in one line and ends on %s', async (signal) => {
  const base = await freeBase();
  const child = spawn(process.execPath, [PROGRAM], {
    env: await environment(base),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  await once(child.stdout, 'data');
  expect(JSON.parse(output)).toEqual({
    ready: true,
    addresses: {
      control: `http://127.0.0.1:${base + 1}`,
      wechat_browser: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      alipay_browser: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      wechat: `http://127.0.0.1:${base + 2}`,
      wechat_tls: `https://127.0.0.1:${base + 6}`,
      alipay: `http://127.0.0.1:${base + 3}`,
      bank: `http://127.0.0.1:${base + 4}`,
    },
  });
  expect((await fetch(`http://127.0.0.1:${base + 1}/control/pending`)).status).toBe(200);
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('the program tells its parent the credentials and ends when the parent is gone', async () => {
  const child = fork(PROGRAM, { env: await environment(await freeBase()), silent: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [message] = (await once(child, 'message')) as [Record<string, unknown>];
  expect(message).toMatchObject({
    ready: true,
    wechat: { mode: 'partner' },
    alipay: { gateway_url: expect.any(String) },
  });
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('the program ends when its parent is gone before it is ready', async () => {
  const base = await freeBase();
  const child = fork(PROGRAM, { env: { ...(await environment(base)), HELIU_HOME: emptyHome() }, silent: true });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.disconnect();
  expect((await once(child, 'exit'))[1]).toBeNull();
  await expect(fetch(`http://127.0.0.1:${base + 1}`)).rejects.toThrow();
});

test('the program names a port in use and the variable to change', async () => {
  const base = await freeBase();
  const taken = await listenAnywhere(base + 2);
  onTestFinished(() => void taken.close());
  expect(await failure(await environment(base))).toBe(
    `simulators: port ${base + 2} (PORT+2, wechat_port) is in use: stop what listens there, or set PORT to another base\n`,
  );
});

test.each(['0', '65535', '80a', '-1', '8080.5'])('the program refuses PORT %s by name', async (port) => {
  expect(await failure({ ...(await environment(0)), PORT: port })).toContain(`PORT is "${port}"`);
});

async function environment(base: number): Promise<NodeJS.ProcessEnv> {
  return { ...process.env, HOST: '127.0.0.1', PORT: String(base), HELIU_HOME: await newHome() };
}

async function failure(env: NodeJS.ProcessEnv): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let problem = '';
  child.stderr?.on('data', (chunk: Buffer) => (problem += chunk.toString('utf8')));
  expect((await once(child, 'close'))[0]).toBe(1);
  return problem;
}

async function listenAnywhere(port = 0): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

/** A base whose successors that the simulators use were free a moment ago. */
async function freeBase(): Promise<number> {
  for (;;) {
    const probe = await listenAnywhere();
    const base = (probe.address() as AddressInfo).port - 1;
    const others = await Promise.allSettled([2, 3, 6].map((offset) => listenAnywhere(base + offset)));
    const free = others.every(({ status }) => status === 'fulfilled') && base + 6 <= 65_535;
    const servers = [probe, ...others.flatMap((other) => (other.status === 'fulfilled' ? [other.value] : []))];
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    if (free) return base;
  }
}
