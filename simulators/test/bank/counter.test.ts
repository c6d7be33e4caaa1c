import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { launchBrowser } from '../../../verification/browser.ts';
import type { RunningSimulators } from '../../src/start.ts';
import { control, start } from '../control/support.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);

afterAll(() => browser.close());

async function visit(
  simulators: RunningSimulators,
  path = '/',
  width = 1280,
  origin = simulators.bank.base_url,
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, locale: 'en-US' });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/content security policy|violates/i.test(message.text())) complaints.push(message.text());
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });
  await page.goto(origin + path);
  return page;
}

describe('the counter', () => {
  test('is one press away from the wallet page', async () => {
    const simulators = await start();
    const page = await visit(simulators, '', 320, simulators.addresses.control);
    const link = page.getByRole('link', { name: 'Bank counter: make a transfer' });
    const [counter] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
    await counter.getByRole('button', { name: 'Make the transfer' }).waitFor();
    expect(new URL(counter.url()).origin).toBe(simulators.bank.base_url);
  });

  test('takes a transfer, says its reference, and transfers nothing when it is reloaded', async () => {
    const simulators = await start();
    const page = await visit(simulators);
    await page.getByLabel('Account number').fill('9902 0000 0000 0002');
    await page.getByLabel('Amount (yuan)').fill('76.22');
    await page.getByLabel('Payer’s name').fill('<b>甲</b> 公司');
    await page.getByRole('button', { name: 'Make the transfer' }).click();
    const said = await page.getByRole('status').textContent();
    await page.reload();
    const { entries } = (await control(simulators, 'GET', '/control/ledger?channel=bank')).body as {
      entries: Record<string, unknown>[];
    };
    expect(entries).toMatchObject([{ kind: 'payment', amount: 7622, note: '9902000000000002' }]);
    expect(said).toContain(entries[0]?.['transaction_id']);
    const row = page.getByRole('row').nth(1);
    expect(await row.textContent()).toContain('<b>甲</b> 公司');
    expect(await row.textContent()).toContain('+76.22');
  });

  test('says why it made none', async () => {
    const page = await visit(await start());
    await page.getByLabel('Account number').fill('1234');
    await page.getByLabel('Amount (yuan)').fill('1');
    await page.getByRole('button', { name: 'Make the transfer' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('no account of this bank');
    await page.getByLabel('Amount (yuan)').fill('one');
    await page.getByLabel('Account number').fill('9902000000000002');
    await page.getByRole('button', { name: 'Make the transfer' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('amount must be yuan');
  });

  test('speaks Chinese and English, and fits a phone', async () => {
    const simulators = await start();
    const page = await visit(simulators, '/?lang=zh', 360);
    expect(await page.title()).toContain('合流演示银行');
    expect(await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    await page.getByRole('link', { name: 'English' }).click();
    expect(await page.title()).toContain('Heliu demo bank');
  });

  test('is for this machine alone, and for no other page', async () => {
    const simulators = await start();
    const post = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${simulators.bank.base_url}/transfer`, {
        method: 'POST',
        headers,
        body: 'fund_acc=9902000000000002&amount=1',
        redirect: 'manual',
      });
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ origin: simulators.bank.base_url })).status).toBe(303);
    expect((await fetch(`${simulators.bank.base_url}/other`)).status).toBe(404);
  });
});
