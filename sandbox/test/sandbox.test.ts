import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freeBasePort, isFree, processesOf, readSandboxFile, run, runSandbox, untilReady } from './sandbox-process.ts';
import type { Run } from './sandbox-process.ts';

// Each test starts where the one before it left HELIU_HOME: the sandbox is about coming back.

const PATIENT = 90_000;
const GONE = { timeout: 30_000, interval: 50 };

let home: string;
let port: number;
const running: Run[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'heliu-sandbox-'));
  port = await freeBasePort();
});

afterAll(async () => {
  for (const sandbox of running) sandbox.process.kill('SIGTERM');
  await Promise.all(running.map((sandbox) => sandbox.ended));
  await vi.waitFor(async () => expect(await processesOf(home)).toEqual([]), GONE);
  await rm(home, { recursive: true });
}, PATIENT);

async function start(base = port): Promise<Run> {
  const sandbox = runSandbox(home, base);
  running.push(sandbox);
  await untilReady(sandbox);
  return sandbox;
}

/** Runs the demo: an order from request to refund; answers what it prints. */
async function placeOrder(pay_type: string): Promise<string> {
  const demo = run([process.execPath, 'demos/typescript/first-payment.ts', pay_type], { HELIU_HOME: home });
  expect(await demo.ended, demo.output()).toBe(0);
  return demo.output();
}

async function expectNothingLeft(base = port): Promise<void> {
  await vi.waitFor(async () => expect(await processesOf(home)).toEqual([]), GONE);
  const ports = [0, 1, 2, 3, 5, 6].map((offset) => base + offset);
  expect(await Promise.all(ports.map(isFree))).toEqual(ports.map(() => true));
}

describe('a first start', { timeout: PATIENT }, () => {
  test('answers everywhere it says, takes signed orders of both wallets, and ends on Ctrl-C', async () => {
    const sandbox = await start();
    const file = await readSandboxFile(home);
    for (const url of [file.gateway.url, file.simulators.url, file.simulators.wechat.base_url, file.shop.url]) {
      expect(sandbox.output()).toContain(url);
    }
    expect((await fetch(`${file.gateway.url}/readyz`)).status).toBe(200);
    expect((await fetch(file.simulators.url)).status).toBe(200);
    expect(file.shop.url).toBe(`http://127.0.0.1:${port + 5}`);
    expect(await (await fetch(file.shop.url)).text()).toContain('value="alipay"');
    expect(await placeOrder('wechat.scan')).toContain('"code_url": "weixin://');
    expect(await placeOrder('alipay.scan')).toContain('"code_url": "https://qr.alipay.com/');

    const login = await fetch(`${file.gateway.url}/web/user/session/login_name`, {
      method: 'POST',
      body: JSON.stringify(file.console),
      headers: { 'content-type': 'application/json' },
    });
    expect(login.headers.get('authorization')).toMatch(/^\S{20,}$/);

    // From the terminal, and passed on by npm.
    sandbox.process.kill('SIGINT');
    sandbox.process.kill('SIGINT');
    expect(await sandbox.ended).toBe(0);
    expect(sandbox.output()).toMatch(/\nstopped\n$/);
    await expectNothingLeft();
  });

  test('writes down credentials and keys for its owner alone', async () => {
    for (const name of [
      'sandbox.json',
      'sandbox-credentials.json',
      'master.key',
      'postgres.password',
      'logs/gateway.log',
    ]) {
      expect(((await stat(join(home, name))).mode & 0o777).toString(8), name).toBe('600');
    }
  });

  test('prints no secret, and logs none', async () => {
    const file = await readSandboxFile(home);
    const logs = await Promise.all(
      ['gateway', 'simulators', 'shop'].map((name) => readFile(join(home, 'logs', `${name}.log`), 'utf8')),
    );
    const text = [running[0]?.output() ?? '', ...logs].join('\n');
    expect(text).not.toContain('PRIVATE KEY');
    expect(text).not.toContain(file.console.password);
    expect(text).not.toContain(file.simulators.wechat.api_v3_key);
  });
});

describe('a later start', { timeout: PATIENT }, () => {
  test('has the same credentials, also on other ports, and ends on SIGTERM', async () => {
    const before = await readSandboxFile(home);
    const other = await freeBasePort();
    const sandbox = await start(other);
    const after = await readSandboxFile(home);
    expect(after.merchant).toEqual(before.merchant);
    expect(after.console).toEqual(before.console);
    expect(after.gateway).toEqual({ ...before.gateway, url: `http://127.0.0.1:${other}` });
    expect(after.simulators.wechat).toEqual({
      ...before.simulators.wechat,
      base_url: `http://127.0.0.1:${other + 2}`,
      tls_base_url: `https://127.0.0.1:${other + 6}`,
    });
    // The accounts have moved with the simulators.
    expect(await placeOrder('wechat.scan')).toContain('"code_url"');

    sandbox.process.kill('SIGTERM');
    expect(await sandbox.ended).toBe(0);
    await expectNothingLeft(other);
  });

  test('works at once after a SIGKILL, which leaves nothing running', async () => {
    const killed = await start();
    killed.process.kill('SIGKILL');
    await killed.ended;
    await expectNothingLeft();
    const next = await start();
    expect(await placeOrder('alipay.scan')).toContain('"code_url"');
    next.process.kill('SIGTERM');
    expect(await next.ended).toBe(0);
  });

  test('started by npm ends when npm is killed', async () => {
    const npm = run(['npm', 'start'], { HELIU_HOME: home, PORT: String(port) });
    running.push(npm);
    await untilReady(npm);
    npm.process.kill('SIGKILL');
    await expectNothingLeft();
  });

  test('is refused while another runs on the same folder, which goes on', async () => {
    const first = await start();
    const second = runSandbox(home, await freeBasePort());
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(`A sandbox runs on ${home} already, as process ${first.process.pid}.`);
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);

    const elsewhere = await mkdtemp(join(tmpdir(), 'heliu-sandbox-other-'));
    const same_port = runSandbox(elsewhere, port);
    expect(await same_port.ended).toBe(1);
    expect(same_port.output()).toContain(`PORT ${port} is in use by another program. Set PORT to another number`);
    const next_port = runSandbox(elsewhere, port - 2);
    expect(await next_port.ended).toBe(1);
    expect(next_port.output()).toContain(`Port ${port} (PORT+2, for wechat) is in use by another program.`);
    await rm(elsewhere, { recursive: true });

    first.process.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });

  test('ends, and says why, when one of its processes is gone', async () => {
    const sandbox = await start();
    process.kill(await gatewayProcess(), 'SIGKILL');
    expect(await sandbox.ended).toBe(1);
    expect(sandbox.output()).toContain('The gateway ended (signal SIGKILL). The end of its log:');
    await expectNothingLeft();
  });
});

describe('a start that cannot be', { timeout: PATIENT }, () => {
  test('says what is wrong with a variable', async () => {
    const wrong = runSandbox(home, port, { PORT: 'eighty', LOG_LEVEL: 'loud' });
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toMatch(
      /^PORT must be a whole number .* "eighty"\.\nLOG_LEVEL must be one of .* "loud"\.\n$/m,
    );
  });

  test('says that the ports after PORT do not exist', async () => {
    const wrong = runSandbox(home, 65_533);
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toContain('Set PORT to 65529 or less.');
  });

  test('says that HELIU_HOME is no folder', async () => {
    const wrong = runSandbox(join(home, 'sandbox.json'), port);
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toMatch(
      /HELIU_HOME .*sandbox\.json cannot be written: .* Set HELIU_HOME to a folder of your own\.\n$/,
    );
  });

  test('says that DATABASE_URL leads nowhere', async () => {
    const wrong = runSandbox(home, port, { DATABASE_URL: `postgres://heliu:hunter2@127.0.0.1:${port + 4}/heliu` });
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toContain('The database of DATABASE_URL cannot be reached: ');
    expect(wrong.output()).not.toContain('hunter2');
  });

  test('names the folder whose database is damaged, and leaves nothing running', async () => {
    await rm(join(home, 'postgres', 'global', 'pg_control'));
    const damaged = runSandbox(home, port);
    expect(await damaged.ended).toBe(1);
    expect(damaged.output()).toContain(`PostgreSQL cannot start on ${join(home, 'postgres')}: `);
    expect(damaged.output()).toContain('Restore the folder from a backup, or move it away');
    await expectNothingLeft();
  });
});

/** The gateway among the sandbox's processes. */
async function gatewayProcess(): Promise<number> {
  for (const pid of await processesOf(home)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    if (command.includes('sandbox/src/gateway-process.ts')) return pid;
  }
  throw new Error('the sandbox has no gateway');
}
