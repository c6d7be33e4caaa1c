import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { saveAccount } from '../accounts.ts';
import { readBooks, readCounter, readExceptions } from '../books.ts';
import type { Json } from '../merchant.ts';
import { post, readUpstream, type AlipayPlatform, type Sent, type WechatPlatform } from '../upstream.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let wechat: WechatPlatform;
let alipay: AlipayPlatform;
let numbers = 0;

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

beforeAll(async () => {
  world = await startWorld();
  ({ wechat, alipay } = await readUpstream(world.config.home));
  await addTwins();
}, 60_000);

afterAll(() => world.close());

beforeEach(async () => {
  // What earlier tests left to do must not change the books in the middle of this one.
  await eventually(async () => (await world.sql("SELECT 1 FROM jobs WHERE kind = 'notification'")).length === 0);
  await world.sql('UPDATE jobs SET run_at_ms = $1', [Date.now() + 3_600_000]);
  await world.sql('DELETE FROM exceptions');
});

/** A second account of each channel with the same credentials, as when one account serves two brands. */
async function addTwins(): Promise<void> {
  for (const channel of ['wechat', 'alipay']) {
    await saveAccount(world, `sandbox-${channel}`, (account) => ({ ...account, account_id: `twin-${channel}` }));
  }
}

function address(channel: string, merchant_id = world.merchant.merchant.merchant_id, account = 'sandbox'): string {
  return `${world.url}/notify/${account}-${channel}/${merchant_id}`;
}

/** Places an order of 221 fen that nobody pays; answers its trade_id and number. */
async function placed(channel: string): Promise<{ trade_id: string; mch_trade_id: string }> {
  numbers += 1;
  const mch_trade_id = `callback.${numbers}`;
  const answer = await world.merchant.call('/v2/pay', {
    pay_type: `${channel}.scan`,
    mch_trade_id,
    total_fee: 221,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url(`/${mch_trade_id}`),
  });
  expect(answer.code).toBe(0);
  return { trade_id: String(answer.data['trade_id']), mch_trade_id };
}

/** A genuine callback that the order was paid. */
function paid(channel: string, trade_id: string): Sent {
  return channel === 'wechat' ? wechat.paid(trade_id, 221) : alipay.paid(trade_id, '2.21');
}

/** What makes the platform send the callback again: WeChat Pay looks at the status, Alipay at the one word `success`. */
function expectRefused(channel: string, answer: { status: number; text: string }): void {
  if (channel === 'wechat') expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.text.trim()).not.toBe('success');
}

function expectAcknowledged(channel: string, answer: { status: number; text: string }): void {
  expect(answer).toEqual(channel === 'wechat' ? { status: 204, text: '' } : { status: 200, text: 'success' });
}

const counted = (channel: string, result: string): Promise<number> =>
  readCounter(world.url, 'heliu_channel_callbacks_total', { channel, result });

type Attack = readonly [name: string, reason: string, forge: (trade_id: string) => Sent];

function without(sent: Sent, header: string): Sent {
  const { [header]: _gone, ...headers } = sent.headers;
  return { ...sent, headers };
}

function withHeader(sent: Sent, header: string, value: string): Sent {
  return { ...sent, headers: { ...sent.headers, [header]: value } };
}

const now_s = (): number => Math.floor(Date.now() / 1000);

const wechat_signature = 'wechatpay-signature';

const WECHAT_ATTACKS: readonly Attack[] = [
  ['no signature', 'missing_signature', (id) => without(wechat.paid(id, 221), wechat_signature)],
  ['no serial', 'missing_signature', (id) => without(wechat.paid(id, 221), 'wechatpay-serial')],
  [
    'a made-up signature',
    'bad_signature',
    (id) => withHeader(wechat.paid(id, 221), wechat_signature, randomBytes(256).toString('base64')),
  ],
  [
    'a stranger’s signature under the platform’s serial',
    'bad_signature',
    (id) => wechat.signed(wechat.notice(wechat.transaction(id, 221)), { key: stranger }),
  ],
  [
    'a stranger’s signature under a serial of his own',
    'unknown_serial',
    (id) => wechat.signed(wechat.notice(wechat.transaction(id, 221)), { key: stranger, serial: 'A1B2' }),
  ],
  [
    'a signature of another callback',
    'bad_signature',
    (id) => ({ ...wechat.paid(id, 221), headers: wechat.paid('6553f1000123456789abcdef', 221).headers }),
  ],
  [
    'one byte of the body changed',
    'bad_signature',
    (id) => {
      const sent = wechat.paid(id, 221);
      return { ...sent, body: sent.body.replace('支付成功', '支付成工') };
    },
  ],
  [
    'white space added to the body',
    'bad_signature',
    (id) => {
      const sent = wechat.paid(id, 221);
      return { ...sent, body: `${sent.body} ` };
    },
  ],
  [
    'a timestamp from before the last five minutes',
    'stale_timestamp',
    (id) => wechat.signed(wechat.notice(wechat.transaction(id, 221)), { timestamp_s: now_s() - 302 }),
  ],
  [
    'a timestamp of the future',
    'stale_timestamp',
    (id) => wechat.signed(wechat.notice(wechat.transaction(id, 221)), { timestamp_s: now_s() + 310 }),
  ],
  [
    'a signature probe',
    'sign_test',
    (id) =>
      withHeader(wechat.paid(id, 221), wechat_signature, `WECHATPAY/SIGNTEST/${randomBytes(240).toString('base64')}`),
  ],
  [
    'a content encrypted for another merchant',
    'bad_ciphertext',
    (id) => wechat.paid(id, 221, {}, { api_v3_key: wechat.other_api_v3_key }),
  ],
  ['another algorithm', 'bad_ciphertext', (id) => wechat.paid(id, 221, {}, { algorithm: 'AEAD_SM4_GCM' })],
  ['a body that is no notification', 'malformed_body', () => wechat.signed('{}')],
  ['a body that is no JSON', 'malformed_body', () => wechat.signed('<xml/>')],
  ['an empty body', 'malformed_body', () => wechat.signed('')],
  ['a content without a number', 'malformed_resource', () => wechat.signed(wechat.notice({ trade_state: 'SUCCESS' }))],
  ['a success without an amount', 'not_understood', (id) => wechat.paid(id, 221, { amount: {} })],
  ['a state that nobody knows', 'not_understood', (id) => wechat.paid(id, 221, { trade_state: 'WON' })],
];

function changedForm(sent: Sent, change: (form: URLSearchParams) => void): Sent {
  const form = new URLSearchParams(sent.body);
  change(form);
  return { ...sent, body: form.toString() };
}

const ALIPAY_ATTACKS: readonly Attack[] = [
  ['no signature', 'unsigned', (id) => changedForm(alipay.paid(id, '2.21'), (form) => form.delete('sign'))],
  [
    'a made-up signature',
    'bad_signature',
    (id) => changedForm(alipay.paid(id, '2.21'), (form) => form.set('sign', randomBytes(256).toString('base64'))),
  ],
  ['a stranger’s signature', 'bad_signature', (id) => alipay.signed(alipay.parameters(id, '2.21'), stranger)],
  [
    'a signature for another app',
    'bad_signature',
    (id) => alipay.signed(alipay.parameters(id, '2.21'), alipay.other_key),
  ],
  [
    'another amount than was signed',
    'bad_signature',
    (id) => changedForm(alipay.paid(id, '0.01'), (form) => form.set('total_amount', '2.21')),
  ],
  [
    'a parameter more than was signed',
    'bad_signature',
    (id) => changedForm(alipay.paid(id, '2.21'), (form) => form.append('more', '1')),
  ],
  [
    'the number given twice',
    'duplicate_parameter',
    (id) => changedForm(alipay.paid('6553f1000123456789abcdef', '2.21'), (form) => form.append('out_trade_no', id)),
  ],
  ['the old signature type', 'sign_type', (id) => alipay.signed(alipay.parameters(id, '2.21'), undefined, 'RSA')],
  ['no signature type', 'sign_type', (id) => changedForm(alipay.paid(id, '2.21'), (form) => form.delete('sign_type'))],
  ['another charset', 'charset', (id) => alipay.paid(id, '2.21', { charset: 'GBK' })],
  ['a body that is no form', 'malformed', () => ({ headers: {}, body: '{}' })],
  ['an empty body', 'malformed', () => ({ headers: {}, body: '' })],
];

const attacks = [
  ...WECHAT_ATTACKS.map((attack) => ['wechat', ...attack] as const),
  ...ALIPAY_ATTACKS.map((attack) => ['alipay', ...attack] as const),
];

describe('a callback that is not proven to be the platform’s', () => {
  it.each(attacks)('%s, %s: refused as %s, counted, and nothing changes', async (channel, _name, reason, forge) => {
    const { trade_id } = await placed(channel);
    const before = await readBooks(world);
    const count = await counted(channel, reason);
    expectRefused(channel, await post(address(channel), forge(trade_id)));
    expect(await counted(channel, reason)).toBe(count + 1);
    expect(await readBooks(world)).toBe(before);
    expect(await readExceptions(world)).toEqual([]);
  });

  it.each(['wechat', 'alipay'])(
    '%s: one that is too large, or comes by another method, is refused',
    async (channel) => {
      const { trade_id } = await placed(channel);
      const before = await readBooks(world);
      const sent = paid(channel, trade_id);
      const large = await post(address(channel), { ...sent, body: sent.body + ' '.repeat(70_000) });
      expect(large.status).toBe(413);
      expectRefused(channel, large);
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const response = await fetch(address(channel), { method });
        expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
        expectRefused(channel, { status: response.status, text: await response.text() });
      }
      expect(await readBooks(world)).toBe(before);
    },
  );

  it.each([
    'no-such-account/1000000000000001',
    'SANDBOX-WECHAT/1000000000000001',
    'sandbox-wechat/1',
    'sandbox-wechat/100000000000000a',
    "sandbox-wechat'--/1000000000000001",
    '%2e%2e/1000000000000001',
    '%zz/1000000000000001',
    `${'a'.repeat(65)}/1000000000000001`,
    'sandbox-wechat',
  ])('at /notify/%s: 404 in our own shape', async (path) => {
    const answer = await post(`${world.url}/notify/${path}`, wechat.paid('6553f1000123456789abcdef', 221));
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 404 });
    expect(await readExceptions(world)).toEqual([]);
  });

  it('wechat: a callback is taken once and its replay changes nothing', async () => {
    const { trade_id, mch_trade_id } = await placed('wechat');
    const sent = wechat.paid(trade_id, 221);
    expectAcknowledged('wechat', await post(address('wechat'), sent));
    await world.notify.waitFor(`/${mch_trade_id}`);
    const rows = (): Promise<unknown[]> => world.sql('SELECT * FROM orders WHERE trade_id = $1', [trade_id]);
    const before = await rows();
    expectAcknowledged('wechat', await post(address('wechat'), sent));
    expect(await rows()).toEqual(before);
    expect(await world.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [trade_id])).toHaveLength(1);
    expect(await readExceptions(world)).toEqual([]);
  });
});

describe.each(['wechat', 'alipay'])('%s: a well-signed callback that is not for an order of its address', (channel) => {
  const cases: readonly (readonly [string, string, () => Promise<readonly [string, string]>])[] = [
    ['a number we never gave', 'callback_unknown_order', async () => [address(channel), '6553f1000123456789abcdef']],
    ['a number not like ours', 'callback_unknown_order', async () => [address(channel), "x'; DROP TABLE orders"]],
    [
      'an order of another merchant',
      'callback_unknown_order',
      async () => [address(channel, '1000000000000001'), (await placed(channel)).trade_id],
    ],
    [
      'an order of another account',
      'callback_unknown_order',
      async () => [address(channel, undefined, 'twin'), (await placed(channel)).trade_id],
    ],
  ];

  it.each(cases)('%s: acknowledged, kept once with its bytes, applied to nothing', async (_name, kind, prepare) => {
    const [url, trade_id] = await prepare();
    const before = await readBooks(world);
    const count = await counted(channel, 'kept');
    const sent = paid(channel, trade_id);
    for (let repeat = 1; repeat <= 3; repeat += 1) expectAcknowledged(channel, await post(url, sent));
    expect(await counted(channel, 'kept')).toBe(count + 3);
    expect(await readBooks(world)).toBe(before);
    const [exception, ...more] = await readExceptions(world);
    expect(more).toEqual([]);
    expect(exception).toMatchObject({
      kind,
      detail: { out_trade_no: trade_id },
      raw_body: sent.body,
      occurrences: 3,
    });
    expect(exception?.raw_headers).toMatchObject(channel === 'wechat' ? sent.headers : {});
  });
});

type Changes = Readonly<Record<string, string | null>>;

const MISMATCHES: readonly (readonly [channel: string, field: string, forge: (trade_id: string) => Sent])[] = [
  ...(
    [
      ['amount', { amount: { total: 220, payer_total: 220, currency: 'CNY' } }],
      ['amount', { amount: { total: 22_100, payer_total: 22_100, currency: 'CNY' } }],
      ['currency', { amount: { total: 221, payer_total: 221, currency: 'USD' } }],
      ['sp_appid', { sp_appid: 'wx0000000000000000' }],
      ['sp_mchid', { sp_mchid: '1900000000' }],
      ['sub_mchid', { sub_mchid: '1900000000' }],
      ['sub_mchid', { sub_mchid: undefined }],
      ['sub_appid', { sub_appid: 'wx0000000000000000' }],
    ] as const satisfies readonly (readonly [string, Json])[]
  ).map(([field, changes]) => ['wechat', field, (id: string) => wechat.paid(id, 221, changes)] as const),
  ...(
    [
      ['amount', { total_amount: '2.20' }],
      ['amount', { total_amount: '22.10' }],
      ['currency', { trans_currency: 'USD' }],
      ['app_id', { app_id: '2021000000000000' }],
      ['seller_id', { seller_id: '2088000000000001' }],
      ['seller_id', { seller_id: null }],
    ] as const satisfies readonly (readonly [string, Changes])[]
  ).map(([field, changes]) => ['alipay', field, (id: string) => alipay.paid(id, '2.21', changes)] as const),
];

describe('a well-signed success that does not fit its order', () => {
  it.each(MISMATCHES)(
    '%s, another %s: acknowledged, put before a person, not applied',
    async (channel, field, forge) => {
      const { trade_id, mch_trade_id } = await placed(channel);
      const before = await readBooks(world);
      const sent = forge(trade_id);
      for (let repeat = 1; repeat <= 2; repeat += 1) expectAcknowledged(channel, await post(address(channel), sent));
      expect(await readBooks(world)).toBe(before);
      expect(await readExceptions(world)).toMatchObject([
        { kind: 'payment_mismatch', trade_id, detail: { field, source: 'callback' }, occurrences: 2 },
      ]);
      // The true callback is taken all the same.
      expectAcknowledged(channel, await post(address(channel), paid(channel, trade_id)));
      expect(await world.notify.waitFor(`/${mch_trade_id}`)).toHaveLength(1);
    },
  );

  it.each(['wechat', 'alipay'])('%s: a second payment of one order is put before a person', async (channel) => {
    const { trade_id, mch_trade_id } = await placed(channel);
    expectAcknowledged(channel, await post(address(channel), paid(channel, trade_id)));
    await world.notify.waitFor(`/${mch_trade_id}`);
    expectAcknowledged(channel, await post(address(channel), paid(channel, trade_id)));
    expect(await readExceptions(world)).toMatchObject([{ kind: 'second_payment', trade_id }]);
    expect(await world.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [trade_id])).toHaveLength(1);
  });
});

describe('wechat: a callback about a refund', () => {
  /** A paid order with a refund of 60 fen whose answer was lost. */
  async function refunding(): Promise<{ trade_id: string; refund_id: string }> {
    const { trade_id, mch_trade_id } = await placed('wechat');
    await post(address('wechat'), wechat.paid(trade_id, 221));
    await world.control('POST', '/control/faults', {
      channel: 'wechat',
      operation: 'refund',
      fault: 'timeout_before',
      count: 1,
    });
    const refund = { mch_trade_id, mch_refund_id: `${mch_trade_id}.r`, refund_fee: 60, refund_desc: 'x' };
    expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(601);
    const rows = await world.sql<{ refund_id: string }>('SELECT refund_id FROM refunds WHERE trade_id = $1', [
      trade_id,
    ]);
    return { trade_id, refund_id: rows[0]?.refund_id ?? '' };
  }

  const send = (content: Json, event_type = 'REFUND.SUCCESS'): Promise<{ status: number; text: string }> =>
    post(address('wechat'), wechat.signed(wechat.notice(content, { event_type })));

  it('is applied when it fits', async () => {
    const { trade_id, refund_id } = await refunding();
    expectAcknowledged('wechat', await send(wechat.refund(trade_id, refund_id, 60)));
    expect(await world.sql('SELECT state FROM refunds WHERE refund_id = $1', [refund_id])).toEqual([
      { state: 'succeeded' },
    ]);
  });

  it.each([
    ['another amount', 'refund_mismatch', (trade: string, refund: string) => wechat.refund(trade, refund, 61)],
    [
      'another order',
      'callback_unknown_refund',
      (_trade: string, refund: string) => wechat.refund('6553f1000123456789abcdef', refund, 60),
    ],
    [
      'a number we never gave',
      'callback_unknown_refund',
      (trade: string) => wechat.refund(trade, '6553f1000123456789abcdef', 60),
    ],
    [
      'another service provider',
      'callback_not_understood',
      (trade: string, refund: string) => wechat.refund(trade, refund, 60, { sp_mchid: '1900000000' }),
    ],
  ])('%s: acknowledged and kept as %s, not applied', async (_name, kind, content) => {
    const { trade_id, refund_id } = await refunding();
    const before = await readBooks(world);
    expectAcknowledged('wechat', await send(content(trade_id, refund_id)));
    expect(await readBooks(world)).toBe(before);
    expect(await readExceptions(world)).toMatchObject([{ kind, occurrences: 1 }]);
  });

  it('an event that we have no use for is kept and acknowledged', async () => {
    expectAcknowledged('wechat', await send({ a: 1 }, 'COUPON.USE'));
    expect(await readExceptions(world)).toMatchObject([
      { kind: 'callback_not_understood', detail: { reason: 'event_type COUPON.USE' } },
    ]);
  });
});
