import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Heliu as HeliuClient } from '../src/index.ts';
import { merchant_keys, MERCHANT_ID, platform_keys, startGateway, success } from './test-gateway.ts';

// What a merchant's developer gets: packed, installed without a network into an empty project, and used from there.

const run = promisify(execFile);
const SDK = join(import.meta.dirname, '..');
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'heliu-sdk-consumer-'));
  const tarballs = join(project, 'tarballs');
  await mkdir(tarballs);
  await run('npm', ['pack', '--pack-destination', tarballs], { cwd: SDK });
  await writeFile(join(project, 'package.json'), '{ "name": "shop", "private": true }\n');
  const tarball = join(tarballs, 'heliu-sdk-0.1.0.tgz');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: project });
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

const PROGRAM = `
const { gateway_url, merchant_id, private_key, platform_public_key } = JSON.parse(process.env.HELIU);
const heliu = new Heliu({ gateway_url, merchant_id, private_key, platform_public_key });
const order = { pay_type: 'wechat.scan', mch_trade_id: 'shop.1', total_fee: 221, body: 'coffee' };
heliu.pay(order).then(({ code_url }) => console.log(code_url, typeof OutcomeUnknown));
`;

async function consume(file: string, source: string): Promise<string> {
  await writeFile(join(project, file), source);
  const gateway = await startGateway(
    success({ code_url: 'weixin://a', trade_id: 'a', mch_trade_id: 'shop.1', merchant_id: MERCHANT_ID }),
  );
  const settings = {
    gateway_url: gateway.url,
    merchant_id: MERCHANT_ID,
    private_key: merchant_keys.privateKey,
    platform_public_key: platform_keys.publicKey,
  };
  const env = { ...process.env, HELIU: JSON.stringify(settings) };
  const { stdout } = await run(process.execPath, [file], { cwd: project, env });
  return stdout.trim();
}

/** What Workers, Deno, Bun and browsers have in common of what the SDK needs, and Node's own module loader has not. */
const EDGE = {
  AbortController,
  AbortSignal,
  Headers,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  Uint8Array,
  atob,
  btoa,
  clearTimeout,
  crypto,
  fetch,
  setTimeout,
};

/** The package as a bundler for the edge takes it: its own modules, and none of the runtime. */
async function onTheEdge(): Promise<unknown> {
  const folder = join(project, 'node_modules', '@heliu', 'sdk', 'dist', 'cjs');
  const sources = new Map<string, string>();
  for (const name of await readdir(folder)) {
    if (name.endsWith('.js')) sources.set(`./${name}`, await readFile(join(folder, name), 'utf8'));
  }
  const context = createContext({ ...EDGE });
  const modules = new Map<string, { exports: unknown }>();
  const load = (name: string): unknown => {
    const source = sources.get(name);
    if (source === undefined) throw new Error(`${name} is no module of the package`);
    const known = modules.get(name);
    if (known) return known.exports;
    const module = { exports: {} };
    modules.set(name, module);
    const body = runInContext(`(function (module, exports, require) {${source}\n})`, context) as (
      ...parts: readonly unknown[]
    ) => void;
    body(module, module.exports, load);
    return module.exports;
  };
  return load('./index.js');
}

describe('the package', { timeout: 60_000 }, () => {
  test('works as an ES module', async () => {
    const source = `import { Heliu, OutcomeUnknown } from '@heliu/sdk';\n${PROGRAM}`;
    expect(await consume('shop.mjs', source)).toBe('weixin://a function');
  });

  test('works as CommonJS', async () => {
    const source = `const { Heliu, OutcomeUnknown } = require('@heliu/sdk');\n${PROGRAM}`;
    expect(await consume('shop.cjs', source)).toBe('weixin://a function');
  });

  test('works where there is nothing of Node: with what an edge runtime has alone', async () => {
    const { Heliu } = (await onTheEdge()) as { Heliu: typeof HeliuClient };
    const placed = { code_url: 'weixin://a', trade_id: 'a', mch_trade_id: 'shop.1', merchant_id: MERCHANT_ID };
    const gateway = await startGateway(success(placed));
    const heliu = new Heliu({
      gateway_url: gateway.url,
      merchant_id: MERCHANT_ID,
      private_key: merchant_keys.privateKey,
      platform_public_key: platform_keys.publicKey,
    });
    const order = { pay_type: 'wechat.scan', mch_trade_id: 'shop.1', total_fee: 221, body: 'coffee' } as const;
    expect(await heliu.pay(order)).toMatchObject({ code_url: 'weixin://a' });
  });

  test.each(['shop.mts', 'shop.cts'])('has types for %s', async (file) => {
    const source = `
import { Heliu, isRefused, type NotificationHandling, type PaymentOutcome } from '@heliu/sdk';

export async function take(heliu: Heliu, auth_code: string): Promise<PaymentOutcome['outcome'] | 'refused'> {
  try {
    const { outcome } = await heliu.payByAuthCode({ mch_trade_id: 'till.1', total_fee: 1, body: 'tea', auth_code });
    return outcome;
  } catch (error) {
    if (isRefused(error, 'channel_refused', 'no_order')) return 'refused';
    throw error;
  }
}
export const handling: NotificationHandling = {
  expected: async ({ mch_trade_id }) => mch_trade_id.length,
  onPaid: ({ total_fee, attach }) => console.log(total_fee.toFixed(), attach?.length),
};
// @ts-expect-error a pay type without its code
export const wrong = (heliu: Heliu) => heliu.pay({ pay_type: 'common.micro', mch_trade_id: 'a', total_fee: 1, body: 'b' });
`;
    await writeFile(join(project, file), source);
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      'false',
      '--types',
      '',
      '--lib',
      'es2022,dom,dom.iterable',
    ];
    const types = run(process.execPath, [TSC, ...options, '--module', 'nodenext', '--target', 'es2022', file], {
      cwd: project,
    });
    await expect(types.catch(({ stdout }: { stdout: string }) => stdout)).resolves.toMatchObject({ stdout: '' });
  });

  test('has no dependency, no source and no test inside', async () => {
    const folder = join(project, 'node_modules', '@heliu', 'sdk');
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest['dependencies']).toBeUndefined();
    const { stdout } = await run('find', ['.', '-type', 'f'], { cwd: folder });
    const files = stdout
      .trim()
      .split('\n')
      .map((file) => file.replace('./', ''));
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/esm/index.d.ts', 'dist/cjs/index.js']));
    expect(
      files
        .filter((file) => !/^(?:dist\/(?:esm|cjs)\/[\w-]+\.(?:d\.ts|js)|dist\/cjs\/package\.json)$/.test(file))
        .toSorted(),
    ).toEqual(['LICENSE', 'README.md', 'package.json']);
  });
});
