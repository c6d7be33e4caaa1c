import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { shopServer } from '../../demos/shop/src/server.ts';
import { Shop } from '../../demos/shop/src/shop.ts';
import { createMerchant } from '../../gateway/src/operations/merchants.ts';
import { systemPorts } from '../../gateway/src/outbound/system-ports.ts';
import { openDatabase } from '../../gateway/src/storage/database.ts';
import { createSealer } from '../../gateway/src/storage/seal.ts';
import { createStore } from '../../gateway/src/storage/store.ts';
import {
  merchant_keys,
  MERCHANT_ID,
  platform_keys,
  refusal,
  startGateway,
  success,
  type Json,
} from '../../sdk/typescript/test/test-gateway.ts';
import { launchBrowser } from '../browser.ts';
import { signJwt, type TestMerchant, newTestMerchant } from '../merchant.ts';
import { startWorld, type World } from '../world.ts';

// The demo shop in a real browser, against the real gateway and the simulated wallets.

const PATIENT = 60_000;

let world: World;
let browser: Browser;

interface OpenShop {
  readonly url: string;
  readonly shop: Shop;
}

beforeAll(async () => {
  [world, browser] = await Promise.all([startWorld(), launchBrowser()]);
}, PATIENT);

afterAll(async () => {
  await browser.close();
  await world.close();
});

/** A shop of the world's merchant, or of another gateway; it ends with the test. */
async function openShop(changes: Partial<Shop['settings']> = {}): Promise<OpenShop> {
  const { merchant_id, private_key } = world.merchant.merchant;
  const state: { listener?: ReturnType<typeof shopServer> } = {};
  const server: Server = createServer((request, response) => state.listener?.(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const shop = new Shop({
    gateway_url: world.url,
    merchant_id,
    private_key: private_key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    platform_public_key: world.platform_public_key,
    shop_url: url,
    pay_types: ['wechat.scan', 'alipay.scan'],
    wallet_url: world.simulators.addresses.control,
    bank_url: 'http://bank.example.com',
    ...changes,
  });
  await shop.ways.askForCashier();
  state.listener = shopServer(shop);
  onTestFinished(async () => {
    shop.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, shop };
}

/** An address at which nobody listens. */
async function nobodyThere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** Opens a page. The test fails when a script throws, the policy stops something, or anything is asked of another origin. */
async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/content security policy|violates/i.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`request to ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(url);
  return page;
}

async function order(page: Page, way: string): Promise<void> {
  await page.getByRole('button', { name: 'One more: Oat latte' }).click();
  await page.getByRole('button', { name: 'One more: Oat latte' }).click();
  await page.getByRole('radio', { name: new RegExp(`^${way}`) }).check();
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
}

async function pay(page: Page): Promise<void> {
  const code = await page.locator('.code').innerText();
  expect(await world.control('POST', '/control/scan', { code, action: 'pay' })).toMatchObject({ status: 200 });
}

function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

async function merchantWithoutRoutes(): Promise<TestMerchant> {
  const merchant = newTestMerchant();
  const { merchant_id, public_key } = merchant;
  const database = openDatabase({ url: world.database_url, max_connections: 1 });
  const ports = systemPorts();
  const store = createStore(database, database, createSealer(world.config.master_key ?? Buffer.alloc(0), randomBytes));
  await createMerchant({ ports, store }, { merchant_id, name: 'new', public_key });
  await database.close();
  await ports.close();
  return merchant;
}

describe('the shop', { timeout: PATIENT }, () => {
  test.each(['WeChat Pay', 'Alipay'])(
    'takes a payment with %s, shows it live, and gives it back in parts',
    async (way) => {
      const { url } = await openShop();
      const page = await open(url);
      await order(page, way);
      await page.getByRole('heading', { name: '¥52.00' }).waitFor();
      await page.getByText('Waiting for payment').first().waitFor();
      const source = await page.getByAltText('QR code to pay with').getAttribute('src');
      const picture = await page.request.get(`${url}${source}`);
      expect(picture.headers()['content-type']).toBe('image/svg+xml');
      await pay(page);
      await page.locator('.badge.paid').waitFor();
      // What went over the wire is there to be read.
      const wire = page.getByRole('region', { name: 'On the wire' });
      await wire.getByText('✓ 200 success').waitFor();
      expect(await wire.getByRole('listitem').count()).toBe(2);
      expect(await wire.innerText()).toContain('"total_fee": 5200');

      await page.getByLabel('Amount to refund (yuan)').fill('20.5');
      await page.getByRole('button', { name: 'Refund' }).click();
      await page.getByText('Refunded', { exact: true }).waitFor();
      await page.getByLabel('Amount to refund (yuan)').fill('31.51');
      await page.getByRole('button', { name: 'Refund' }).click();
      await page.getByText('A refund is more than nothing and at most what is left.').waitFor();
      await page.getByLabel('Amount to refund (yuan)').fill('31.50');
      await page.getByRole('button', { name: 'Refund' }).click();
      await page.locator('.badge.refund-0').nth(1).waitFor();
      expect(await page.getByRole('button', { name: 'Refund' }).count()).toBe(0);

      const number = await page.locator('.number').innerText();
      const { data } = await world.merchant.call('/v2/pay/query', { mch_trade_id: number });
      expect(data).toMatchObject({ total_fee: 5200, refunded_fee: 5200 });
    },
  );

  test('refuses a forged notification, and shows that it did', async () => {
    const { url, shop } = await openShop();
    const page = await open(url);
    await order(page, 'WeChat Pay');
    await page.locator('.qr').waitFor();
    const number = await page.locator('.number').innerText();
    const data = { merchant_id: shop.settings.merchant_id, mch_trade_id: number, total_fee: 5200, trade_state: 0 };
    const forged = signJwt({ code: 0, data, nonce_str: 'f'.repeat(24) }, newTestMerchant().private_key);
    const answer = await fetch(`${url}/notify`, { method: 'POST', body: forged });
    expect([answer.status, await answer.text()]).toEqual([400, 'not genuine']);
    await page.getByText('✗ 400 not genuine').waitFor();
    expect(await page.locator('.badge.paid').count()).toBe(0);
  });

  test('finds out by asking when no notification came', async () => {
    const { url } = await openShop({ shop_url: await nobodyThere() });
    const page = await open(url);
    await order(page, 'Alipay');
    await page.locator('.qr').waitFor();
    await pay(page);
    await page.getByRole('button', { name: 'Ask the gateway' }).click();
    await page.locator('.badge.paid').waitFor();
  });

  test('has no button for what is not routed, and takes it away when the gateway says so', async () => {
    const { merchant_id, private_key } = await merchantWithoutRoutes();
    const { url } = await openShop({
      merchant_id,
      private_key: private_key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      // What an old configuration says.
      pay_types: ['wechat.scan'],
    });
    const page = await open(url);
    expect(await page.getByRole('radio', { name: /^Alipay/ }).count()).toBe(0);
    await order(page, 'WeChat Pay');
    await page.getByText('code 202').first().waitFor();
    await page.locator('.badge.not_paid').waitFor();
    await page.getByRole('link', { name: 'Back to the shop' }).click();
    expect(await page.getByRole('radio', { name: /^WeChat Pay/ }).count()).toBe(0);
  });

  test('does not order for a page of another origin', async () => {
    const { url, shop } = await openShop();
    const body = 'count.latte=1&way=wechat';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
      const answer = await fetch(`${url}/orders`, {
        method: 'POST',
        body,
        redirect: 'manual',
        headers: { ...form, ...headers },
      });
      expect(answer.status).toBe(403);
    }
    expect(shop.orders.latest(10)).toEqual([]);
  });

  test('says what is missing, and keeps what was chosen', async () => {
    const { url } = await openShop();
    const page = await open(url);
    await page.getByRole('radio', { name: /^Alipay/ }).check();
    await page.getByRole('button', { name: 'Pay', exact: true }).click();
    await page.getByText('Choose something first.').waitFor();
    expect(await page.getByRole('radio', { name: /^Alipay/ }).isChecked()).toBe(true);
  });

  test.each([
    [320, 'light', 'zh-CN'],
    [320, 'dark', 'en-US'],
    [390, 'dark', 'zh-CN'],
    [1280, 'light', 'en-US'],
  ] as const)('fits into %i px (%s, %s)', async (width, colorScheme, locale) => {
    const { url } = await openShop();
    const page = await open(url, { viewport: { width, height: 760 }, colorScheme, locale });
    expect(await page.locator('html').getAttribute('lang')).toBe(locale === 'zh-CN' ? 'zh-CN' : 'en');
    expect(await overflow(page)).toBe(0);
    await page.locator('[data-step="1"]').first().click();
    await page.locator('button.primary').click();
    await page.locator('.qr').waitFor();
    expect(await overflow(page)).toBe(0);
    await pay(page);
    await page.locator('.badge.paid').waitFor();
    expect(await overflow(page)).toBe(0);
  });

  test('works without scripts', async () => {
    const { url } = await openShop();
    const page = await open(url, { javaScriptEnabled: false });
    await page.getByLabel('Count: Americano').fill('1');
    await page.getByRole('button', { name: 'Pay', exact: true }).click();
    // Should the gateway not have answered yet, the page reloads by itself.
    await page.locator('.qr').waitFor();
    await pay(page);
    await page.getByRole('button', { name: 'Ask the gateway' }).click();
    await page.locator('.badge.paid').waitFor();
  });
});

describe('the ways that need more of the gateway', { timeout: PATIENT }, () => {
  /** A gateway that has everything; each path has its answer. */
  async function everything(replies: Readonly<Record<string, (claims: Json) => string>>): Promise<OpenShop> {
    const gateway = await startGateway((claims) => {
      const path = gateway.sent.at(-1)?.path ?? '';
      return replies[path]?.(claims) ?? refusal(301, 'no such order');
    });
    return openShop({
      gateway_url: gateway.url,
      merchant_id: MERCHANT_ID,
      private_key: merchant_keys.privateKey,
      platform_public_key: platform_keys.publicKey,
      pay_types: ['wechat.scan', 'alipay.scan', 'common.micro', 'ecp.transfer'],
    });
  }

  const head = ({ mch_trade_id }: Json) => ({ trade_id: 'a', mch_trade_id, merchant_id: MERCHANT_ID });

  test('are all shown when it has them', async () => {
    const { url } = await everything({});
    const page = await open(url);
    expect(await page.getByRole('radio').count()).toBe(5);
    await page.setViewportSize({ width: 320, height: 700 });
    expect(await overflow(page)).toBe(0);
  });

  test('a payment code is read, sent once, and not shown again', async () => {
    const { url } = await everything({
      '/v2/pay': (claims) => success({ ...head(claims), trade_state: 0, trade_info: '支付成功, ' }),
    });
    const page = await open(url);
    expect(await page.getByRole('textbox', { name: 'Payment code' }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'One more: Americano' }).click();
    await page.getByRole('radio', { name: 'Scan the customer’s code' }).check();
    await page.getByRole('textbox', { name: 'Payment code' }).fill('12');
    await page.keyboard.press('Enter');
    await page.getByText('A payment code has 16 to 24 digits.').waitFor();
    await page.getByRole('textbox', { name: 'Payment code' }).fill('134567890123456789');
    await page.keyboard.press('Enter');
    await page.locator('.badge.paid').waitFor();
    expect(await page.getByRole('region', { name: 'On the wire' }).innerText()).toContain('"auth_code": "…"');
    expect(await page.content()).not.toContain('134567890123456789');
  });

  test('a payment code that the channel refuses is not paid, and says why', async () => {
    const { url } = await everything({ '/v2/pay': () => refusal(600, 'AUTH_CODE_INVALID: 付款码无效') });
    const page = await open(url);
    await page.getByRole('button', { name: 'One more: Americano' }).click();
    await page.getByRole('radio', { name: 'Scan the customer’s code' }).check();
    await page.getByRole('textbox', { name: 'Payment code' }).fill('134567890123456789');
    await page.keyboard.press('Enter');
    await page.locator('.badge.not_paid').waitFor();
    expect(await page.locator('.message').innerText()).toContain('AUTH_CODE_INVALID: 付款码无效');
  });

  test('a bank transfer shows the account of the order', async () => {
    // A number, as the product document has it: more digits than JavaScript's hold.
    const pay_info = '{"fund_acc_name":"合流 <科技>","fund_acc":9902000016241739,"ecp_bank_branch":"广州分行"}';
    const { url } = await everything({
      '/v2/pay': (claims) => success({ ...head(claims), total_fee: 5200, trade_state: 6, trade_info: '', pay_info }),
    });
    const page = await open(url);
    await order(page, 'Bank transfer');
    await page.getByText('合流 <科技>', { exact: true }).waitFor();
    expect(await page.locator('.account').innerText()).toContain('9902000016241739');
    // A phone pays no transfer: the simulated bank does, and finds account and amount filled in.
    const links = await page
      .locator('.to-pay a.button')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
    expect(links).toEqual(['http://bank.example.com/?fund_acc=9902000016241739&amount=52.00']);
  });

  test('a cashier link is shown as a code and as a link, and its payment is known by the cashier’s number', async () => {
    const { url, shop } = await everything({
      '/v2/pay/pre_order': () => success({ pay_url: 'https://pay.example.com/cashier/1' }),
      '/v2/pay/pre_order_detail': ({ mch_pre_id }) =>
        mch_pre_id === 'shop.nothing'
          ? refusal(301, 'no such preorder')
          : success({ mch_pre_id, pay_orders: [1, 2].map((at) => ({ mch_trade_id: `${String(mch_pre_id)}.${at}` })) }),
      '/v2/pay/query': (claims) =>
        success({
          ...head(claims),
          trade_state: String(claims['mch_trade_id']).endsWith('.1') ? 3 : 0,
          trade_info: '',
        }),
    });
    const page = await open(url);
    await order(page, 'Cashier link');
    await page.getByRole('link', { name: 'Open the cashier' }).waitFor();
    expect(await page.getByRole('link', { name: 'Open the cashier' }).getAttribute('href')).toBe(
      'https://pay.example.com/cashier/1',
    );
    await page.getByRole('button', { name: 'Ask the gateway' }).click();
    await page.locator('.badge.paid').waitFor();
    expect(shop.orders.latest(1)[0]?.paid_number).toMatch(/\.2$/);
  });

  test('keep a bounded number of orders, the oldest forgotten first', async () => {
    const { shop } = await everything({ '/v2/pay': (claims) => success({ ...head(claims), code_url: 'weixin://a' }) });
    const basket = [{ good: { id: 'a', name: { zh: 'a', en: 'a' }, price_fen: 1, picture: 'cup' }, count: 1 }] as const;
    const first = shop.orders.add(basket, 'wechat', Date.now(), 1_000);
    for (let count = 0; count < 200; count += 1) shop.orders.add(basket, 'wechat', Date.now(), 1_000);
    expect(shop.orders.get(first.id)).toBeNull();
    expect(shop.orders.latest(500)).toHaveLength(200);
  });
});
