import Fastify from 'fastify';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { sendError } from '../../gateway/src/http/errors.ts';
import { mountDemos } from '../../gateway/src/http/demos.ts';
import { newTestMerchant, signJwt } from '../merchant.ts';
import { isThere, RUNTIMES } from '../runtimes.ts';
import { startWorld } from '../world.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

let folder: string;
let packed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heliu-demos-pack-'));
  packed = join(folder, 'dist');
  await run(process.execPath, [join(ROOT, 'scripts', 'pack-demos.ts'), packed], { cwd: ROOT });
}, 120_000);

afterAll(() => rm(folder, { recursive: true }));

describe('the download', () => {
  test(
    'has every demo, the SDK and the documents, runs as it is, and has no key in it',
    { timeout: 60_000 },
    async () => {
      await run('tar', ['xzf', join(packed, 'heliu-demos.tar.gz')], { cwd: folder });
      const root = join(folder, 'heliu-demos');
      const files = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
      const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
      expect(paths).toEqual(
        expect.arrayContaining([
          'README.md',
          'LICENSE',
          'demos/java/Demo.java',
          'demos/php/heliu.php',
          'demos/csharp/Heliu.cs',
          'demos/shell/heliu.sh',
          'demos/typescript/merchant.ts',
          'docs/api.md',
          'openapi.json',
          'sdk/heliu-sdk-0.1.0.tgz',
        ]),
      );
      const texts = await Promise.all(paths.map((path) => readFile(join(root, path), 'latin1')));
      expect(texts.filter((text) => /-----BEGIN [\w ]*PRIVATE KEY-----\s+[\w+/]{20}/.test(text))).toEqual([]);
      const demo = join(root, 'demos', 'typescript', 'first-payment.ts');
      const { stdout } = await run(process.execPath, [demo, '--help'], { cwd: folder });
      expect(stdout).toContain('PAY_TYPE');
      await run('sh', [join(root, 'demos', 'shell', 'demo.sh'), '--help'], { cwd: folder });
    },
  );

  test('is the same as a zip', async () => {
    const list = await readFile(join(packed, 'heliu-demos.zip'));
    const { stdout } = await run('tar', ['tzf', join(packed, 'heliu-demos.tar.gz')]);
    const paths = stdout.trim().split('\n');
    expect(paths.length).toBeGreaterThan(25);
    expect(zipNames(list)).toEqual(paths);
  });

  test('is the same bytes when it is packed again', { timeout: 60_000 }, async () => {
    const again = join(folder, 'again');
    await run(process.execPath, [join(ROOT, 'scripts', 'pack-demos.ts'), again], { cwd: ROOT });
    for (const name of ['heliu-demos.tar.gz', 'heliu-demos.zip', 'heliu-sdk.tgz']) {
      expect((await readFile(join(again, name))).equals(await readFile(join(packed, name))), name).toBe(true);
    }
  });

  /** The names in the central directory (PKWARE APPNOTE 4.3.12). */
  function zipNames(archive: Buffer): string[] {
    const end = archive.lastIndexOf('PK\u0005\u0006');
    const names: string[] = [];
    for (let at = archive.readUInt32LE(end + 16); at < end;) {
      expect(archive.toString('latin1', at, at + 4)).toBe('PK\u0001\u0002');
      const [name, extra, comment] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
      names.push(archive.toString('utf8', at + 46, at + 46 + (name ?? 0)));
      at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
    }
    return names;
  }
});

describe('docs/quickstart.md', { timeout: 60_000 }, () => {
  test('leads to a verified notification, in both languages', async () => {
    const [english, chinese] = await Promise.all(
      ['quickstart.md', 'quickstart.zh-CN.md'].map((name) => readFile(join(ROOT, 'docs', name), 'utf8')),
    );
    const programOf = (text = ''): string => /^```js\n([^]*?)^```/m.exec(text)?.[1] ?? '';
    expect(programOf(chinese)).toBe(programOf(english));

    const world = await startWorld();
    onTestFinished(() => world.close());
    const { merchant_id, private_key } = world.merchant.merchant;
    await mkdir(join(folder, 'heliu', '.heliu'), { recursive: true });
    const sandbox = {
      gateway: { url: world.url, platform_public_key: world.platform_public_key },
      merchant: { merchant_id, private_key: private_key.export({ type: 'pkcs8', format: 'pem' }) },
    };
    await writeFile(join(folder, 'heliu', '.heliu', 'sandbox.json'), JSON.stringify(sandbox));
    const mine = join(folder, 'mine');
    await mkdir(mine);
    await writeFile(join(mine, 'package.json'), '{ "private": true }\n');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(packed, 'heliu-sdk.tgz')], { cwd: mine });
    // The page says 9000, which may be taken here.
    await writeFile(join(mine, 'shop.mjs'), programOf(english).replaceAll('9000', String(await freePort())));

    const shop = spawn(process.execPath, ['shop.mjs'], { cwd: mine, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void shop.kill());
    let output = '';
    for await (const text of shop.stdout.setEncoding('utf8') as AsyncIterable<string>) {
      output += text;
      const code = /show this as a QR code: (\S+)/.exec(text)?.[1];
      if (code !== undefined) await world.control('POST', '/control/scan', { code, action: 'pay' });
      if (output.includes('paid, verified: mine.')) break;
    }
    expect(output).toMatch(/paid, verified: mine\.\d+ 221\n/);
  });
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

describe('the gateway', () => {
  function gateway(dist: string) {
    const app = Fastify({ exposeHeadRoutes: false });
    app.setErrorHandler((error, _request, reply) => void sendError(reply, error, () => undefined));
    mountDemos(app, pathToFileURL(`${dist}/`));
    onTestFinished(() => app.close());
    return app;
  }

  test('lists the downloads and gives them', async () => {
    const app = gateway(packed);
    const page = await app.inject('/demos');
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8' });
    const links = [...page.body.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link);
    expect(links).toEqual(['/demos/heliu-demos.tar.gz', '/demos/heliu-demos.zip', '/demos/heliu-sdk.tgz']);
    for (const link of links) {
      const download = await app.inject(link);
      expect(download.statusCode).toBe(200);
      expect(download.headers['content-type']).toMatch(/^application\/(?:gzip|zip)$/);
      expect(download.rawPayload.equals(await readFile(join(packed, link.slice('/demos/'.length))))).toBe(true);
    }
  });

  test('gives nothing else, whatever the path', async () => {
    await writeFile(join(folder, 'secret.txt'), 'not for strangers');
    await writeFile(join(packed, 'other.txt'), 'not for strangers');
    const app = gateway(packed);
    for (const path of [
      '/demos/../secret.txt',
      '/demos/..%2fsecret.txt',
      '/demos/%2e%2e/secret.txt',
      '/demos/other.txt',
      '/demos/',
      '/demos/heliu-demos.tar.gz/../other.txt',
    ]) {
      const answer = await app.inject(path);
      expect(answer.body, path).not.toContain('not for strangers');
      expect(answer.statusCode, path).toBe(404);
    }
  });

  test('says how to pack them when they are not there', async () => {
    const app = gateway(join(folder, 'nothing'));
    for (const path of ['/demos', '/demos/heliu-demos.tar.gz']) {
      const answer = await app.inject(path);
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toEqual({ code: 404, msg: expect.stringContaining('npm run demos:pack') });
    }
  });
});

const php = RUNTIMES.filter((runtime) => runtime.name === 'php' && isThere(runtime));

describe.each(php)('demos/php/notify.php', { timeout: 30_000 }, () => {
  test('takes what is genuine and paid with the right amount, and nothing else', async () => {
    const [merchant, platform] = [newTestMerchant(), newTestMerchant()];
    const source = await readFile(join(ROOT, 'demos', 'php', 'notify.php'), 'utf8');
    // What a shop fills in.
    expect(source).toContain('$expected = null;');
    await writeFile(join(folder, 'notify.php'), source.replace('$expected = null;', '$expected = 221;'));
    await writeFile(join(folder, 'unfilled.php'), source);
    await writeFile(join(folder, 'heliu.php'), await readFile(join(ROOT, 'demos', 'php', 'heliu.php')));
    await writeFile(join(folder, 'key'), merchant.private_key.export({ type: 'pkcs1', format: 'pem' }));
    await writeFile(join(folder, 'pub'), platform.public_key);
    const { merchant_id } = merchant;
    const url = await serve({ merchant_id });

    const send = async (claims: object, key = platform.private_key, page = 'notify.php'): Promise<string> => {
      const answer = await fetch(`${url}/${page}`, { method: 'POST', body: signJwt(claims, key) });
      return `${answer.status} ${await answer.text()}`;
    };
    const paid = { merchant_id, mch_trade_id: 'shop.1', total_fee: 221, trade_state: 0 };
    expect(await send({ code: 0, data: paid })).toBe('200 success');
    expect(await send({ code: 0, data: paid }, merchant.private_key)).toBe('400 not genuine');
    expect(await send({ code: 0, data: { ...paid, total_fee: 1 } })).toBe('422 refused');
    expect(await send({ code: 0, data: { ...paid, trade_state: 6 } })).toBe('422 refused');
    expect(await send({ code: 0, data: { ...paid, merchant_id: '1111111111111111' } })).toBe('422 refused');
    expect(await send({ code: 0, data: { merchant_id, refunds: {} } })).toBe('422 refused');
    expect(await send({ code: 0, data: paid }, platform.private_key, 'unfilled.php')).toBe('422 refused');
    expect(await send({ code: 0, data: { merchant_id } }, platform.private_key, 'unfilled.php')).toBe('422 refused');
  });

  /** PHP's own web server; it ends with the test. */
  async function serve({ merchant_id }: { merchant_id: string }): Promise<string> {
    const port = await freePort();
    const env = {
      ...process.env,
      HELIU_URL: 'http://127.0.0.1:9',
      MERCHANT_ID: merchant_id,
      MERCHANT_KEY_FILE: join(folder, 'key'),
      PLATFORM_KEY_FILE: join(folder, 'pub'),
    };
    const server = spawn('php', ['-S', `127.0.0.1:${port}`, '-t', folder], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(async () => {
      server.kill();
      await once(server, 'close');
    });
    for await (const line of server.stderr) if (String(line).includes('started')) break;
    return `http://127.0.0.1:${port}`;
  }
});
