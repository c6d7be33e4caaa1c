import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningGateway } from '../../gateway/src/main.ts';
import { saveAccount } from '../accounts.ts';
import { MerchantClient, newNonce, newTestMerchant, type Json, type MerchantAnswer } from '../merchant.ts';
import { startSecondNode } from '../second-node.ts';
import { post, readUpstream } from '../upstream.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let second: RunningGateway;
/** The same merchant, calling each of the two. */
let nodes: readonly [MerchantClient, MerchantClient];
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
  ({ gateway: second, nodes } = await startSecondNode(world));
}, 60_000);

afterAll(async () => {
  await second.close();
  await world.close();
});

function newNumber(): string {
  numbers += 1;
  return `nodes.${numbers}`;
}

function order(fields: Json = {}): Json & { mch_trade_id: string } {
  const mch_trade_id = newNumber();
  return {
    pay_type: 'wechat.scan',
    mch_trade_id,
    total_fee: 100,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url(`/${mch_trade_id}`),
    ...fields,
  };
}

/** Sends the same fields to both nodes, `times` each, all at once. */
function toBoth(path: string, fields: () => Json, times = 1): Promise<MerchantAnswer[]> {
  return Promise.all(
    Array.from({ length: times }, () => nodes)
      .flat()
      .map((node) => node.call(path, fields())),
  );
}

async function paid(fields: Json = {}): Promise<Json & { mch_trade_id: string }> {
  const claims = order(fields);
  const placed = await world.merchant.call('/v2/pay', claims);
  expect(placed.code).toBe(0);
  await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
  await world.notify.waitFor(`/${claims.mch_trade_id}`);
  return { ...claims, trade_id: placed.data['trade_id'] };
}

async function ledger(trade_id: unknown, kind: string): Promise<unknown[]> {
  const entries = (await world.control('GET', '/control/ledger')).body['entries'] as Json[];
  return entries
    .filter((entry) => entry['out_trade_no'] === trade_id && entry['kind'] === kind)
    .map((entry) => entry['amount']);
}

const ascending = (codes: readonly number[]): number[] => codes.toSorted((one, other) => one - other);

describe.each(['wechat.scan', 'alipay.scan'])('%s on two nodes', (pay_type) => {
  it('the same request to both at once places one order, which both answer', async () => {
    for (let round = 0; round < 5; round += 1) {
      const claims = order({ pay_type });
      const answers = await toBoth('/v2/pay', () => claims, 2);
      const told = answers.map((answer) => [answer.code, answer.data['trade_id'], answer.data['code_url']]);
      expect(told[0]).toEqual([0, expect.stringMatching(/^[0-9a-f]{24}$/), expect.any(String)]);
      expect(told).toEqual(told.map(() => told[0]));
      const rows = await world.sql('SELECT 1 FROM orders WHERE mch_trade_id = $1', [claims.mch_trade_id]);
      expect(rows).toHaveLength(1);
      const scanned = await world.control('POST', '/control/scan', {
        code: answers[0]?.data['code_url'],
        action: 'pay',
      });
      expect(scanned.status).toBe(200);
      expect(await ledger(answers[0]?.data['trade_id'], 'order')).toEqual([100]);
    }
  });

  it('one nonce_str sent to both at once is taken once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const nonce_str = newNonce();
      const answers = await Promise.all(
        nodes.map((node) => node.call('/v2/pay', { ...order({ pay_type }), nonce_str })),
      );
      expect(ascending(answers.map((answer) => answer.code))).toEqual([0, 104]);
    }
  });

  it('refunds on both at once never exceed what was paid', async () => {
    const claims = await paid({ pay_type });
    const answers = await toBoth(
      '/v2/pay/refund',
      () => ({ mch_trade_id: claims.mch_trade_id, mch_refund_id: newNumber(), refund_fee: 30, refund_desc: 'x' }),
      5,
    );
    expect(ascending(answers.map((answer) => answer.code))).toEqual([0, 0, 0, ...Array<number>(7).fill(303)]);
    const refunded = await eventually(async () => {
      const amounts = await ledger(claims['trade_id'], 'refund');
      return amounts.length === 3 && amounts;
    });
    expect(refunded).toEqual([30, 30, 30]);
  });

  it('one refund sent to both at once is made once', async () => {
    const claims = await paid({ pay_type });
    const refund = { mch_trade_id: claims.mch_trade_id, mch_refund_id: newNumber(), refund_fee: 30, refund_desc: 'x' };
    const answers = await toBoth('/v2/pay/refund', () => refund, 3);
    expect(answers.map((answer) => answer.code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(new Set(answers.map((answer) => (answer.data['refunds'] as Json)['refund_id'])).size).toBe(1);
    await eventually(async () => (await ledger(claims['trade_id'], 'refund')).length === 1);
    const rows = await world.sql('SELECT refund_reserved_fen + refunded_fen AS sum FROM orders WHERE trade_id = $1', [
      claims['trade_id'],
    ]);
    expect(rows).toEqual([{ sum: '30' }]);
  });
});

describe('refunds that were refused', () => {
  it('sent again on both nodes at once take no more than what is left', async () => {
    const claims = await paid({ pay_type: 'alipay.scan' });
    const refunds = [60, 60, 60].map((refund_fee) => ({
      mch_trade_id: claims.mch_trade_id,
      mch_refund_id: newNumber(),
      refund_fee,
      refund_desc: 'TRADE_NOT_ALLOW_REFUND',
    }));
    for (const refund of refunds) expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(600);
    // Each is refused by the channel again or finds too little left; none may end as an error of ours.
    const answers = await Promise.all(
      refunds.flatMap((refund) => nodes.map((node) => node.call('/v2/pay/refund', refund))),
    );
    for (const answer of answers) expect([0, 303, 600]).toContain(answer.code);
    const rows = await world.sql('SELECT refund_reserved_fen, refunded_fen FROM orders WHERE trade_id = $1', [
      claims['trade_id'],
    ]);
    expect(rows).toEqual([{ refund_reserved_fen: '0', refunded_fen: '0' }]);
    expect(await ledger(claims['trade_id'], 'refund')).toEqual([]);
  });
});

describe('work that is due', () => {
  it('notifications are delivered once each, however many nodes look', async () => {
    const claims = await Promise.all(Array.from({ length: 12 }, () => paid()));
    await eventually(async () => (await world.sql("SELECT 1 FROM jobs WHERE kind = 'notification'")).length === 0);
    for (const { mch_trade_id } of claims) {
      expect(world.notify.received.filter((one) => one.path === `/${mch_trade_id}`)).toHaveLength(1);
    }
  });

  it('each repeat of a notification is made by one node', async () => {
    world.notify.answer = { status: 500, body: 'busy' };
    const claims = await Promise.all(Array.from({ length: 6 }, () => paid()));
    const paths = new Set(claims.map(({ mch_trade_id }) => `/${mch_trade_id}`));
    const received = (): number => world.notify.received.filter((one) => paths.has(one.path)).length;
    for (let attempt = 2; attempt <= 4; attempt += 1) {
      await eventually(async () => (await attemptsMade(claims)).every((made) => made === attempt - 1));
      await world.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'notification'");
      await eventually(async () => (await attemptsMade(claims)).every((made) => made === attempt));
      expect(received()).toBe(6 * attempt);
    }
    world.notify.answer = { status: 200, body: 'success' };
  });

  async function attemptsMade(claims: readonly Json[]): Promise<number[]> {
    const rows = await world.sql<{ attempts: number }>('SELECT attempts FROM notifications WHERE trade_id = ANY ($1)', [
      claims.map((one) => one['trade_id']),
    ]);
    return rows.map((row) => row.attempts);
  }

  it('one callback that reaches both nodes at once is told to the merchant once', async () => {
    const { wechat } = await readUpstream(world.config.home);
    const { merchant_id } = world.merchant.merchant;
    for (let round = 0; round < 5; round += 1) {
      const claims = order();
      const trade_id = String((await world.merchant.call('/v2/pay', claims)).data['trade_id']);
      const sent = wechat.paid(trade_id, 100);
      const answers = await Promise.all(
        [world.url, second.url, world.url, second.url].map((url) =>
          post(`${url}/notify/sandbox-wechat/${merchant_id}`, sent),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual([204, 204, 204, 204]);
      expect(await world.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [trade_id])).toHaveLength(1);
      const paid_events = await world.sql("SELECT 1 FROM order_events WHERE trade_id = $1 AND kind = 'paid'", [
        trade_id,
      ]);
      expect(paid_events).toHaveLength(1);
    }
  });
});

describe('a change of configuration reaches both nodes within a second', () => {
  const WITHIN_MS = 1_000;

  async function change(fields: Json, suffix = ''): Promise<void> {
    const { merchant_id } = world.merchant.merchant;
    const answer = await fetch(`${world.url}/cms/merchants/${merchant_id}${suffix}`, {
      method: 'PUT',
      headers: { authorization: await world.login() },
      body: JSON.stringify(fields),
    });
    expect(await answer.json()).toMatchObject({ code: 0 });
  }

  /** Asks both nodes until each answers the code; fails when one takes longer than a second. */
  async function expectSoon(code: number, ask: (node: MerchantClient) => Promise<MerchantAnswer>): Promise<void> {
    const changed_at_ms = performance.now();
    await Promise.all(nodes.map((node) => eventually(async () => (await ask(node)).code === code)));
    expect(performance.now() - changed_at_ms).toBeLessThan(WITHIN_MS);
  }

  const query = (node: MerchantClient): Promise<MerchantAnswer> => node.call('/v2/pay/query', { mch_trade_id: 'none' });

  it('the status of a merchant', async () => {
    await expectSoon(301, query);
    await change({ status: 'suspended' });
    await expectSoon(201, query);
    await change({ status: 'active' });
    await expectSoon(301, query);
  });

  it('the public key of a merchant: the old one is refused, the new one taken', async () => {
    const { merchant_id, public_key } = world.merchant.merchant;
    const rotated = { ...newTestMerchant(), merchant_id };
    await change({ public_key: rotated.public_key }, '/public_key');
    await expectSoon(101, query);
    const urls = [world.url, second.url];
    for (const url of urls) {
      const client = new MerchantClient(url, world.platform_public_key, rotated);
      expect((await query(client)).code).toBe(301);
    }
    await change({ public_key }, '/public_key');
    await expectSoon(301, query);
  });

  it('the status of a channel account', async () => {
    const status = (value: 'active' | 'suspended') =>
      saveAccount(world, 'sandbox-alipay', (account) => ({ ...account, status: value }));
    const pay = (node: MerchantClient): Promise<MerchantAnswer> =>
      node.call('/v2/pay', order({ pay_type: 'alipay.scan' }));
    await expectSoon(0, pay);
    await status('suspended');
    await expectSoon(202, pay);
    await status('active');
    await expectSoon(0, pay);
  });
});
