import { expect, test } from 'vitest';
import type { RunningSimulators } from '../../src/start.ts';
import { callWechat, control, start } from '../control/support.ts';
import { useBrowser } from './browser-support.ts';

const open = useBrowser();

let orders = 0;

/** Places an order of a kind for the demo sub-merchant; answers the HTTP status and what upstream said. */
async function place(
  simulators: RunningSimulators,
  name: string,
  more: object,
): Promise<{ status: number; out_trade_no: string }> {
  const { sp_appid, sp_mchid, sub_appid, sub_mchid } = simulators.wechat;
  const out_trade_no = `TILL${Date.now()}${(orders += 1)}`;
  const body = JSON.stringify({
    sp_appid,
    sp_mchid,
    sub_appid,
    sub_mchid,
    out_trade_no,
    description: 'Espresso',
    amount: { total: 7622 },
    ...more,
  });
  const { status } = await callWechat(simulators, 'POST', `/v3/pay/partner/transactions/${name}`, body);
  return { status, out_trade_no };
}

const present = (simulators: RunningSimulators, auth_code: string): ReturnType<typeof place> =>
  place(simulators, 'codepay', { payer: { auth_code }, scene_info: { store_info: { out_id: 'A1' } } });

test('a payment code is shown large, copied, and does what was chosen when a till reads it', async () => {
  const simulators = await start();
  const page = await open(simulators, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByText('Payment code (for a till)').click();
  await page.getByRole('combobox', { name: 'Once the till has read it' }).selectOption('has not enough money');
  await page.getByText('The channel refuses for certain. Nothing is charged.').waitFor();
  await page.getByRole('button', { name: 'Show a payment code' }).click();
  await page.getByText(/^\d{4} \d{4} \d{4} \d{4} \d{2}$/).waitFor();
  await page.getByRole('button', { name: 'Copy the code' }).click();
  await page.getByText('Copied', { exact: true }).waitFor();
  const copied = await page.evaluate('navigator.clipboard.readText()');
  expect(copied).toMatch(/^1[0-5]\d{16}$/);
  expect((await present(simulators, String(copied))).status).toBe(403);
});

test('another behaviour or wallet takes the shown code away', async () => {
  const page = await open(await start());
  const shown = page.getByText(/^\d{4} \d{4} \d{4} \d{4} \d{2}$/);
  await page.getByText('Payment code (for a till)').click();
  for (const change of [
    () => page.getByRole('combobox', { name: 'Once the till has read it' }).selectOption('has expired'),
    () => page.getByRole('radio', { name: 'Alipay' }).check(),
  ]) {
    await page.getByRole('radio', { name: 'WeChat Pay' }).check();
    await page.getByRole('button', { name: 'Show a payment code' }).click();
    await shown.waitFor();
    await change();
    await shown.waitFor({ state: 'hidden' });
  }
});

test.each([
  ['Pay ¥76.22', 'Paid', 'The channel has the money. Payment-code orders are not called back', 'SUCCESS'],
  ['Cancel', 'Cancelled', 'The payment has failed; the merchant has to reverse it', 'PAYERROR'],
])('the password that a till waits for is answered by "%s"', async (button, title, hint, state) => {
  const simulators = await start();
  const page = await open(simulators);
  const made = await control(simulators, 'POST', '/control/auth-code', {
    wallet: 'wechat',
    behaviour: 'password_then_pay',
  });
  const { status, out_trade_no } = await present(simulators, String(made.body['auth_code']));
  expect(status).toBe(202);
  await page.getByRole('button', { name: /Espresso/ }).click();
  const cashier = page.getByRole('dialog', { name: 'WeChat Pay cashier' });
  await cashier.getByText('The till waits for your password').waitFor();
  expect(await cashier.getByText('Show the QR code').count()).toBe(0);
  await cashier.getByRole('button', { name: 'Wrong password' }).click();
  await cashier.getByText('Wrong password, nothing was charged').waitFor();
  await cashier.getByRole('button', { name: button }).click();
  await cashier.getByRole('heading', { name: title }).waitFor();
  await cashier.getByText(hint).waitFor();
  await cashier.getByText(state).waitFor();
  await cashier.getByText(out_trade_no).waitFor();
  expect(await cashier.getByText('Waiting for the callback').count()).toBe(0);
});

test('an order that a client hands over waits in the list and is paid there', async () => {
  const simulators = await start();
  const page = await open(simulators);
  const notify_url = 'http://127.0.0.1:9/notify';
  const { out_trade_no } = await place(simulators, 'jsapi', { payer: { sub_openid: 'oPayer' }, notify_url });
  await page.getByRole('button', { name: /Espresso/ }).click();
  const cashier = page.getByRole('dialog', { name: 'WeChat Pay cashier' });
  await cashier.getByText(out_trade_no).waitFor();
  expect(await cashier.getByText('Show the QR code').count()).toBe(0);
  await cashier.getByRole('button', { name: 'Pay ¥76.22' }).click();
  await cashier.getByRole('heading', { name: 'Paid' }).waitFor();
});

test.each([320, 390, 1280])('the open panel fits into a window %i px wide', async (width) => {
  const page = await open(await start(), { viewport: { width, height: 844 } });
  await page.getByText('Payment code (for a till)').click();
  await page.getByRole('button', { name: 'Show a payment code' }).click();
  const code = page.getByText(/^\d{4} \d{4} \d{4} \d{4} \d{2}$/);
  await code.waitFor();
  const fits = `document.getElementById('auth-code').scrollWidth <= document.getElementById('auth-code-shown').clientWidth`;
  expect(await page.evaluate(fits)).toBe(true);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  const box = await code.boundingBox();
  expect(box?.height).toBeLessThan(40);
});
