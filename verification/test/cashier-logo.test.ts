import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { heliu } from '../command-line.ts';
import { PageVisitor } from '../payment-page.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let folder: string;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'heliu-logo-'));
}, 60_000);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await world.close();
});

/** A PNG of one colour, `size` pixels square. */
function png(size: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(named));
    return Buffer.concat([length, named, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const line = Buffer.concat([Buffer.from([0]), Buffer.alloc(size * 3, 0x55)]);
  const lines = Buffer.concat(Array.from({ length: size }, () => line));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

async function page(): Promise<{ text: string; logo: string | undefined; policy: string }> {
  numbers += 1;
  const fields = { mch_pre_id: `logo.${numbers}`, total_fee: 1, body: 'goods' };
  const made = await world.merchant.call('/v2/pay/pre_order', fields);
  const { text, headers } = await new PageVisitor('wechat').get(String(made.data['pay_url']));
  return {
    text,
    logo: /<img class="mark" src="([^"]+)"/.exec(text)?.[1],
    policy: headers.get('content-security-policy') ?? '',
  };
}

const run = (...words: string[]) => heliu(world, 'merchant', 'set-logo', world.merchant.merchant.merchant_id, ...words);

it('a merchant without a logo shows the first character of its name', async () => {
  const { text, logo } = await page();
  expect(logo).toBeUndefined();
  expect(text).toContain('<span class="mark" aria-hidden="true">合</span>');
});

it('a logo is shown by every page within a second, served by us alone, and may be kept for ever', async () => {
  const file = join(folder, 'logo.png');
  await writeFile(file, png(144));
  expect(await run(file)).toMatchObject({ has_logo: true });
  const logo = await eventually(async () => (await page()).logo);
  expect((await page()).policy).toContain("img-src 'self' data:;");
  const picture = await fetch(`${world.url}${logo}`);
  expect(picture.status).toBe(200);
  expect(Buffer.from(await picture.arrayBuffer())).toEqual(png(144));
  expect(Object.fromEntries(picture.headers)).toMatchObject({
    'content-type': 'image/png',
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  });
  // Who does not know the picture's own name learns nothing.
  const guessed = logo.replace(/[0-9a-f]{64}$/, '0'.repeat(64));
  expect((await fetch(`${world.url}${guessed}`)).status).toBe(404);
  expect((await fetch(`${world.url}/preorder/logo/1/x`)).status).toBe(404);

  expect(await run('--remove')).toMatchObject({ has_logo: false });
  await eventually(async () => (await page()).logo === undefined);
  expect((await fetch(`${world.url}${logo}`)).status).toBe(404);
});

it.each([
  [
    'script.svg',
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    'PNG, JPEG or WebP',
  ],
  ['large.png', Buffer.concat([png(8), Buffer.alloc(12_288)]), 'at most 12288'],
  ['empty.png', Buffer.alloc(0), 'PNG, JPEG or WebP'],
])('%s is refused with the reason', async (name, image, reason) => {
  const file = join(folder, name);
  await writeFile(file, image);
  expect(JSON.stringify(await run(file))).toContain(reason);
});
