import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WechatMerchant } from '../../src/wechat/config.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import { startReceiver } from '../support/receiver.ts';
import { pluginClient } from './plugin.ts';
import { directOrder, openResource, partnerOrder, queryDirect, raw, start } from './support.ts';
import type { Running } from './support.ts';

let running: Running;

beforeAll(async () => {
  running = await start();
});
afterAll(() => running.close());

const PREPAY = /^wx\d{14}[0-9a-f]{20}$/;
const H5_SCENE = { scene_info: { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } } };

/** Every way of placing an order that a client hands over, with what it needs beyond the shared fields. */
const WAYS = [
  ['jsapi', 'JSAPI', { payer: { openid: 'oPayer' } }, { payer: { sp_openid: 'oPayer' } }],
  ['app', 'APP', {}, {}],
  ['h5', 'MWEB', H5_SCENE, H5_SCENE],
] as const;

async function place(
  name: string,
  merchant: WechatMerchant,
  body: Record<string, unknown>,
): Promise<{ prepay_id: string; h5_url?: string }> {
  const path = merchant === running.direct ? 'v3/pay/transactions' : 'v3/pay/partner/transactions';
  const { data } = await pluginClient(running, merchant).v3.post(`${path}/${name}`, body);
  const answer = data as { prepay_id?: string; h5_url?: string };
  if (answer.h5_url === undefined) return { prepay_id: answer.prepay_id ?? '' };
  return { prepay_id: new URL(answer.h5_url).searchParams.get('prepay_id') ?? '', h5_url: answer.h5_url };
}

describe.each(WAYS)('a V3 %s order', (name, trade_type, directMore, partnerMore) => {
  test('of a direct merchant is paid inside the wallet and notified', async () => {
    const receiver = await startReceiver();
    const body = directOrder(running, { ...directMore, notify_url: `${receiver.url}/notify` });
    const { prepay_id } = await place(name, running.direct, body);
    expect(prepay_id).toMatch(PREPAY);
    const number = String(body['out_trade_no']);
    for (const action of ['cancel', 'wrong_password'] as const) {
      expect(running.simulator.payPrepay(prepay_id, action)).toEqual({ out_trade_no: number, state: 'NOTPAY' });
    }
    expect(running.simulator.payPrepay(prepay_id, 'pay')).toEqual({ out_trade_no: number, state: 'SUCCESS' });
    expect(() => running.simulator.payPrepay(prepay_id, 'pay')).toThrow('already paid');
    const [callback] = await receiver.take(1);
    const { resource } = JSON.parse(String(callback?.body)) as { resource: Parameters<typeof openResource>[1] };
    expect(openResource(running.direct.api_v3_key, resource)).toMatchObject({
      out_trade_no: number,
      trade_type,
      trade_state: 'SUCCESS',
      ...(name === 'jsapi' ? { payer: { openid: 'oPayer' } } : {}),
    });
    expect((await queryDirect(running, number)).json).toMatchObject({ trade_type, trade_state: 'SUCCESS' });
    await receiver.close();
  });

  test('of a service provider is paid inside the wallet', async () => {
    const body = partnerOrder(running, partnerMore);
    const { prepay_id } = await place(name, running.provider, body);
    expect(running.simulator.pending()[0]).toMatchObject({ out_trade_no: body['out_trade_no'], state: 'NOTPAY' });
    expect(running.simulator.payPrepay(prepay_id, 'pay').state).toBe('SUCCESS');
  });

  test('placed again by the same request has the same prepay_id; by another it is refused', async () => {
    const body = directOrder(running, directMore);
    const first = await place(name, running.direct, body);
    expect(await place(name, running.direct, body)).toEqual(first);
    await expect(place(name, running.direct, { ...body, description: 'other' })).rejects.toMatchObject({
      response: { status: 400, data: { code: 'INVALID_REQUEST' } },
    });
    const target = '/v3/pay/transactions/native';
    expect((await raw(running, running.direct, 'POST', target, { body })).json?.message).toBe('201 商户订单号重复');
  });
});

test.each([
  ['direct', 'jsapi', {}, '支付者'],
  ['direct', 'jsapi', { payer: {} }, '用户标识'],
  ['direct', 'jsapi', { payer: { openid: '' } }, '用户标识'],
  ['partner', 'jsapi', { payer: {} }, 'sp_openid和sub_openid不能同时为空'],
  ['partner', 'jsapi', { sub_appid: undefined, payer: { sub_openid: 'oSub' } }, 'sub_appid'],
  ['direct', 'h5', {}, '场景信息'],
  ['direct', 'h5', { scene_info: { payer_client_ip: '127.0.0.1' } }, 'H5场景信息'],
  ['direct', 'h5', { scene_info: { h5_info: { type: 'Wap' } } }, '用户终端IP'],
  ['direct', 'h5', { scene_info: { payer_client_ip: '127.0.0.1', h5_info: {} } }, '场景类型'],
] as const)('a %s %s order with %j is refused', async (mode, name, more, words) => {
  const partner = mode === 'partner';
  const body = partner ? partnerOrder(running, more) : directOrder(running, more);
  const target = `/v3/pay/${partner ? 'partner/' : ''}transactions/${name}`;
  const answer = await raw(running, partner ? running.provider : running.direct, 'POST', target, { body });
  expect([answer.status, answer.json?.code]).toEqual([400, 'PARAM_ERROR']);
  expect(answer.json?.message).toContain(words);
});

test('a partner order names its payer under the sub-merchant appid', async () => {
  const body = partnerOrder(running, { payer: { sub_openid: 'oSub' } });
  const { prepay_id } = await place('jsapi', running.provider, body);
  running.simulator.payPrepay(prepay_id, 'pay');
  const { sp_mchid, sub_mchid, out_trade_no } = body as Record<string, string>;
  const target = `/v3/pay/partner/transactions/out-trade-no/${out_trade_no}?sp_mchid=${sp_mchid}&sub_mchid=${sub_mchid}`;
  expect((await raw(running, running.provider, 'GET', target)).json?.['payer']).toMatchObject({ sub_openid: 'oSub' });
});

test.each([
  ['app', {}, 2 * 60 * 60_000],
  ['h5', H5_SCENE, 5 * 60_000],
] as const)(
  'what a %s order handed over dies in time, and the same request gets a new one',
  async (name, more, life) => {
    const ports = virtualPorts();
    const own = await start({ ports });
    const body = directOrder(own, more);
    const placeRaw = async (): Promise<string> => {
      const target = `/v3/pay/transactions/${name}`;
      const answer = await raw(own, own.direct, 'POST', target, { body, now_ms: ports.now() });
      const { prepay_id, h5_url } = answer.json as { prepay_id?: string; h5_url?: string };
      return prepay_id ?? new URL(h5_url ?? '').searchParams.get('prepay_id') ?? '';
    };
    const first = await placeRaw();
    await ports.advance(life - 1);
    expect(await placeRaw()).toBe(first);
    expect(own.simulator.payPrepay(first, 'cancel').state).toBe('NOTPAY');
    await ports.advance(1);
    expect(own.simulator.pending()).toEqual([]);
    expect(() => own.simulator.payPrepay(first, 'pay')).toThrow('expired');
    const second = await placeRaw();
    expect(second).not.toBe(first);
    expect(() => own.simulator.payPrepay(first, 'pay')).toThrow('expired');
    expect(own.simulator.payPrepay(second, 'pay').state).toBe('SUCCESS');
    await own.close();
  },
);

test('an unknown prepay_id, a closed order and a Native order have their own refusals', async () => {
  expect(() => running.simulator.payPrepay(`wx${'1'.repeat(14)}${'a'.repeat(20)}`, 'pay')).toThrow('no such prepay_id');
  const body = directOrder(running);
  const { prepay_id } = await place('app', running.direct, body);
  const target = `/v3/pay/transactions/out-trade-no/${String(body['out_trade_no'])}/close`;
  expect((await raw(running, running.direct, 'POST', target, { body: { mchid: running.direct.mchid } })).status).toBe(
    204,
  );
  expect(() => running.simulator.payPrepay(prepay_id, 'pay')).toThrow('closed');
});

describe('the page of an H5 order', () => {
  const open = async (h5_url: string, form?: string, language = 'en'): Promise<Response> =>
    fetch(h5_url, {
      redirect: 'manual',
      headers: { 'accept-language': language, 'content-type': 'application/x-www-form-urlencoded' },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    });

  test('shows whom and how much to pay, and pays', async () => {
    const body = directOrder(running, { ...H5_SCENE, description: '<b>咖啡</b>', amount: { total: 7622 } });
    const { h5_url = '' } = await place('h5', running.direct, body);
    expect(h5_url.startsWith(`${running.base_url}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=`)).toBe(true);
    const shown = await open(h5_url, undefined, 'zh-CN');
    const html = await shown.text();
    expect(shown.status).toBe(200);
    expect(html).toContain('76.22');
    expect(html).toContain(running.direct.name);
    expect(html).toContain('&#60;b&#62;咖啡');
    expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await (await open(h5_url, 'action=pay')).text()).toContain('Paid');
    expect((await queryDirect(running, String(body['out_trade_no']))).json).toMatchObject({ trade_state: 'SUCCESS' });
    expect((await open(h5_url, 'action=pay')).status).toBe(409);
  });

  test.each([
    ['pay', 'SUCCESS'],
    ['cancel', 'NOTPAY'],
  ])('leads back to redirect_url after %s', async (action, state) => {
    const body = directOrder(running, H5_SCENE);
    const { h5_url = '' } = await place('h5', running.direct, body);
    const back = 'https://shop.example/done?order=7';
    const answer = await open(`${h5_url}&redirect_url=${encodeURIComponent(back)}`, `action=${action}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, back]);
    expect((await queryDirect(running, String(body['out_trade_no']))).json).toMatchObject({ trade_state: state });
  });

  test('leads to no script', async () => {
    const { h5_url = '' } = await place('h5', running.direct, directOrder(running, H5_SCENE));
    const answer = await open(`${h5_url}&redirect_url=javascript:alert(1)`, 'action=pay');
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null]);
  });

  test('knows no other prepay_id', async () => {
    const { h5_url = '' } = await place('h5', running.direct, directOrder(running, H5_SCENE));
    expect((await open(h5_url.replace(/prepay_id=\w+/, `prepay_id=wx${'0'.repeat(34)}`))).status).toBe(404);
  });

  test('is scanned like a code, with what the merchant appended', async () => {
    const { h5_url = '' } = await place('h5', running.direct, directOrder(running, H5_SCENE));
    const link = `${h5_url}&redirect_url=https%3A%2F%2Fshop.example`;
    expect(running.simulator.ownsCode(link)).toBe(true);
    expect(running.simulator.look(link)).toMatchObject({ state: 'NOTPAY' });
    expect(running.simulator.scan(link, 'pay').state).toBe('SUCCESS');
  });
});
