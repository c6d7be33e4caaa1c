import { readFile } from 'node:fs/promises';
import { parse } from 'acorn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveAccount } from '../accounts.ts';
import type { Json } from '../merchant.ts';
import { PageVisitor, type Program } from '../payment-page.ts';
import { startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

async function newPreorder(changes: Json = {}): Promise<{ readonly number: string; readonly pay_url: string }> {
  numbers += 1;
  const number = `page.${numbers}`;
  const fields = { mch_pre_id: number, total_fee: 221, body: 'goods', ...changes };
  const made = await world.merchant.call('/v2/pay/pre_order', fields);
  expect(made.code).toBe(0);
  return { number, pay_url: String(made.data['pay_url']) };
}

async function tries(number: string): Promise<number> {
  const { data } = await world.merchant.call('/v2/pay/pre_order_detail', { mch_pre_id: number });
  return (data['pay_orders'] as unknown[]).length;
}

const idOf = (pay_url: string): string => new URL(pay_url).searchParams.get('pay_order_id') ?? '';

describe('a link', () => {
  it('that was never given out looks like one that was made up, whatever is wrong with it', async () => {
    const { pay_url } = await newPreorder();
    const id = idOf(pay_url);
    const flip = (at: number): string => id.slice(0, at) + (id[at] === '1' ? '2' : '1') + id.slice(at + 1);
    const { merchant_id } = world.merchant.merchant;
    const wrong = [
      '',
      'x',
      id.slice(1),
      `${id}0`,
      flip(0),
      flip(17),
      flip(id.length - 1),
      `${merchant_id}${'0'.repeat(24)}${'0'.repeat(16)}`,
      `' OR 1=1 --`,
      id.toUpperCase() === id ? `${id}a` : id.toUpperCase(),
    ];
    const pages = await Promise.all(
      wrong.map((text) =>
        new PageVisitor('wechat').get(`${world.url}/preorder?pay_order_id=${encodeURIComponent(text)}`),
      ),
    );
    expect(pages.map(({ status }) => status)).toEqual(wrong.map(() => 404));
    expect(new Set(pages.map(({ text }) => text)).size).toBe(1);
    expect(pages[0]?.text).toContain('付款链接无效');
    const states = await Promise.all(
      wrong.map((text) => fetch(`${world.url}/preorder/state?pay_order_id=${encodeURIComponent(text)}`)),
    );
    expect(states.map(({ status }) => status)).toEqual(wrong.map(() => 404));
  });

  it('of a jsurl order is none of a preorder with the same number', async () => {
    const order = { pay_type: 'wechat.jsurl', mch_trade_id: 'page.jsurl', total_fee: 5, body: 'goods' };
    const made = await world.merchant.call('/v2/pay', order);
    const preorder = await newPreorder();
    const forged = idOf(preorder.pay_url).slice(0, 40) + idOf(String(made.data['pay_url'])).slice(40);
    expect((await new PageVisitor('wechat').get(`${world.url}/preorder?pay_order_id=${forged}`)).status).toBe(404);
  });

  it('is the same after a restart', async () => {
    const { pay_url } = await newPreorder();
    await world.restartGateway();
    expect((await new PageVisitor('wechat').get(pay_url)).status).toBe(200);
  });
});

describe('the answer', () => {
  it.each<Program>(['wechat', 'alipay', 'phone', 'desktop'])(
    'runs, loads and frames nothing else: %s',
    async (program) => {
      const { pay_url } = await newPreorder();
      const page = await new PageVisitor(program).get(pay_url);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/default-src 'none'/);
      expect(policy).toMatch(/script-src 'sha256-[^']+'(;|$)/);
      expect(policy).toMatch(/style-src 'sha256-[^']+'(;|$)/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("base-uri 'none'");
      expect(policy).not.toContain('unsafe');
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
      expect(page.text).not.toMatch(/\son[a-z]+=|javascript:|\ssrc=|style="/i);
      expect(page.text.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg)[^"' ]+/g) ?? []).toEqual([]);
    },
  );

  it.each<Program>(['wechat', 'alipay', 'phone', 'desktop'])(
    'has at most 30 kB, everything included: %s',
    async (program) => {
      const { pay_url } = await newPreorder({ body: '商'.repeat(512) });
      const page = await new PageVisitor(program).get(pay_url);
      expect(Buffer.byteLength(page.text)).toBeLessThan(30_000);
    },
  );

  it('runs on phones that know ECMAScript 5 alone', async () => {
    const { pay_url } = await newPreorder();
    const { text } = await new PageVisitor('phone').get(pay_url);
    const script = /<script>([^]*?)<\/script>/.exec(text)?.[1] ?? '';
    expect(script.length).toBeGreaterThan(1_000);
    expect(() => parse(script, { ecmaVersion: 5 })).not.toThrow();
    expect(() => parse('const a = 1', { ecmaVersion: 5 })).toThrow();
    const source = await readFile(new URL('../../cashier/page.js', import.meta.url), 'utf8');
    expect(() => parse(source, { ecmaVersion: 5 })).not.toThrow();
  });

  it('shows goods as text, whatever they are', async () => {
    const body = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;`;
    const { pay_url } = await newPreorder({ body });
    for (const program of ['wechat', 'desktop'] as const) {
      const { text } = await new PageVisitor(program).get(pay_url);
      expect(text).not.toContain('<img');
      expect(text.match(/<script/g)).toHaveLength(1);
      expect(text).toContain('&#60;script&#62;alert(1)');
    }
  });

  it('speaks the first language of the browser that it knows', async () => {
    const { pay_url } = await newPreorder();
    const page = async (language: string) => (await new PageVisitor('wechat', undefined, language).get(pay_url)).text;
    expect(await page('en-US,en;q=0.9,zh;q=0.8')).toContain('<html lang="en">');
    expect(await page('zh-TW,en;q=0.8')).toContain('<html lang="zh-CN">');
    expect(await page('fr-FR,en;q=0.5')).toContain('<html lang="en">');
    expect(await page('')).toContain('<html lang="zh-CN">');
  });

  it('gives the browser a cookie that no script and no other site can use', async () => {
    const { pay_url } = await newPreorder();
    const page = await new PageVisitor('wechat').get(pay_url);
    const cookie = page.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^heliu_payer=[0-9a-f]{32}; Path=\/preorder; /);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Lax');
  });
});

/** Presses the button and answers where the wallet would be asked who is paying. */
async function authorizeUrl(visitor: PageVisitor, pay_url: string): Promise<URL> {
  await visitor.get(pay_url);
  const step = await visitor.confirm(pay_url);
  expect(step.status).toBe(303);
  return new URL(step.location ?? '');
}

/** Where the wallet sends the browser back to. */
async function cameBack(visitor: PageVisitor, url: URL): Promise<URL> {
  return new URL((await visitor.get(url.href)).location ?? '');
}

describe.each(['wechat', 'alipay'] as const)('finding out who is paying in %s', (program) => {
  const code = program === 'wechat' ? 'code' : 'auth_code';

  it('sends a state of a form that the wallet takes, and another each time', async () => {
    const { pay_url } = await newPreorder();
    const visitor = new PageVisitor(program);
    const [first, second] = [await authorizeUrl(visitor, pay_url), await authorizeUrl(visitor, pay_url)];
    expect(first.searchParams.get('state')).toMatch(/^[0-9a-zA-Z]{1,100}$/);
    expect(first.searchParams.get('state')).not.toBe(second.searchParams.get('state'));
    expect(first.href).not.toContain([...visitor.cookies.values()].join());
  });

  it('exchanges a code once, however often the wallet comes back with it', async () => {
    const { number, pay_url } = await newPreorder();
    const visitor = new PageVisitor(program);
    const back = await cameBack(visitor, await authorizeUrl(visitor, pay_url));
    const [first, second] = await Promise.all([visitor.get(back.href), visitor.get(back.href)]);
    const third = await visitor.get(back.href);
    expect([first.location, second.location, third.location]).toEqual(
      Array.from({ length: 3 }, () => `${new URL(pay_url).pathname}${new URL(pay_url).search}#pay`),
    );
    expect(await tries(number)).toBe(1);
    const page = await visitor.get(pay_url);
    expect(page.data['invoke']).toBeDefined();
  });

  it.each<[string, (back: URL) => void]>([
    [
      'a changed state',
      (back) =>
        back.searchParams.set(
          'state',
          (back.searchParams.get('state') ?? '').replace(/^./, (first) => (first === 'f' ? '0' : 'f')),
        ),
    ],
    [
      'a state that is cut short',
      (back) => back.searchParams.set('state', (back.searchParams.get('state') ?? '').slice(1)),
    ],
    ['no state', (back) => back.searchParams.delete('state')],
    ['no code', (back) => back.searchParams.delete(code)],
    ['a made-up code', (back) => back.searchParams.set(code, 'a'.repeat(32))],
    ['a code of another form', (back) => back.searchParams.set(code, `' OR 1=1`)],
  ])('believes nothing of %s', async (_name, change) => {
    const { number, pay_url } = await newPreorder();
    const visitor = new PageVisitor(program);
    const back = await cameBack(visitor, await authorizeUrl(visitor, pay_url));
    change(back);
    const page = await visitor.get(back.href);
    expect(page.status).toBe(400);
    expect(page.text).toContain('未能确认付款人');
    expect(await tries(number)).toBe(0);
  });

  it('believes no state of another browser, another link or another wallet', async () => {
    const [mine, other] = [await newPreorder(), await newPreorder()];
    const visitor = new PageVisitor(program);
    const back = await cameBack(visitor, await authorizeUrl(visitor, mine.pay_url));
    const stranger = new PageVisitor(program);
    await stranger.get(mine.pay_url);
    expect((await stranger.get(back.href)).status).toBe(400);
    expect((await new PageVisitor(program).get(back.href)).status).toBe(400);
    const elsewhere = new URL(back);
    elsewhere.searchParams.set('pay_order_id', idOf(other.pay_url));
    expect((await visitor.get(elsewhere.href)).status).toBe(400);
    const wallet = new URL(back);
    wallet.pathname = program === 'wechat' ? '/preorder/alipay' : '/preorder/wechat';
    expect((await visitor.get(wallet.href)).status).toBe(400);
    expect([await tries(mine.number), await tries(other.number)]).toEqual([0, 0]);
    expect((await visitor.get(back.href)).location).toContain('#pay');
  });

  it('spends a state with the first code', async () => {
    const { pay_url } = await newPreorder();
    const visitor = new PageVisitor(program);
    const url = await authorizeUrl(visitor, pay_url);
    const [first, second] = [await cameBack(visitor, url), await cameBack(visitor, url)];
    expect((await visitor.get(first.href)).location).toContain('#pay');
    expect((await visitor.get(second.href)).status).toBe(400);
  });

  it('keeps neither the cookie nor the code in what it stores', async () => {
    const { pay_url } = await newPreorder();
    const visitor = new PageVisitor(program);
    const back = await cameBack(visitor, await authorizeUrl(visitor, pay_url));
    await visitor.get(back.href);
    const rows = await world.sql('SELECT * FROM payer_authorizations');
    const stored = JSON.stringify(rows);
    expect(stored).not.toContain(back.searchParams.get(code) ?? 'no code');
    expect(stored).not.toContain(visitor.cookies.get('heliu_payer') ?? 'no cookie');
  });
});

describe('a form of another site', () => {
  it('begins nothing', async () => {
    const { number, pay_url } = await newPreorder();
    const response = await fetch(`${world.url}/preorder/pay`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'cross-site', 'user-agent': 'Mozilla/5.0 (iPhone) Mobile Safari' },
      body: new URLSearchParams({ pay_order_id: idOf(pay_url), with: 'alipay' }),
    });
    expect(response.headers.get('location')).not.toContain('#pay');
    expect(await tries(number)).toBe(0);
  });
});

describe('somebody who hammers a link', () => {
  it('is told to wait, and others are not', async () => {
    const [one, other] = [await newPreorder(), await newPreorder()];
    const visitor = new PageVisitor('phone');
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => visitor.confirm(one.pay_url, { with: 'wechat' })),
    );
    expect(answers.some(({ status }) => status === 429)).toBe(true);
    expect((await visitor.get(other.pay_url)).status).toBe(200);
    expect((await visitor.confirm(other.pay_url, { with: 'wechat' })).status).not.toBe(429);
  });
});

it('a merchant’s name that is too long for WeChat Pay is cut between two characters', async () => {
  const before = await world.sql<{ name: string }>('SELECT name FROM merchants');
  const rename = async (name: string): Promise<void> => {
    await world.sql('UPDATE merchants SET name = $1', [name]);
    await world.restartGateway();
  };
  await rename(`${'合'.repeat(63)}𠮷`);
  const { number, pay_url } = await newPreorder();
  const visitor = new PageVisitor('phone');
  await visitor.get(pay_url);
  await visitor.confirm(pay_url, { with: 'wechat' });
  expect(await tries(number)).toBe(1);
  const [order] = await world.sql<{ name: string }>(
    `SELECT request->>'mch_app_name' AS name FROM orders WHERE mch_trade_id = $1`,
    [`${number}.1`],
  );
  expect(order?.name).toBe('合'.repeat(63));
  await rename(before[0]?.name ?? '');
});

describe('what the merchant does not have', () => {
  async function routes(pay_types: readonly string[], enabled: boolean): Promise<void> {
    await world.sql('UPDATE routes SET enabled = $2 WHERE pay_type = ANY($1)', [pay_types, enabled]);
    await world.restartGateway();
  }

  it('is said inside that wallet, with a code for the other', async () => {
    const { pay_url } = await newPreorder();
    await routes(['alipay.jsapi'], false);
    const page = await new PageVisitor('alipay').get(pay_url);
    expect(page.text).toContain('商户未开通支付宝付款');
    expect(page.text).toContain('请用微信扫描二维码');
    expect(page.text).not.toContain('<form');
    expect((await new PageVisitor('desktop').get(pay_url)).text).toContain('请用微信扫描二维码');
    await routes(['alipay.jsapi'], true);
  });

  it('is not offered to a phone', async () => {
    const { pay_url } = await newPreorder();
    await routes(['wechat.wap'], false);
    const page = await new PageVisitor('phone').get(pay_url);
    expect(page.text).toContain('支付宝支付');
    expect(page.text).not.toContain('微信支付');
    await routes(['wechat.wap'], true);
  });

  it('and nothing at all is said too', async () => {
    const all = ['wechat.jsapi', 'wechat.wap', 'alipay.jsapi', 'alipay.wap'];
    const { number, pay_url } = await newPreorder();
    await routes(all, false);
    const visitor = new PageVisitor('phone');
    expect((await visitor.get(pay_url)).text).toContain('商户暂不支持在线付款');
    await visitor.confirm(pay_url, { with: 'wechat' });
    await routes(all, true);
    expect(await tries(number)).toBe(0);
  });

  it('an account without app_secret: the page says that this wallet cannot be used', async () => {
    const { pay_url } = await newPreorder();
    let app_secret = '';
    await saveAccount(world, 'sandbox-wechat', (account) => {
      const { app_secret: taken = '', ...secrets } = account.secrets;
      app_secret = taken;
      return { ...account, secrets };
    });
    await world.restartGateway();
    const page = await new PageVisitor('wechat').get(pay_url);
    expect(page.text).toContain('暂时无法在微信中付款');
    expect(page.text).toContain('请用支付宝扫描二维码');
    await saveAccount(world, 'sandbox-wechat', (account) => ({
      ...account,
      secrets: { ...account.secrets, app_secret },
    }));
    await world.restartGateway();
    expect((await new PageVisitor('wechat').get(pay_url)).text).toContain('确认付款');
  });

  it('a merchant who may not trade is said, and nothing is begun', async () => {
    const { number, pay_url } = await newPreorder();
    await world.sql(`UPDATE merchants SET status = 'suspended'`);
    await world.restartGateway();
    const visitor = new PageVisitor('wechat');
    expect((await visitor.get(pay_url)).text).toContain('商户暂时不能收款');
    expect((await visitor.confirm(pay_url)).location).not.toContain('oauth');
    await world.sql(`UPDATE merchants SET status = 'active'`);
    await world.restartGateway();
    expect(await tries(number)).toBe(0);
  });
});

describe('a refusal', () => {
  it('shows the reason of the channel and lets the payer try again', async () => {
    const { number, pay_url } = await newPreorder();
    const good = await world.sql<{ merchant_params: Json }>(
      `SELECT merchant_params FROM routes WHERE pay_type = 'wechat.jsapi'`,
    );
    const params = (value: Json) =>
      world.sql(`UPDATE routes SET merchant_params = $1 WHERE pay_type = 'wechat.jsapi'`, [JSON.stringify(value)]);
    await params({ sub_mchid: '1900009999' });
    await world.restartGateway();
    const visitor = new PageVisitor('wechat');
    await visitor.get(pay_url);
    const refused = await visitor.follow(await visitor.confirm(pay_url), pay_url);
    expect(refused.text).toContain('付款未能发起');
    expect(refused.text).toMatch(/class="reason">[A-Z_]+: /);
    expect(refused.text).toContain('再试一次');
    await params(good[0]?.merchant_params ?? {});
    await world.restartGateway();
    const page = await visitor.follow(await visitor.confirm(pay_url), pay_url);
    expect(page.data['invoke']).toBeDefined();
    expect(await tries(number)).toBe(2);
  });
});
