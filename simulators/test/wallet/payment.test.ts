import { toBuffer } from 'qrcode';
import { expect, test } from 'vitest';
import { callWechat, control, placeAlipay, placeWechat, start, startReceiver } from '../control/support.ts';
import { useBrowser } from './browser-support.ts';

const open = useBrowser();

/** Runs in the page: an event as the browser makes it when a person drops or pastes a picture. */
const transferPicture = (picture: string, way: string): string => `{
  const [picture, way] = ${JSON.stringify([picture, way])};
  const bytes = Uint8Array.from(atob(picture), (character) => character.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], 'code.png', { type: 'image/png' }));
  const event = way === 'drop'
    ? new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true })
    : new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}`;

test('an empty phone says how a code comes to it', async () => {
  const page = await open(await start());
  await page.getByText('No order is waiting').waitFor();
  await page.getByText('Place a wechat.scan or alipay.scan order').waitFor();
});

test('a new order appears by itself and is paid by keyboard alone', async () => {
  const simulators = await start();
  const receiver = await startReceiver();
  const page = await open(simulators);
  await page.getByText('No order is waiting').waitFor();
  const order = await placeWechat(simulators, { amount: 123456789, description: 'Espresso', notify_url: receiver.url });

  const row = page.getByRole('button', { name: /WeChat Pay, .*, Espresso, 1,234,567.89 yuan, open the cashier/ });
  await row.focus();
  await page.keyboard.press('Enter');
  const cashier = page.getByRole('dialog', { name: 'WeChat Pay cashier' });
  await cashier.getByText(order.out_trade_no).waitFor();
  expect(await cashier.getByRole('button', { name: 'Pay ¥1,234,567.89' }).evaluate((it) => it.matches(':focus'))).toBe(
    true,
  );
  await page.keyboard.press('Enter');

  await cashier.getByRole('heading', { name: 'Paid' }).waitFor();
  await cashier.getByText('Callback accepted (HTTP 200)').waitFor();
  expect(receiver.bodies).toHaveLength(1);
  await page.keyboard.press('Enter');
  await cashier.waitFor({ state: 'hidden' });
  await page.getByText('No order is waiting').waitFor();
  const ledger = (await control(simulators, 'GET', '/control/ledger')).body['entries'];
  expect(ledger).toContainEqual(expect.objectContaining({ kind: 'payment', out_trade_no: order.out_trade_no }));
});

test('Escape closes the cashier and gives the focus back', async () => {
  const simulators = await start();
  await placeAlipay(simulators, { description: 'Apples' });
  const page = await open(simulators);
  const row = page.getByRole('button', { name: /Apples/ });
  await row.click();
  await page.getByRole('dialog', { name: 'Alipay cashier' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(await row.evaluate((it) => it.matches(':focus'))).toBe(true);
});

test('a wrong password charges nothing and the order can still be paid', async () => {
  const simulators = await start();
  await placeAlipay(simulators, { description: 'Apples' });
  const page = await open(simulators);
  await page.getByRole('button', { name: /Apples/ }).click();
  await page.getByRole('button', { name: 'Wrong password' }).click();
  await page.getByText('Wrong password, nothing was charged').waitFor();
  await page.getByText('waiting for payment WAIT_BUYER_PAY').waitFor();
  await page.getByRole('button', { name: 'Pay ¥76.22' }).click();
  await page.getByRole('heading', { name: 'Paid' }).waitFor();
});

test('cancelling leaves the code waiting', async () => {
  const simulators = await start();
  await placeWechat(simulators, { description: 'Espresso' });
  const page = await open(simulators);
  await page.getByRole('button', { name: /Espresso/ }).click();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByText('Nothing was charged').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: /Espresso/ }).waitFor();
});

test('a code that was closed meanwhile is refused with the reason', async () => {
  const simulators = await start();
  const order = await placeWechat(simulators, { description: 'Espresso' });
  const page = await open(simulators);
  await page.getByRole('button', { name: /Espresso/ }).click();
  const { sp_mchid, sub_mchid } = simulators.wechat;
  const target = `/v3/pay/partner/transactions/out-trade-no/${order.out_trade_no}/close`;
  await callWechat(simulators, 'POST', target, JSON.stringify({ sp_mchid, sub_mchid }));
  await page.getByRole('button', { name: 'Pay ¥76.22' }).click();
  await page.getByRole('heading', { name: 'Not paid' }).waitFor();
  await page.getByText(`order ${order.out_trade_no} is closed`).waitFor();
});

test('the text of a code opens its cashier; a paid one cannot be paid again', async () => {
  const simulators = await start();
  const order = await placeAlipay(simulators);
  await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  const page = await open(simulators);
  await page.getByLabel('Text of the QR code').fill(`  ${order.code}\n`);
  await page.getByRole('button', { name: 'Open' }).click();
  const cashier = page.getByRole('dialog');
  await cashier.getByText('This code can no longer be paid').waitFor();
  await cashier.getByText('TRADE_SUCCESS').waitFor();
  expect(await cashier.getByRole('button', { name: /^Pay/ }).count()).toBe(0);
});

test.each([
  ['https://example.com/', 'No order here has this code'],
  ['   ', 'Paste the text of a QR code first'],
])('the text "%s" is answered in words', async (typed, sentence) => {
  const page = await open(await start());
  await page.getByLabel('Text of the QR code').fill(typed);
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText(sentence).waitFor();
});

test('a chosen picture of a code opens its cashier', async () => {
  const simulators = await start();
  const order = await placeWechat(simulators);
  const page = await open(simulators);
  const buffer = await toBuffer(order.code, { scale: 5 });
  await page.locator('#scan-file').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer });
  await page.getByRole('dialog').getByText(order.out_trade_no).waitFor();
});

test.each(['drop', 'paste'])('a picture that arrives by %s opens its cashier', async (way) => {
  const simulators = await start();
  const order = await placeAlipay(simulators);
  const page = await open(simulators);
  const picture = (await toBuffer(order.code, { scale: 5 })).toString('base64');
  await page.evaluate(transferPicture(picture, way));
  await page.getByRole('dialog').getByText(order.out_trade_no).waitFor();
});

test('a picture without a code, or no picture, is answered in words', async () => {
  const simulators = await start();
  const page = await open(simulators);
  const blank = await page.screenshot({ clip: { x: 0, y: 0, width: 60, height: 20 } });
  await page.locator('#scan-file').setInputFiles({ name: 'blank.png', mimeType: 'image/png', buffer: blank });
  await page.getByText('No QR code was found in the picture').waitFor();
  const buffer = Buffer.from('not a picture');
  await page.locator('#scan-file').setInputFiles({ name: 'note.png', mimeType: 'image/png', buffer });
  await page.getByText('This is not a picture that can be read').waitFor();
});

test('the picture that the cashier shows is the code itself', async () => {
  const simulators = await start();
  const order = await placeWechat(simulators, { description: 'Espresso' });
  const page = await open(simulators);
  await page.getByRole('button', { name: /Espresso/ }).click();
  await page.getByText('Show the QR code').click();
  const image = page.getByRole('img', { name: `QR code to pay order ${order.out_trade_no}` });
  await image.waitFor();
  const address = new URL((await image.getAttribute('src')) ?? '', simulators.addresses.control);
  const buffer = Buffer.from(await (await fetch(address)).arrayBuffer());
  await page.keyboard.press('Escape');
  await page.locator('#scan-file').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer });
  await page.getByRole('dialog').getByText(order.out_trade_no).waitFor();
});
