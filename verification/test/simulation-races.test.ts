import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../database.ts';
import type { Json } from '../merchant.ts';
import { violations } from '../simulation/at-rest.ts';
import { createWorldKeys } from '../simulation/keys.ts';
import { SUCCESS, type SimulatedMerchant } from '../simulation/merchant.ts';
import type { NetworkRequest } from '../simulation/network.ts';
import { createWorld, type World } from '../simulation/world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const TOTAL_FEN = 221;

/** How long WeChat Pay takes over a refund in these tests. */
const REFUND_MS = 60 * SECOND_MS;

let database: TestDatabase;
let world: World;
let merchant: SimulatedMerchant;

beforeEach(async () => {
  database = await createTestDatabase();
  const made = await createWorldKeys();
  const keys = {
    ...made,
    wechat: { ...made.wechat, refund_delay_ms: REFUND_MS },
    // The seller has drawn out what the first payment brings: a refund needs a second one.
    alipay: { ...made.alipay, apps: made.alipay.apps.map((app) => ({ ...app, opening_balance_fen: -TOTAL_FEN })) },
  };
  world = await createWorld({ seed: 'races', database_url: database.url, keys, poll_ms: 5 * SECOND_MS });
  merchant = await world.addMerchant('shop');
  await world.startNode('node-1');
});

afterEach(async () => {
  await world.close();
  await database.drop();
});

/** Places an order and answers its code. */
async function place(pay_type: string, number: string): Promise<string> {
  const fields = { pay_type, mch_trade_id: number, total_fee: TOTAL_FEN, body: number };
  return String((await merchant.insist('/v2/pay', fields)).data['code_url']);
}

/** Calls once more for a refund as soon as the merchant hears of its first outcome. */
function sendAgainWhenHeard(refund: Json, before: () => void = () => undefined): void {
  merchant.react = (path, times) => {
    if (path === '/refunded' && times === 1) {
      before();
      world.act(0, 'shop', async () => void (await merchant.insist('/v2/pay/refund', refund)));
    }
    return SUCCESS;
  };
}

function refundState(): Promise<{ state: string }[]> {
  return world.raw_database.query({ name: 'state_of_refund', text: 'SELECT state FROM refunds' }, []);
}

/**
 * WeChat Pay closes a refund. Its word comes twice: by a question of the merchant's, whose answer is four seconds late, and by
 * a callback, which the merchant hears of and sends the refund again. The late answer is about a number that is history.
 */
it('an answer about a closed refund that comes late does not close the one that was sent instead', async () => {
  const refund = refundOf('race.1', 'CLOSED');
  const is_callback = ({ target, from }: NetworkRequest): boolean => from === 'wechat' && target.startsWith('/notify/');
  const is_question = ({ from, method }: NetworkRequest): boolean => from === 'node-1' && method === 'GET';
  world.act(0, 'shop', async () => {
    world.scan(await place('wechat.scan', 'race.1'), 'pay');
    await merchant.pause(SECOND_MS);
    world.network.befall({ when: is_callback, fate: 'request_lost', times: 1 });
    sendAgainWhenHeard(refund);
    await merchant.insist('/v2/pay/refund', refund);
    // The first callback is lost after five seconds; the next one comes fifteen later.
    await merchant.pause(REFUND_MS + 19_800);
    world.network.befall({ when: is_question, fate: 'answer_late', late_ms: 4_000, times: 1 });
    await merchant.call('/v2/pay/refund_query', { mch_refund_id: refund.mch_refund_id });
    await merchant.pause(10 * SECOND_MS);
    expect(world.trace.about('refund_submitted_again')).toHaveLength(1);
    expect(world.trace.about('[answer_late]')).toHaveLength(1);
    expect(await refundState()).toEqual([{ state: 'processing' }]);
  });
  await world.run(30 * MINUTE_MS);
  expect(await violations(world)).toEqual([]);
});

/**
 * A refund is lost on its way. Resolver and merchant both find that out and send it, and both are refused for want of money;
 * the resolver's refusal is four seconds late. Meanwhile money comes in, and the merchant sends the refund again, which Alipay
 * takes.
 */
it('a refusal that comes late does not refuse the refund that was sent again and taken', async () => {
  const refund = refundOf('race.1', 'REFUND_PENDING');
  world.act(0, 'shop', async () => {
    world.scan(await place('alipay.scan', 'race.1'), 'pay');
    const more_money = await place('alipay.scan', 'race.2');
    world.network.befall({ when: isRefund, fate: 'request_lost', times: 1 });
    expect(await merchant.call('/v2/pay/refund', refund)).toMatchObject({ kind: 'answered', code: 601 });
    sendAgainWhenHeard(refund, () => world.scan(more_money, 'pay'));
    world.network.befall({ when: isRefund, fate: 'answer_late', late_ms: 4_000, times: 1 });
    while (world.trace.about('[answer_late]').length === 0) await merchant.pause(SECOND_MS / 10);
    await merchant.call('/v2/pay/refund_query', { mch_refund_id: refund.mch_refund_id });
    await merchant.pause(6 * SECOND_MS);
    expect(world.trace.about('refund_submitted_again')).toHaveLength(1);
    expect(await refundState()).not.toEqual([{ state: 'refused' }]);
  });
  await world.run(2 * HOUR_MS);
  expect(await refundState()).toEqual([{ state: 'succeeded' }]);
  expect(await violations(world)).toEqual([]);
});

function refundOf(number: string, refund_desc: string) {
  return {
    mch_trade_id: number,
    mch_refund_id: `${number}.a`,
    refund_fee: TOTAL_FEN,
    refund_desc,
    notify_url: merchant.notifyUrl('/refunded'),
  };
}

function isRefund({ body }: NetworkRequest): boolean {
  return new URLSearchParams(body.toString('utf8')).get('method') === 'alipay.trade.refund';
}

/** The QR code of an order that nobody had scanned lives on after a close: Alipay did not know the order. Every callback about it is lost. */
it('a payment by the code of a closed order is found when the code has run out, although no callback comes', async () => {
  const fields = { pay_type: 'alipay.scan', mch_trade_id: 'race.3', total_fee: TOTAL_FEN, body: 'x' };
  world.network.befall({ when: ({ target }) => target.startsWith('/notify/'), fate: 'request_lost' });
  world.act(0, 'shop', async () => {
    const placed = await merchant.insist('/v2/pay', fields);
    expect(await merchant.insist('/v2/pay/close', { mch_trade_id: 'race.3' })).toMatchObject({ code: 0 });
    world.scan(String(placed.data['code_url']), 'pay');
  });
  await world.run(2.5 * HOUR_MS);
  const rows = await world.raw_database.query<{ state: string; source: string }>(
    {
      name: 'late_events',
      text: `SELECT o.state, e.source FROM orders o JOIN order_events e ON e.trade_id = o.trade_id AND e.kind = 'late_payment'`,
    },
    [],
  );
  expect(rows).toEqual([{ state: 'closed', source: 'resolver' }]);
});
