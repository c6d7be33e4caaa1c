import { expect, test, vi } from 'vitest';
import { FAINT_TEXTS } from '../../../verification/faint-texts.ts';
import { control, placeAlipay, placeWechat, start, startReceiver } from '../control/support.ts';
import { useBrowser } from './browser-support.ts';

const open = useBrowser();

test('a fault is injected with its scope, shown with what is left of it, and cleared', async () => {
  const simulators = await start();
  const page = await open(simulators);
  await page.getByText('No fault is active').waitFor();
  await page.locator('#fault-scope').getByLabel('Channel').selectOption('wechat');
  await page.getByLabel('Operation').selectOption('pay');
  await page.getByLabel('Count').fill('2');
  await page.getByLabel('Rate (%)').fill('100');
  await page.getByLabel('Delay (ms)').fill('5');
  await page.getByRole('button', { name: 'Inject the fault http_500' }).click();
  const active = page.getByRole('listitem').filter({ hasText: '2 left' });
  await active.getByText('http_500').waitFor();
  await active.getByText('delay 5 ms').waitFor();

  await expect(placeWechat(simulators)).rejects.toThrow('native refused');
  await page.getByText('1 left').waitFor();
  await page.getByRole('button', { name: 'Clear all' }).click();
  await page.getByText('No fault is active').waitFor();
  await placeWechat(simulators);
});

test('a fault that cannot befall the chosen operation cannot be injected', async () => {
  const page = await open(await start());
  const drop = page.getByRole('button', { name: 'Inject the fault drop' });
  await page.getByLabel('Operation').selectOption('refund');
  await page.getByText('does not fit “refund”').first().waitFor();
  expect(await drop.isDisabled()).toBe(true);
  await page.getByLabel('Operation').selectOption('callback');
  await vi.waitFor(async () => expect(await drop.isDisabled()).toBe(false));
});

test('every fault stands there with what it does', async () => {
  const simulators = await start();
  const page = await open(simulators);
  const faults = (await control(simulators, 'GET', '/control/faults')).body['faults'] as {
    name: string;
    effect: string;
  }[];
  for (const { name, effect } of faults) {
    const row = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });
    await row.getByText(effect).waitFor();
  }
});

test('the platform key is changed by a button', async () => {
  const simulators = await start();
  const page = await open(simulators);
  await page.getByRole('button', { name: 'Switch to the public key' }).click();
  await page.getByText(/now signed by PUB_KEY_ID_/).waitFor();
});

test('the ledger grows by itself and shows yuan', async () => {
  const simulators = await start();
  const page = await open(simulators, { path: '/#ledger' });
  await page.getByText('Nothing has moved yet').waitFor();
  const order = await placeAlipay(simulators, { amount: 128005 });
  await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  await placeWechat(simulators, { amount: 1 });
  const table = page.getByRole('table', { name: 'Channel ledger' });
  const paid = table.getByRole('row').filter({ has: page.getByText('payment', { exact: true }) });
  await paid.getByText('1,280.05').waitFor();
  await paid.getByText(order.out_trade_no).waitFor();
  await table.getByText('0.01').waitFor();
  await page.locator('#ledger-channel').selectOption('alipay');
  await table.getByText('0.01').waitFor({ state: 'detached' });
  await paid.getByText('1,280.05').waitFor();
});

test('callback attempts show their answers and are sent again by a button', async () => {
  const simulators = await start();
  const receiver = await startReceiver();
  receiver.answer = { status: 503, body: 'the merchant is away' };
  const order = await placeWechat(simulators, { notify_url: receiver.url });
  const page = await open(simulators, { path: '/#callbacks' });
  await page.getByText('No callback has been sent yet').waitFor();
  await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  const refused = page.getByRole('listitem').filter({ hasText: 'HTTP 503 · not accepted' });
  await refused.getByText('Request and answer').click();
  await refused.getByText('the merchant is away').waitFor();
  await refused.getByText(/wechatpay-signature/i).waitFor();

  receiver.answer = { status: 200, body: '' };
  await refused.getByRole('button', { name: `Send the callback of order ${order.out_trade_no} again` }).click();
  await page.getByRole('listitem').filter({ hasText: 'HTTP 200 · accepted' }).waitFor();
  await refused.getByText('the merchant is away').waitFor();
});

test('the pace of repeats is changed by a choice', async () => {
  const simulators = await start();
  const page = await open(simulators, { path: '/#callbacks' });
  await page.getByLabel('Pace of repeats').selectOption({ label: '100 × faster' });
  await page.getByText('Repeats now come at: 100 × faster').waitFor();
  expect((await control(simulators, 'GET', '/control/callbacks')).body['cadence_scale']).toBe(0.01);
});

test('a lost connection is told at once and mends by itself', async () => {
  const simulators = await start();
  const page = await open(simulators);
  await page.getByText('Simulators running').waitFor();
  await page.context().setOffline(true);
  await page.getByRole('alert').getByText('The simulators do not answer').waitFor();
  await page.context().setOffline(false);
  await page.getByText('Simulators running').waitFor();
});

test('the page switches its language and keeps it', async () => {
  const simulators = await start();
  const page = await open(simulators);
  await page.getByRole('link', { name: '切换到中文' }).click();
  await page.getByRole('heading', { name: '等待付款' }).waitFor();
  await page.goto(simulators.addresses.control);
  await page.getByRole('heading', { name: '等待付款' }).waitFor();
});

test.each([320, 390, 768, 1440])('nothing sticks out of a window %i pixels wide', async (width) => {
  const simulators = await start();
  const receiver = await startReceiver();
  const description = 'A very long description of goods that does not fit on one line';
  const order = await placeWechat(simulators, { notify_url: receiver.url, amount: 123456789, description });
  await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  await placeAlipay(simulators, { amount: 123456789, description });
  await control(simulators, 'POST', '/control/faults', {
    channel: 'wechat',
    operation: 'query',
    fault: 'slow',
    count: 2,
  });
  const page = await open(simulators, { viewport: { width, height: 700 } });
  await page.getByRole('button', { name: /A very long description/ }).click();
  await page.getByText('Show the QR code').click();
  await page.getByRole('img', { name: /QR code/ }).waitFor();
  const shown = { wallet: '#sheet', faults: '.active-row', ledger: '#ledger-rows tr', callbacks: '.attempt' };
  for (const [view, selector] of Object.entries(shown)) {
    if (view !== 'wallet') await page.getByRole('link', { name: new RegExp(`^${view}`, 'i') }).click();
    await page.locator(selector).first().waitFor();
    const excess = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(excess, view).toBe(0);
  }
});

test.each(['light', 'dark'] as const)('text is readable in the %s scheme', async (colorScheme) => {
  const simulators = await start();
  const order = await placeWechat(simulators);
  await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  await placeAlipay(simulators);
  await control(simulators, 'POST', '/control/faults', {
    channel: 'wechat',
    operation: 'query',
    fault: 'slow',
    count: 2,
  });
  const page = await open(simulators, { colorScheme });
  for (const [view, selector] of [
    ['faults', '.active-row'],
    ['ledger', '#ledger-rows tr'],
    ['callbacks', '.attempt'],
  ]) {
    await page.goto(`${simulators.addresses.control}/#${view}`);
    await page
      .locator(selector ?? '')
      .first()
      .waitFor();
    expect(await page.evaluate(FAINT_TEXTS), view).toEqual([]);
  }
});
