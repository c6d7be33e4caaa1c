import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { isThere, RUNTIMES } from '../runtimes.ts';
import { readTerminalCode } from '../terminal-code.ts';
import { startWorld, type World } from '../world.ts';

// The demos in every language that this machine has. What it has not, `npm test` names in its last lines.

const ROOT = join(import.meta.dirname, '..', '..');
const DEMOS = join(ROOT, 'demos');
const PATIENT = 60_000;

const there = RUNTIMES.filter(isThere).map(({ name }) => name);

let world: World;
let folder: string;

const commands: Record<string, () => string[]> = {
  typescript: () => [process.execPath, join(DEMOS, 'typescript', 'first-payment.ts')],
  java: () => ['java', '-cp', join(folder, 'java'), 'Demo'],
  'java, as one file': () => ['java', join(DEMOS, 'java', 'Demo.java')],
  php: () => ['php', join(DEMOS, 'php', 'demo.php')],
  mono: () => ['mono', join(folder, 'demo.exe')],
  dotnet: () => ['dotnet', join(folder, 'dotnet', 'Demo.dll')],
  shell: () => ['sh', join(DEMOS, 'shell', 'demo.sh')],
};
const languages = ['typescript', ...there];
const as_one_file = there.includes('java') ? ['java, as one file'] : [];

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'heliu-demos-'));
  const { merchant_id, private_key } = world.merchant.merchant;
  const sandbox = {
    gateway: { url: world.url, platform_public_key: world.platform_public_key },
    merchant: { merchant_id, private_key: private_key.export({ type: 'pkcs8', format: 'pem' }) },
    simulators: { url: world.simulators.addresses.control },
  };
  await writeFile(join(folder, 'sandbox.json'), `${JSON.stringify(sandbox, null, 2)}\n`);
  await writeFile(join(folder, 'merchant.key'), private_key.export({ type: 'pkcs8', format: 'pem' }));
  await writeFile(join(folder, 'platform.pub'), world.platform_public_key);
  await compile();
}, 180_000);

afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

async function compile(): Promise<void> {
  const csharp = join(DEMOS, 'csharp');
  const sources = (await readdir(csharp)).filter((name) => name.endsWith('.cs'));
  const run = promisify(execFile);
  // Run as one file it is compiled each time, which takes longer than all the rest.
  if (there.includes('java')) await run('javac', ['-d', join(folder, 'java'), join(DEMOS, 'java', 'Demo.java')]);
  if (there.includes('mono')) await run('mcs', [`-out:${join(folder, 'demo.exe')}`, ...sources], { cwd: csharp });
  if (there.includes('dotnet')) {
    const options = ['-o', join(folder, 'dotnet'), `-p:BaseIntermediateOutputPath=${join(folder, 'obj')}/`];
    await run('dotnet', ['build', ...options], { cwd: csharp });
  }
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function runDemo(
  language: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = { HELIU_HOME: folder },
  heard?: (output: string) => void,
): Promise<Ended> {
  const [program = '', ...rest] = commands[language]?.() ?? [];
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HELIU_')));
  const demo = spawn(program, [...rest, ...words], {
    cwd: folder,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      heard?.(output);
    });
  }
  const [code] = (await once(demo, 'close')) as [number | null];
  return { code, output };
}

/** The text of the code, which every demo shows on a line of its own. */
function codeIn(output: string): string | undefined {
  return /^ {3}(weixin:\S+|https:\/\/qr\.alipay\.com\/\S+)$/m.exec(output)?.[1];
}

describe.each(languages)('the demo in %s', { timeout: PATIENT }, (language) => {
  test.each(['wechat.scan', 'alipay.scan'])(
    'goes from order to refund with %s, each step verified',
    async (pay_type) => {
      const { code, output } = await runDemo(language, [pay_type]);
      expect(output).toContain('✓ the amount: 221');
      expect(output).toContain('✓ refused: the signature is not that of the platform (HTTP 400)');
      expect(output).toContain('✓ refund_status (0 is refunded): 0');
      expect(output).toContain('✓ refunded_fee: 221');
      expect(output.match(/✓ signed by the platform/g)).toHaveLength(6);
      expect(output).not.toContain('PRIVATE KEY');
      expect(code).toBe(0);
      const number = /demo\.[\w.]+/.exec(output)?.[0];
      const order = await world.merchant.call('/v2/pay/query', { mch_trade_id: number });
      expect(order.data).toMatchObject({ pay_type, refunded_fee: 221, trade_state: 1 });
    },
  );

  test('waits for a person, who pays what the terminal shows', async () => {
    const scans: Promise<unknown>[] = [];
    const { code, output } = await runDemo(language, ['--by-hand'], { HELIU_HOME: folder }, (so_far) => {
      const shown = codeIn(so_far);
      if (shown === undefined || !so_far.includes('Open the wallet page') || scans.length > 0) return;
      // In a shell the picture is qrencode's, where it is installed.
      const scanned = language === 'shell' ? shown : readTerminalCode(so_far);
      scans.push(world.control('POST', '/control/scan', { code: scanned, action: 'pay' }));
    });
    expect(await Promise.all(scans), output).toMatchObject([{ status: 200 }]);
    expect(code).toBe(0);
  });

  test('takes plain variables instead of the sandbox’s file', async () => {
    const { code, output } = await runDemo(language, [], {
      HELIU_URL: world.url,
      MERCHANT_ID: world.merchant.merchant.merchant_id,
      MERCHANT_KEY_FILE: join(folder, 'merchant.key'),
      PLATFORM_KEY_FILE: join(folder, 'platform.pub'),
      CONTROL_URL: world.simulators.addresses.control,
    });
    expect(output).toContain('✓ refunded_fee: 221');
    expect(code).toBe(0);
  });

  test('names the pay types it shows when an order gives no code to scan', async () => {
    const { code, output } = await runDemo(language, ['alipay.app']);
    expect(output).toContain('alipay.app gives no code to scan: take wechat.scan or alipay.scan');
    expect(output).not.toContain('2  The payer scans the code');
    expect(code).toBe(1);
  });

  test.each([
    ['a page of a proxy', '<html><body>502 Bad Gateway</body></html>'],
    ['JSON of a proxy', '{"message":"no live upstreams"}'],
    ['JSON that ends too early', '{"code":10'],
  ])('takes %s for no answer: the outcome is unknown', async (_what, page) => {
    const proxy = createServer((request, response) => {
      request.resume();
      response.writeHead(502).end(page);
    });
    onTestFinished(() => void proxy.close());
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { code, output } = await runDemo(language, [], {
      HELIU_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      MERCHANT_ID: world.merchant.merchant.merchant_id,
      MERCHANT_KEY_FILE: join(folder, 'merchant.key'),
      PLATFORM_KEY_FILE: join(folder, 'platform.pub'),
      CONTROL_URL: world.simulators.addresses.control,
    });
    expect(output).toMatch(language === 'shell' ? /The gateway does not answer/ : /HTTP 502 .* the outcome is unknown/);
    expect(output).not.toMatch(/\n\s+at /);
    expect(code).toBe(1);
  });

  test('ends with 1 and a sentence when something is wrong', async () => {
    const nowhere = await runDemo(language, [], { HELIU_HOME: join(folder, 'nowhere') });
    expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining('Start the sandbox first: npm start') });
    const refused = await runDemo(language, ['wechat.nonsense']);
    expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/code 102: .*pay_type must be one of/) });
    const mistyped = await runDemo(language, ['--byhand']);
    expect(mistyped).toMatchObject({
      code: 1,
      output: expect.stringContaining('you pay it yourself in the wallet page'),
    });
    const wrong_key = await runDemo(language, [], {
      HELIU_URL: world.url,
      MERCHANT_ID: '1111111111111111',
      MERCHANT_KEY_FILE: join(folder, 'merchant.key'),
      PLATFORM_KEY_FILE: join(folder, 'platform.pub'),
    });
    expect(wrong_key).toMatchObject({ code: 1, output: expect.stringContaining('code 200') });
    for (const { output } of [nowhere, refused, mistyped, wrong_key]) expect(output).not.toMatch(/\n\s+at /);
  });
});

test.each(as_one_file)('the demo in %s goes to its end', { timeout: PATIENT }, async (language) => {
  expect(await runDemo(language, [])).toMatchObject({
    code: 0,
    output: expect.stringContaining('✓ refunded_fee: 221'),
  });
});
