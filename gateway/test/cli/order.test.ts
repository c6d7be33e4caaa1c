import { beforeAll, describe, expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { PaymentFacts } from '../../src/domain/payment-facts.ts';
import { cliBench } from './support.ts';

const bench = cliBench();
const MERCHANT = '5399355381712172';
const TRADE_ID = '65e1a2c0aabbccddeeff0011';
/** 2026-03-01 12:00:00 in Beijing. */
const NOON_MS = Date.UTC(2026, 2, 1, 4, 0, 0);
const URL = 'https://shop.example.com/notify';

const facts: PaymentFacts = {
  transaction_id: '4200001234202603011234567890',
  amount_fen: fen(7622),
  currency: 'CNY',
  identity: { mchid: '1230000109' },
  paid_at_ms: NOON_MS + 30_000,
  details: { bank_type: 'CMC' },
  refunded: false,
};

beforeAll(async () => {
  const { configuration, orders, refunds, notifications } = bench.store;
  await configuration.addMerchant(
    {
      merchant_id: MERCHANT,
      name: '普尔商城',
      status: 'active',
      public_key: null,
      nonce_policy: 'required',
      late_payment: 'refund',
      allow_short_key: false,
      platform_signs: false,
      max_requests_per_second: null,
      created_at_ms: NOON_MS,
    },
    null,
  );
  await orders.insert({
    merchant_id: MERCHANT,
    trade_id: TRADE_ID,
    mch_trade_id: 'alabowy_0001',
    pay_type: 'wechat.scan',
    initial_trade_state: 2,
    channel: 'wechat',
    account_id: 'wechat-main',
    merchant_params: { sub_mchid: '1900000109' },
    total_fen: fen(7622),
    request: { body: '阿拉伯\u001b[31m糖', attach: 'a1' },
    request_hash: 'hash',
    notify_url: URL,
    created_at_ms: NOON_MS,
    expires_at_ms: NOON_MS + 7_200_000,
    placing_until_ms: NOON_MS + 20_000,
    nonce_str: null,
    first_check_at_ms: NOON_MS + 30_000,
  });
  await pay(1, 'notification-of-payment');
  const paid = await orders.byTradeId(MERCHANT, TRADE_ID);
  if (!paid) throw new Error('the order is gone');
  await refunds.reserve(paid, {
    merchant_id: MERCHANT,
    refund_id: '65e1a2c1aabbccddeeff0022',
    trade_id: TRADE_ID,
    mch_refund_id: 'back-1',
    refund_fen: fen(100),
    refund_desc: '商品已售完',
    notify_url: null,
    request_hash: 'hash',
    created_at_ms: NOON_MS + 60_000,
    channel_refund_no: '65e1a2c1aabbccddeeff0022',
    calling_until_ms: NOON_MS + 80_000,
    check_at_ms: NOON_MS + 90_000,
  });
  const attempt = {
    merchant_id: MERCHANT,
    notification_id: NOTIFICATION_ID,
    delivered: false,
    reason: 'http_500',
    http_status: 500,
  };
  await notifications.record({
    ...attempt,
    attempt: 1,
    at_ms: NOON_MS + 31_000,
    answer: 'oops',
    next_at_ms: NOON_MS + 91_000,
  });
  await notifications.record({ ...attempt, attempt: 2, at_ms: NOON_MS + 91_000, answer: 'again', next_at_ms: null });
});

const NOTIFICATION_ID = '65e1a2deaabbccddeeff0033';

async function pay(version: number, payload: string): Promise<void> {
  const order = await bench.store.orders.byTradeId(MERCHANT, TRADE_ID);
  if (!order) throw new Error('the order is gone');
  await bench.store.orders.save({
    order: { ...order, version, state: 'paid', placement: 'accepted', facts, decided_at_ms: NOON_MS + 30_500 },
    at_ms: NOON_MS + 30_500,
    event: { source: 'callback', kind: 'paid', detail: { facts, finished: false, raw: '{"trade_state":"SUCCESS"}' } },
    job: 'delete',
    notification: { notification_id: NOTIFICATION_ID, subject: 'payment', refund_id: null, url: URL, payload },
    late_refund: null,
  });
}

/** Adds a notification of the order that has failed for good. */
async function addFailed(notification_id: string): Promise<void> {
  const order = await bench.store.orders.byTradeId(MERCHANT, TRADE_ID);
  if (!order) throw new Error('the order is gone');
  const notification = { notification_id, subject: 'payment', refund_id: null, url: URL, payload: '{}' } as const;
  await bench.store.orders.save({ order, at_ms: NOON_MS, event: null, job: null, notification, late_refund: null });
  await bench.store.notifications.record({
    merchant_id: MERCHANT,
    notification_id,
    attempt: 11,
    at_ms: NOON_MS,
    delivered: false,
    http_status: null,
    reason: 'timeout',
    answer: null,
    next_at_ms: null,
  });
}

describe('order show', () => {
  test('tells the whole story in local time and yuan, by either number', async () => {
    const { code, stdout } = await bench.run(`order show alabowy_0001 --merchant ${MERCHANT}`);
    expect(code).toBe(0);
    const words = stdout.replaceAll(/ +/g, ' ');
    expect(words).toContain(`Order ${TRADE_ID}\n mch_trade_id alabowy_0001\n`);
    expect(words).toContain(' goods 阿拉伯 [31m糖\n');
    expect(words).toContain(' amount ¥76.22, being refunded ¥1.00\n state paid\n trade_state 1 转入退款');
    expect(words).toContain(
      ' payment 4200001234202603011234567890, 2026-03-01 12:00:30\n created 2026-03-01 12:00:00\n',
    );
    expect(words).toContain(
      'Timeline (local time, UTC+08:00)\n 2026-03-01 12:00:00.000 pay created account_id=wechat-main\n',
    );
    expect(words).toMatch(
      / 2026-03-01 12:00:30\.500 callback paid amount=¥76\.22 transaction_id=4200001234202603011234567890 paid_at=2026-03-01 12:00:30 /,
    );
    expect(words).toContain(
      ' 2026-03-01 12:01:00.000 refund refund_created refund_id=65e1a2c1aabbccddeeff0022 refund_fee=¥1.00\n',
    );
    expect(words).toContain('Refunds\n 2026-03-01 12:01:00 back-1 ¥1.00 undecided (refund_status 1) 商品已售完\n');
    expect(words).toContain(
      `Notifications\n ${NOTIFICATION_ID} payment failed ${URL}\n #1 2026-03-01 12:00:31.000 http_500 HTTP 500 "oops"\n #2 `,
    );
    expect(stdout).not.toContain('trade_state":"SUCCESS');
    expect(stdout).not.toContain('\u001b');
  });

  test('gives everything with --json, the channel’s own words too', async () => {
    const shown = await bench.run(`order show ${TRADE_ID} --merchant ${MERCHANT} --json`);
    expect(shown.json()).toMatchObject({
      order: {
        trade_id: TRADE_ID,
        total_fee: 7622,
        trade_state: 1,
        state: 'paid',
        account_id: 'wechat-main',
        refunding_fee: 100,
      },
      timeline: [
        { kind: 'created' },
        { kind: 'paid', detail: { raw: '{"trade_state":"SUCCESS"}' } },
        { kind: 'refund_created' },
      ],
      timeline_is_whole: true,
      refunds: [{ mch_refund_id: 'back-1', refund_fee: 100, refund_status: 1, state: 'undecided' }],
      notifications: [
        { state: 'failed', attempts_made: 2, attempts: [{ attempt: 1, http_status: 500 }, { attempt: 2 }] },
      ],
    });
  });

  test('names the number or the merchant that does not exist', async () => {
    const no_order = await bench.run(`order show nothing --merchant ${MERCHANT} --json`);
    expect(no_order).toMatchObject({ code: 1, stdout: '' });
    expect(no_order.error()).toEqual({
      code: 'no_order',
      message: `Merchant ${MERCHANT} has no order with trade_id or mch_trade_id nothing. Check the number and --merchant.`,
    });
    const no_merchant = await bench.run('order show nothing --merchant 1111222233334444 --json');
    expect(no_merchant.error().code).toBe('no_merchant');
  });
});

describe('notify', () => {
  test('list shows the newest first, in one state or all, page by page', async () => {
    await addFailed('65e1a2df0000000000000000');
    const page = await bench.run(`notify list --merchant ${MERCHANT} --state failed --limit 1 --json`);
    const { notifications, next_before } = page.json();
    expect(notifications).toMatchObject([{ notification_id: '65e1a2df0000000000000000', last_reason: 'timeout' }]);
    const rest = await bench.run(`notify list --merchant ${MERCHANT} --before ${next_before}`);
    expect(rest.stdout).toMatch(
      new RegExp(`${NOTIFICATION_ID}  2026-03-01 12:00:30  payment  ${TRADE_ID}  failed +2 +http_500`),
    );
    const none = await bench.run(`notify list --merchant ${MERCHANT} --state delivered`);
    expect(none.stdout).toBe('(none)\n');
  });

  test('replay plans one more attempt at once, with the same bytes, by id and by order', async () => {
    const before_ms = Date.now();
    const one = await bench.run(`notify replay ${NOTIFICATION_ID} --merchant ${MERCHANT}`);
    expect(one.stdout).toMatch(/^1 notification is sent again now\./);
    const [claimed] = await bench.store.jobs.claimNotifications(Date.now(), 1_000, 10);
    expect(claimed).toMatchObject({
      subject_id: NOTIFICATION_ID,
      payload: 'notification-of-payment',
      attempts_made: 2,
    });
    const planned = await bench.store.notifications.byId(MERCHANT, NOTIFICATION_ID);
    expect(planned?.state).toBe('pending');
    expect(planned?.updated_at_ms).toBeGreaterThanOrEqual(before_ms);

    const of_order = await bench.run(`notify replay --order alabowy_0001 --merchant ${MERCHANT} --json`);
    expect(of_order.json()).toEqual({
      merchant_id: MERCHANT,
      replayed: 2,
      notification_ids: [NOTIFICATION_ID, '65e1a2df0000000000000000'],
    });
    const unknown = await bench.run(`notify replay 65e1a2df0000000000009999 --merchant ${MERCHANT} --json`);
    expect(unknown.error().message).toBe(`Merchant ${MERCHANT} has no notification 65e1a2df0000000000009999.`);
  });

  test('replay --failed goes through every page and says how far it is', async () => {
    for (let made = 0; made < 130; made += 1) await addFailed(`65e1a2ee${String(made).padStart(16, '0')}`);
    const all = await bench.run(`notify replay --failed --merchant ${MERCHANT}`);
    expect(all.stdout).toMatch(/^100 planned …\n130 planned …\n130 notifications are sent again now\./);
    expect(await bench.store.notifications.countFailed(1_000)).toBe(0);
    const none = await bench.run(`notify replay --failed --merchant ${MERCHANT}`);
    expect(none.stdout).toBe('There is nothing to send again.\n');
  });
});
