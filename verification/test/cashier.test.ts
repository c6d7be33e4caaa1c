import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { FAINT_TEXTS } from '../faint-texts.ts';
import type { Json } from '../merchant.ts';
import { DESKTOP, IPHONE, openWallet, SMALL, type WalletBrowser } from '../wallet-browser.ts';
import { eventually, startWorld, type World } from '../world.ts';

// A CommonJS module whose types describe another kind.
const readQrCode = createRequire(import.meta.url)('jsqr') as (
  bytes: Uint8ClampedArray,
  width: number,
  height: number,
) => { readonly data: string } | null;

let world: World;
let browser: Browser;
let numbers = 0;
const opened: WalletBrowser[] = [];

beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld(), launchBrowser()]);
}, 120_000);

afterAll(async () => {
  await browser.close();
  await world.close();
});

async function newPreorder(changes: Json = {}): Promise<{ readonly number: string; readonly pay_url: string }> {
  numbers += 1;
  const number = `cashier.${numbers}`;
  const made = await world.merchant.call('/v2/pay/pre_order', {
    mch_pre_id: number,
    total_fee: 123_450,
    body: '乌龙茶 两盒',
    ...changes,
  });
  expect(made.code).toBe(0);
  return { number, pay_url: String(made.data['pay_url']) };
}

async function preState(number: string): Promise<unknown> {
  return (await world.merchant.call('/v2/pay/pre_order_detail', { mch_pre_id: number })).data['pre_state'];
}

async function tries(number: string): Promise<number> {
  const { data } = await world.merchant.call('/v2/pay/pre_order_detail', { mch_pre_id: number });
  return (data['pay_orders'] as unknown[]).length;
}

/** A wallet's or a phone's browser. The test fails when a script throws, or when the browser complains of a page. */
const open = async (...more: Parameters<typeof openWallet> extends [Browser, World, ...infer Rest] ? Rest : never) => {
  const wallet = await openWallet(browser, world, ...more);
  opened.push(wallet);
  const complaints: string[] = [];
  wallet.context.on('console', (message) => {
    // Tests take the network away and open links that are none: what cannot be loaded then is no fault of the page's.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  wallet.context.on('weberror', (problem) => complaints.push(problem.error().message));
  onTestFinished(() => expect(complaints).toEqual([]));
  return wallet;
};

/** The page's title of the moment. */
const title = (page: Page) => page.locator('.title');

describe.each([
  ['wechat', '微信'],
  ['alipay', '支付宝'],
] as const)('inside %s', (program, name) => {
  it('shows merchant, goods and amount, pays with one press, and says so', async () => {
    const { number, pay_url } = await newPreorder();
    const wallet = await open(program);
    const page = await wallet.page();
    await page.goto(pay_url);
    await page.getByText('合流演示商户').waitFor();
    await page.getByText('乌龙茶 两盒').waitFor();
    await page.getByText('1,234.50', { exact: false }).first().waitFor();
    expect(wallet.invoked).toEqual([]);
    expect(await tries(number)).toBe(0);

    await page.getByRole('button', { name: '确认付款 ¥1,234.50' }).click();
    await page.getByText('付款成功').waitFor();
    expect(wallet.invoked).toHaveLength(1);
    expect(await preState(number)).toBe(0);
    expect(page.url()).toBe(pay_url);

    await page.reload();
    await page.getByText('付款成功').waitFor();
    expect(wallet.invoked).toHaveLength(1);
  });

  it('leaves a payer who cancels where they can go on, with the same order', async () => {
    const { number, pay_url } = await newPreorder();
    const wallet = await open(program);
    wallet.behaviour.act = 'cancel';
    const page = await wallet.page();
    await page.goto(pay_url);
    await page.getByRole('button').click();
    await page.getByText('您取消了付款。').waitFor();
    expect(await preState(number)).toBe(6);
    wallet.behaviour.act = 'pay';
    await page.getByRole('button', { name: `打开${name}付款` }).click();
    await page.getByText('付款成功').waitFor();
    expect(await tries(number)).toBe(1);
  });

  it('does not believe the wallet that it was paid', async () => {
    const { number, pay_url } = await newPreorder();
    const wallet = await open(program);
    wallet.behaviour.act = 'nothing';
    wallet.behaviour.lie = program === 'wechat' ? 'ok' : '9000';
    const page = await wallet.page();
    await page.goto(pay_url);
    await page.getByRole('button').click();
    await page.getByText('正在确认付款结果……').waitFor();
    await page.waitForResponse((response) => response.url().includes('/preorder/state'));
    await page.waitForResponse((response) => response.url().includes('/preorder/state'));
    expect(await title(page).textContent()).toBe(`请在${name}中完成付款`);
    expect(await preState(number)).toBe(6);
  });

  it('does not believe the wallet that it was not paid', async () => {
    const { pay_url } = await newPreorder();
    const wallet = await open(program);
    wallet.behaviour.lie = program === 'wechat' ? 'fail' : '4000';
    const page = await wallet.page();
    await page.goto(pay_url);
    await page.getByRole('button').click();
    await page.getByText('付款成功').waitFor();
  });

  it('pays without a script too', async () => {
    const { number, pay_url } = await newPreorder();
    const wallet = await open(program, { ...IPHONE, script: false });
    const page = await wallet.page();
    await page.goto(pay_url);
    await page.getByRole('button').click();
    await page.getByText(`请在${name}中完成付款`).waitFor();
    const pay_info = (await page.locator('#page').getAttribute('data-invoke')) ?? '';
    const invoked = await world.control('POST', '/control/invoke', { pay_info });
    await world.control('POST', '/control/prepay', { prepay_id: invoked.body['prepay_id'], action: 'pay' });
    await page.getByText('我已付款，刷新结果').click();
    await page.getByText('付款成功').waitFor();
    expect(await preState(number)).toBe(0);
  });

  it('keeps a payer from paying twice while an answer is lost, and finds out', async () => {
    const { number, pay_url } = await newPreorder();
    const wallet = await open(program);
    const page = await wallet.page();
    await page.goto(pay_url);
    await world.control('POST', '/control/faults', { channel: program, operation: 'pay', fault: 'http_500', count: 1 });
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: '正在确认付款结果' }).waitFor();
    await page.getByRole('button', { name: '再试一次' }).click();
    await page.getByText('付款成功').waitFor();
    expect(await tries(number)).toBe(1);
  });
});

describe('any other browser', () => {
  it('shows a code of the very same address on a desktop, which updates by itself when it was paid elsewhere', async () => {
    const { pay_url } = await newPreorder();
    const page = await (await open('desktop', DESKTOP)).page();
    await page.goto(pay_url);
    await page.getByText('请用微信或支付宝扫描二维码').waitFor();
    expect(await readCode(page)).toBe(pay_url);
    expect(await page.getByRole('button').count()).toBe(0);

    const phone = await (await open('wechat')).page();
    await phone.goto(pay_url);
    await phone.getByRole('button').click();
    await phone.getByText('付款成功').waitFor();
    await page.getByText('此订单已付款').waitFor();
  });

  it.each([
    ['wechat', '微信'],
    ['alipay', '支付宝'],
  ] as const)('opens %s from a phone, and comes back to the result', async (_channel, name) => {
    const { pay_url } = await newPreorder();
    const page = await (await open('phone')).page();
    await page.goto(pay_url);
    await page.getByText('也可以用另一部手机扫码付款').waitFor();
    await page.getByRole('button', { name: `${name}支付` }).click();
    await page.locator('button[value=pay]').click();
    await page.getByText('付款成功').waitFor();
    expect(new URL(page.url()).origin).toBe(world.url);
  });

  it('changes wallets: the first try is closed before the second is placed', async () => {
    const { number, pay_url } = await newPreorder();
    const page = await (await open('phone')).page();
    await page.goto(pay_url);
    await page.getByRole('button', { name: '微信支付' }).click();
    await page.locator('button[value=cancel]').click();
    await page.getByRole('button', { name: '支付宝支付' }).click();
    await page.locator('button[value=pay]').click();
    await page.getByText('付款成功').waitFor();
    expect(await tries(number)).toBe(2);
    expect((await world.merchant.call('/v2/pay/query', { mch_trade_id: `${number}.1` })).data['trade_state']).toBe(3);
  });
});

describe('people', () => {
  it('two on one link: one pays, the other is told that there is nothing left to pay', async () => {
    const { number, pay_url } = await newPreorder();
    const anna = await open('wechat', IPHONE, 'anna');
    const ben = await open('wechat', SMALL, 'ben');
    anna.behaviour.act = 'nothing';
    const [annas, bens] = await Promise.all([anna.page(), ben.page()]);
    await Promise.all([annas.goto(pay_url), bens.goto(pay_url)]);
    await annas.getByRole('button').click();
    await annas.getByText('请在微信中完成付款').waitFor();
    await bens.getByText('有人正在付款，完成后本页会自动更新').waitFor();
    await bens.getByRole('button').click();
    await bens.getByText('付款成功').waitFor();
    await annas.getByText('此订单已付款').waitFor();
    expect(await tries(number)).toBe(2);
  });

  it('who press twice, as fast as they can, make one order', async () => {
    const { number, pay_url } = await newPreorder();
    const wallet = await open('wechat');
    const page = await wallet.page();
    await page.goto(pay_url);
    await page.getByRole('button').dblclick();
    await page.getByText('付款成功').waitFor();
    expect(await tries(number)).toBe(1);
    expect(wallet.invoked).toHaveLength(1);
  });

  it('who go back from the paid page see that it is paid', async () => {
    const { pay_url } = await newPreorder();
    const page = await (await open('wechat')).page();
    await page.goto('about:blank');
    await page.goto(pay_url);
    await page.getByRole('button').click();
    await page.getByText('付款成功').waitFor();
    await page.goBack();
    await page.goForward();
    await page.getByText('付款成功').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
  });
});

describe('time', () => {
  it('that runs out while the payer looks is told by itself', async () => {
    const { number, pay_url } = await newPreorder();
    const page = await (await open('wechat')).page();
    await page.goto(pay_url);
    await world.sql('UPDATE preorders SET expires_at_ms = $2 WHERE mch_pre_id = $1', [number, Date.now() - 1]);
    await page.getByText('付款链接已过期').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await preState(number)).toBe(3);
  });

  it('that ran out between looking and pressing places nothing', async () => {
    const { number, pay_url } = await newPreorder();
    const page = await (await open('wechat')).page();
    await page.route('**/preorder/state*', (route) => route.abort());
    await page.goto(pay_url);
    await world.sql('UPDATE preorders SET expires_at_ms = $2 WHERE mch_pre_id = $1', [number, Date.now() - 1]);
    await page.getByRole('button').click();
    await page.getByText('付款链接已过期').waitFor();
    expect(await tries(number)).toBe(0);
  });
});

describe('the network', () => {
  it('that is lost in the middle is said, and the page goes on when it is back', async () => {
    const { pay_url } = await newPreorder();
    const wallet = await open('wechat');
    wallet.behaviour.act = 'nothing';
    const page = await wallet.page();
    await page.goto(pay_url);
    await page.getByRole('button').click();
    await page.getByText('请在微信中完成付款').waitFor();
    await wallet.context.setOffline(true);
    await page.getByText('网络已断开，正在重新连接……').waitFor();
    const [pay_info = ''] = await eventually(async () => wallet.invoked.length > 0 && wallet.invoked);
    const invoked = await world.control('POST', '/control/invoke', { pay_info });
    await world.control('POST', '/control/prepay', { prepay_id: invoked.body['prepay_id'], action: 'pay' });
    await wallet.context.setOffline(false);
    await page.getByText('付款成功').waitFor();
  });

  it('that is away when the payer presses sends nothing, and says so', async () => {
    const { number, pay_url } = await newPreorder();
    const wallet = await open('wechat');
    const page = await wallet.page();
    await page.goto(pay_url);
    await wallet.context.setOffline(true);
    await page.getByRole('button').click();
    await page.getByText('网络已断开，正在重新连接……').waitFor();
    await wallet.context.setOffline(false);
    await page.getByRole('button').click();
    await page.getByText('付款成功').waitFor();
    expect(await tries(number)).toBe(1);
  });
});

describe('a small screen and large type', () => {
  it.each(['wechat', 'phone', 'desktop'] as const)('cut nothing off: %s', async (program) => {
    const { pay_url } = await newPreorder({ body: 'x'.repeat(200), total_fee: 10_000_000_000 });
    const page = await (await open(program, SMALL)).page();
    await page.goto(pay_url);
    const overflow = (): Promise<boolean> =>
      page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
    expect(await overflow()).toBe(false);
    await page.evaluate("document.documentElement.style.fontSize = '200%'");
    expect(await overflow()).toBe(false);
  });

  it('name everything for who cannot see', async () => {
    const { pay_url } = await newPreorder();
    const page = await (await open('phone', SMALL)).page();
    await page.goto(pay_url);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('合流演示商户');
    expect(await page.getByRole('img', { name: '应付金额 ¥1,234.50' }).count()).toBe(1);
    expect(await page.getByRole('img', { name: '付款二维码' }).count()).toBe(1);
    expect(await page.getByRole('button', { name: '微信支付' }).count()).toBe(1);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('微信支付');
  });
});

describe('a dark screen', () => {
  it.each(['wechat', 'phone', 'desktop'] as const)(
    'is not lit up, and as readable as a light one: %s',
    async (program) => {
      const { pay_url } = await newPreorder();
      const background = 'getComputedStyle(document.body).backgroundColor';
      const grounds: string[] = [];
      for (const dark of [false, true]) {
        const page = await (await open(program, { ...IPHONE, dark })).page();
        await page.goto(pay_url);
        expect(await page.evaluate(FAINT_TEXTS), dark ? 'dark' : 'light').toEqual([]);
        grounds.push(await page.evaluate(background));
      }
      const [light, dark] = grounds.map((colour) => Math.max(...(colour.match(/\d+/g) ?? []).slice(0, 3).map(Number)));
      expect(light).toBeGreaterThan(200);
      expect(dark).toBeLessThan(55);
    },
  );
});

describe('a person with the sandbox’s wallet page alone', () => {
  it.each([
    ['wechat', '用微信打开'],
    ['alipay', '用支付宝打开'],
  ])('opens the link in %s and pays', async (_wallet, label) => {
    const { number, pay_url } = await newPreorder();
    const context = await browser.newContext({ locale: 'zh-CN' });
    const phone = await context.newPage();
    await phone.goto(world.simulators.addresses.control);
    await phone.locator('#code-text').fill(pay_url);
    await phone.getByRole('button', { name: '打开', exact: true }).click();
    const [page] = await Promise.all([context.waitForEvent('page'), phone.getByRole('link', { name: label }).click()]);
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.message());
      void (asked.length === 1 ? dialog.dismiss() : dialog.accept());
    });
    await page.getByRole('button', { name: '确认付款' }).click();
    await page.getByText('您取消了付款。').waitFor();
    await page.getByRole('button', { name: /^打开/ }).click();
    await page.getByText('付款成功').waitFor();
    expect(asked[1]).toContain('¥1234.50');
    expect(await preState(number)).toBe(0);
    await context.close();
  });
});

/** Runs in a page without a policy: the payment page's own lets nothing be loaded. */
const READ_PICTURE = `async (base64) => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + base64)).blob());
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, image.width, image.height).data;
  return { width: image.width, height: image.height, bytes: Array.from(bytes) };
}`;

/** Reads the QR code off the screen, as a phone does. */
async function readCode(page: Page): Promise<string | null> {
  const picture = await page.locator('.code').screenshot();
  const reader = await browser.newPage();
  const shown = await reader.evaluate<{ width: number; height: number; bytes: number[] }>(
    `(${READ_PICTURE})(${JSON.stringify(picture.toString('base64'))})`,
  );
  await reader.close();
  return readQrCode(Uint8ClampedArray.from(shown.bytes), shown.width, shown.height)?.data ?? null;
}
