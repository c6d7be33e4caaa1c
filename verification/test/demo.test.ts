import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../world.ts';

const DEMO = join(import.meta.dirname, '..', '..', 'demos', 'typescript', 'first-payment.ts');

let world: World;
let home: string;

beforeAll(async () => {
  world = await startWorld();
  home = await mkdtemp(join(tmpdir(), 'heliu-demo-'));
  const { merchant_id, private_key } = world.merchant.merchant;
  const sandbox = {
    gateway: { url: world.url, platform_public_key: world.platform_public_key },
    merchant: { merchant_id, private_key: private_key.export({ type: 'pkcs8', format: 'pem' }) },
    simulators: { url: world.simulators.addresses.control },
  };
  await writeFile(join(home, 'sandbox.json'), JSON.stringify(sandbox));
}, 60_000);

afterAll(async () => {
  await world.close();
  await rm(home, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function runDemo(demo_arguments: string[], folder = home, heard?: (output: string) => void): Promise<Ended> {
  const environment = { ...process.env, HELIU_HOME: folder };
  const demo = spawn(process.execPath, [DEMO, ...demo_arguments], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [demo.stdout, demo.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
      heard?.(output);
    });
  }
  const [code] = (await once(demo, 'close')) as [number | null];
  return { code, output };
}

describe('the first payment', () => {
  it.each(['wechat.scan', 'alipay.scan'])('goes through with %s and every step is shown', async (pay_type) => {
    const { code, output } = await runDemo([pay_type]);
    expect(output).toContain('✓ refunded_fee: 221');
    expect(output.match(/✓ signed by the platform/g)).toHaveLength(5);
    expect(code).toBe(0);
  });

  it('waits for a person who pays by hand', async () => {
    const scans: Promise<unknown>[] = [];
    const { code, output } = await runDemo(['--by-hand'], home, (so_far) => {
      const url = /weixin:\S+(?=\s+Open the wallet page)/.exec(so_far)?.[0];
      if (url === undefined || scans.length > 0) return;
      scans.push(world.control('POST', '/control/scan', { code: url, action: 'pay' }));
    });
    expect(await Promise.all(scans)).toMatchObject([{ status: 200 }]);
    expect(output).toContain(world.simulators.addresses.control);
    expect(code).toBe(0);
  });

  it('ends with one sentence and 1 when something is wrong', async () => {
    const nowhere = await runDemo([], join(home, 'nowhere'));
    expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining('Start the sandbox first: npm start') });
    const refused = await runDemo(['wechat.nonsense']);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('code 102: pay_type must be one of') });
    const mistyped = await runDemo(['--byhand']);
    expect(mistyped).toMatchObject({ code: 1, output: expect.stringContaining('--by-hand   you pay it yourself') });
    for (const { output } of [nowhere, refused, mistyped]) expect(output).not.toMatch(/\n\s+at /);
  });
});
