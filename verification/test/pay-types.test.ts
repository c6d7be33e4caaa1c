/** Every way of paying that hands something to the payer's own phone: placed, accepted by the wallet, paid, told, refunded. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import { useAccount } from '../accounts.ts';
import { openJwt, type Json, type MerchantAnswer } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

type Claims = Json & { readonly mch_trade_id: string };

function claimsOf(pay_type: string, own: Json): Claims {
  numbers += 1;
  const mch_trade_id = `type.${numbers}`;
  const notify_url = world.notify.url(`/${mch_trade_id}`);
  return {
    pay_type,
    mch_trade_id,
    total_fee: 9872,
    body: 'Alex Test',
    spbill_create_ip: '127.0.0.1',
    attach: 'Alex attach',
    notify_url,
    ...own,
  };
}

/** The application that is bound to the demo merchant at the simulator. */
const sub_appid = (): string => world.simulators.wechat.sub_appid;

/** What a wallet says to the client parameters that the merchant hands over. */
const invoke = (pay_info: unknown): Promise<{ status: number; body: Json }> =>
  world.control('POST', '/control/invoke', { pay_info });
const payPrepay = (prepay_id: unknown, action = 'pay'): Promise<{ status: number; body: Json }> =>
  world.control('POST', '/control/prepay', { prepay_id, action });
const scan = (code: unknown, action = 'pay'): Promise<{ status: number; body: Json }> =>
  world.control('POST', '/control/scan', { code, action });

interface Way {
  readonly pay_type: string;
  /** Fields of this pay type alone, in the order of the document. */
  readonly own: () => Json;
  readonly required: readonly string[];
  /** Reply fields in the document's order, before trade_id. */
  readonly reply: readonly string[];
  readonly trade_state: 2 | 6;
  /** Hands what the merchant got to the wallet and lets the payer act. */
  pay(data: Json, action?: string): Promise<{ status: number; body: Json }>;
}

const OPENID = { sub_openid: 'outOWs-bgUH2QiCE0vNZhyCj2FJI' };

const WAYS: readonly Way[] = [
  ...['wechat.jsapi', 'wechat.jsminipg'].map((pay_type) => ({
    pay_type,
    own: () => ({ sub_appid: sub_appid(), ...OPENID }),
    required: ['sub_appid', 'sub_openid'],
    reply: ['prepay_id', 'pay_info'],
    trade_state: 2 as const,
    async pay(data: Json, action?: string) {
      const info = JSON.parse(String(data['pay_info'])) as Json;
      expect(Object.keys(info)).toEqual(['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign']);
      expect(info).toMatchObject({
        appId: sub_appid(),
        package: `prepay_id=${String(data['prepay_id'])}`,
      });
      expect((await invoke(data['pay_info'])).body).toMatchObject({ prepay_id: data['prepay_id'] });
      return payPrepay(data['prepay_id'], action);
    },
  })),
  {
    pay_type: 'wechat.app',
    own: () => ({ sub_appid: sub_appid() }),
    required: ['sub_appid'],
    reply: ['prepay_id', 'pay_info'],
    trade_state: 2,
    async pay(data, action) {
      const info = JSON.parse(String(data['pay_info'])) as Json;
      expect(Object.keys(info)).toEqual(['appid', 'partnerid', 'prepayid', 'package', 'noncestr', 'timestamp', 'sign']);
      expect(info).toMatchObject({ appid: sub_appid(), prepayid: data['prepay_id'], package: 'Sign=WXPay' });
      expect((await invoke(data['pay_info'])).body).toMatchObject({ prepay_id: data['prepay_id'] });
      return payPrepay(data['prepay_id'], action);
    },
  },
  {
    pay_type: 'wechat.wap',
    own: () => ({ mch_app_type: 'WAP', mch_app_name: '普尔商城', mch_app_id: 'https://store.pooul.com/' }),
    required: ['mch_app_type', 'mch_app_name', 'mch_app_id'],
    reply: ['mweb_url'],
    trade_state: 2,
    pay: (data, action) => scan(data['mweb_url'], action),
  },
  {
    pay_type: 'alipay.jsapi',
    own: () => ({ buyer_id: '2088102146225135' }),
    required: [],
    reply: ['trade_no', 'pay_info'],
    trade_state: 6,
    async pay(data, action) {
      expect(JSON.parse(String(data['pay_info']))).toEqual({ tradeNO: data['trade_no'] });
      expect((await invoke(data['pay_info'])).status).toBe(200);
      return payPrepay(data['trade_no'], action);
    },
  },
  {
    pay_type: 'alipay.wap',
    own: () => ({}),
    required: [],
    reply: ['mweb_url'],
    trade_state: 6,
    async pay(data, action) {
      const page = await fetch(String(data['mweb_url']));
      expect(page.status).toBe(200);
      return scan(data['mweb_url'], action);
    },
  },
  {
    pay_type: 'alipay.app',
    own: () => ({}),
    required: [],
    reply: ['pay_info'],
    trade_state: 6,
    async pay(data, action) {
      const invoked = await invoke(data['pay_info']);
      expect(invoked.status).toBe(200);
      return payPrepay(data['pay_info'], action);
    },
  },
];

const place = (way: Way, changes: Json = {}): Promise<{ claims: Claims; answer: MerchantAnswer }> => {
  const claims = { ...claimsOf(way.pay_type, way.own()), ...changes };
  return world.merchant.call('/v2/pay', claims).then((answer) => ({ claims, answer }));
};

it('every pay type there is has a test here, at the till, or in the main job', () => {
  const elsewhere = ['wechat.scan', 'alipay.scan', 'common.micro'];
  const tested = [...WAYS.map((way) => way.pay_type), ...elsewhere];
  const others = [...PAY_TYPES.keys()].filter(
    (code) => /^(wechat|alipay|common)\./.test(code) && !tested.includes(code),
  );
  expect(others.filter((code) => code !== 'wechat.jsurl')).toEqual([]);
});

/** WeChat Pay's ways once more through an account that speaks APIv2: `pay_info` is signed as that one dictates. */
const VARIANTS = [
  ...WAYS.map((way) => ({
    ...way,
    protocol: '',
    account_id: `sandbox-${way.pay_type.split('.')[0]}`,
    sign_type: 'RSA',
  })),
  ...WAYS.filter((way) => way.pay_type.startsWith('wechat.')).map((way) => ({
    ...way,
    protocol: ' through APIv2',
    account_id: 'sandbox-wechat-v2',
    sign_type: 'MD5',
  })),
];

async function routeThrough(way: (typeof VARIANTS)[number]): Promise<void> {
  await useAccount(world, way.pay_type.split('.')[0] ?? '', way.account_id);
  await eventually(async () => {
    const { claims } = await place(way);
    const [row] = await world.sql<Json>('SELECT account_id FROM orders WHERE mch_trade_id = $1', [claims.mch_trade_id]);
    return row?.['account_id'] === way.account_id;
  });
}

describe.each(VARIANTS)('$pay_type$protocol', (way) => {
  beforeAll(() => routeThrough(way));

  it('is placed, taken by the wallet, paid, told to the merchant and refunded', async () => {
    const { claims, answer } = await place(way);
    expect(answer).toMatchObject({ code: 0, signed: true });
    const shows_state = way.trade_state === 6;
    const state = shows_state ? ['pay_type', 'trade_state', 'trade_info'] : [];
    expect(Object.keys(answer.data)).toEqual([...way.reply, 'trade_id', 'mch_trade_id', 'merchant_id', ...state]);
    if (shows_state) expect(answer.data['trade_state']).toBe(6);
    const before = await world.merchant.call('/v2/pay/query', { mch_trade_id: claims.mch_trade_id });
    expect(before.data).toMatchObject({ trade_state: way.trade_state, pay_type: way.pay_type, attach: 'Alex attach' });

    const { signType } = JSON.parse(
      way.pay_type.startsWith('wechat.js') ? String(answer.data['pay_info']) : '{}',
    ) as Json;
    if (signType !== undefined) expect(signType).toBe(way.sign_type);
    expect(await way.pay(answer.data)).toMatchObject({ status: 200, body: { out_trade_no: answer.data['trade_id'] } });
    const [told] = await world.notify.waitFor(`/${claims.mch_trade_id}`);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: {
        trade_state: 0,
        total_fee: 9872,
        pay_type: way.pay_type,
        attach: 'Alex attach',
        mch_trade_id: claims.mch_trade_id,
      },
    });
    const refund = await world.merchant.call('/v2/pay/refund', {
      mch_trade_id: claims.mch_trade_id,
      mch_refund_id: `${claims.mch_trade_id}.r`,
      refund_fee: 5,
      refund_desc: 'Alex Test',
    });
    expect(refund).toMatchObject({ code: 0, data: { trade_state: 1, refunds: { refund_fee: 5 } } });
    await eventually(async () => {
      const entries = (await world.control('GET', '/control/ledger')).body['entries'] as Json[];
      return entries.some((one) => one['kind'] === 'refund' && one['out_trade_no'] === answer.data['trade_id']);
    });
  });

  it('is answered the same when the same request comes again, and can be closed', async () => {
    const { claims, answer } = await place(way);
    const again = await world.merchant.call('/v2/pay', claims);
    expect(again).toMatchObject({ code: 0, data: { trade_id: answer.data['trade_id'] } });
    expect(again.data).toEqual(answer.data);
    expect(await world.merchant.call('/v2/pay/close', { mch_trade_id: claims.mch_trade_id })).toMatchObject({
      code: 0,
      data: { trade_state: 3 },
    });
  });

  it('can be reversed once it is paid', async () => {
    const { claims, answer } = await place(way);
    await way.pay(answer.data);
    await world.notify.waitFor(`/${claims.mch_trade_id}`);
    expect(await world.merchant.call('/v2/pay/reverse', { mch_trade_id: claims.mch_trade_id })).toMatchObject({
      code: 0,
      data: { trade_state: 5 },
    });
  });

  it.each(way.required)('without %s answers 103 by name', async (field) => {
    const { answer } = await place(way, { [field]: '' });
    expect({ code: answer.code, msg: answer.msg }).toEqual({ code: 103, msg: `${field} is required` });
  });

  it.each(way.required)('with a %s that cannot be one answers 102 by name', async (field) => {
    const { answer } = await place(way, { [field]: 'no \u0007' });
    expect(answer.code).toBe(102);
    expect(answer.msg).toMatch(new RegExp(`^${field} `));
  });
});

describe('fields of one pay type', () => {
  const wap = WAYS.find((way) => way.pay_type === 'wechat.wap');
  const jsapi = WAYS.find((way) => way.pay_type === 'alipay.jsapi');

  it('wechat.wap needs the payer’s address', async () => {
    if (!wap) throw new Error('no such way');
    expect((await place(wap, { spbill_create_ip: '' })).answer).toMatchObject({
      code: 103,
      msg: 'spbill_create_ip is required',
    });
  });

  it.each(['TV', 'Android'])(
    'wechat.wap says which kinds of application there are when told another: %s',
    async (type) => {
      if (!wap) throw new Error('no such way');
      expect((await place(wap, { mch_app_type: type })).answer).toMatchObject({
        code: 102,
        msg: 'mch_app_type must be IOS, AND or WAP',
      });
    },
  );

  it('alipay.jsapi needs one of the buyer’s two names', async () => {
    if (!jsapi) throw new Error('no such way');
    expect((await place(jsapi, { buyer_id: '' })).answer).toMatchObject({
      code: 103,
      msg: 'buyer_id is required (or buyer_open_id)',
    });
    expect(
      (await place(jsapi, { buyer_id: '', buyer_open_id: '074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5' })).answer
        .code,
    ).toBe(0);
    expect((await place(jsapi, { buyer_id: '123' })).answer).toMatchObject({
      code: 102,
      msg: expect.stringMatching(/^buyer_id /),
    });
  });

  it('an application that is not the merchant’s is refused by the channel (600), and the order is over', async () => {
    const way = WAYS[0];
    if (!way) throw new Error('no such way');
    const { claims, answer } = await place(way, { sub_appid: 'wx000000000000dead' });
    expect(answer.code).toBe(600);
    expect(
      (await world.merchant.call('/v2/pay/query', { mch_trade_id: claims.mch_trade_id })).data['trade_state'],
    ).toBe(5);
  });
});
