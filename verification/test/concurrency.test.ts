/**
 * Two nodes on one database, and everything about one order at once: whatever the order of events, the books end as the channels'
 * ledger says, to the fen; and nobody holds a lock while a channel is being called.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningGateway } from '../../gateway/src/main.ts';
import { proxyChannels, saveAccount } from '../accounts.ts';
import { readExceptions } from '../books.ts';
import type { ChannelProxy, Passing } from '../channel-proxy.ts';
import type { Json, MerchantAnswer, MerchantClient } from '../merchant.ts';
import { startSecondNode } from '../second-node.ts';
import { Shop, WALLETS, type Placed, type Wallet } from '../shop.ts';
import { post, readUpstream } from '../upstream.ts';
import { eventually, startWorld, type World } from '../world.ts';

const ROUNDS = 4;

let world: World;
let shop: Shop;
let second: RunningGateway;
let nodes: readonly [MerchantClient, MerchantClient];

beforeAll(async () => {
  world = await startWorld();
  shop = new Shop(world, 'race');
  ({ gateway: second, nodes } = await startSecondNode(world));
}, 60_000);

afterAll(async () => {
  await second.close();
  await world.close();
});

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
});

/** The same request to both nodes at once, `times` each. */
function toBoth(send: (node: MerchantClient) => Promise<MerchantAnswer>, times = 1): Promise<MerchantAnswer[]> {
  return Promise.all(Array.from({ length: times }, () => nodes).flatMap((pair) => pair.map(send)));
}

const codes = (answers: readonly MerchantAnswer[]): number[] => answers.map((answer) => answer.code);

/** Lets the resolvers of both nodes work until nothing about the order is open. */
async function settled(order: Placed): Promise<string> {
  return eventually(async () => {
    const { state, refund_reserved_fen } = await shop.stored(order);
    const jobs = await world.sql(
      `SELECT 1 FROM jobs WHERE kind <> 'notification' AND (subject_id = $1
         OR subject_id IN (SELECT refund_id FROM refunds WHERE trade_id = $1))`,
      [order.trade_id],
    );
    if (state !== 'undecided' && refund_reserved_fen === '0' && jobs.length === 0) return state;
    await shop.due(order);
    return false;
  });
}

/** What must hold of an order that has been fought over. */
async function expectPeace(order: Placed): Promise<string> {
  const state = await settled(order);
  const { payments, back } = await shop.money(order);
  expect(payments.length).toBeLessThanOrEqual(1);
  expect(back.reduce((sum, amount) => sum + amount, 0)).toBeLessThanOrEqual(100);
  await shop.expectAgreement(order);
  expect(await shop.promised(order)).toBeLessThanOrEqual(1);
  if (state === 'paid') expect(await shop.promised(order)).toBe(1);
  const asked = await Promise.all(nodes.map((node) => shop.ask('query', order, node)));
  expect(asked[0]?.data).toEqual(asked[1]?.data);
  const strange = (await readExceptions(world)).filter((one) => one.trade_id === order.trade_id);
  expect(strange).toEqual([]);
  return state;
}

describe.each(WALLETS)('%s, on two nodes at once', (wallet) => {
  it('refunds and reverses of one payment give back no more than was paid', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const order = await shop.sell(wallet);
      const [reverses, refunds] = await Promise.all([
        toBoth((node) => shop.ask('reverse', order, node)),
        toBoth((node) => shop.refund(shop.refundOf(order, 60), node), 2),
      ]);
      for (const code of codes(reverses)) expect([0, 302, 601]).toContain(code);
      for (const code of codes(refunds)) expect([0, 302, 303]).toContain(code);
      const state = await expectPeace(order);
      const { back } = await shop.money(order);
      expect([state, ...back]).toEqual(state === 'reversed' ? ['reversed', 100] : ['paid', 60]);
    }
  });

  it('a close against the order that is being placed leaves no code that can be paid unseen', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await shop.inject(wallet, 'pay', 'slow', { delay_ms: 150 });
      const claims = shop.claims(`${wallet}.scan`);
      const placing = nodes[0].call('/v2/pay', claims);
      const order = await eventually(async () => {
        const found = await shop.placedUnder(claims);
        return found.trade_id !== '' && found;
      });
      const [placed, closed] = await Promise.all([placing, shop.ask('close', order, nodes[1])]);
      expect([0, 302]).toContain(placed.code);
      expect([0, 601]).toContain(closed.code);
      if (placed.code === 0) await shop.scan({ code: String(placed.data['code_url']) });
      await expectPeace(order);
    }
  });

  it('close, reverse, payment, callback and query end in one state that both nodes agree on', async () => {
    const ends = new Set<string>();
    for (let round = 0; round < 2 * ROUNDS; round += 1) {
      const order = await shop.place(wallet);
      if (round % 2 === 1) await shop.inject(wallet, 'callback', 'duplicate');
      const payment = round % 4 < 2 ? shop.scan(order) : null;
      await Promise.all([
        payment,
        toBoth((node) => shop.ask('close', order, node)),
        ...(round % 3 === 0 ? [] : [toBoth((node) => shop.ask('reverse', order, node))]),
        toBoth((node) => shop.ask('query', order, node), 2),
        shop.due(order),
      ]);
      await shop.callBack(order);
      ends.add(await expectPeace(order));
    }
    expect(ends.size).toBeGreaterThan(1);
  });

  it.each(['pay', 'password_then_pay', 'timeout_but_paid', 'timeout_not_paid'])(
    'one payment code (%s) sent to both is presented to the wallet as one order and pays at most once',
    async (behaviour) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const claims = shop.claims('common.micro', { auth_code: await shop.paymentCode(wallet, behaviour) });
        const answers = await toBoth((node) => node.call('/v2/pay', claims), 2);
        for (const code of codes(answers)) expect([0, 107, 601]).toContain(code);
        const order = await shop.placedUnder(claims);
        const rows = await world.sql('SELECT 1 FROM orders WHERE mch_trade_id = $1', [claims.mch_trade_id]);
        expect(rows).toHaveLength(1);
        expect(new Set(answers.filter((one) => one.code === 0).map((one) => one.data['trade_id'])).size).toBeLessThan(
          2,
        );
        if (behaviour === 'password_then_pay') expect(await shop.phone(order, 'pay')).toBe(200);
        if (behaviour === 'timeout_not_paid') {
          expect((await shop.money(order)).payments.length).toBeLessThanOrEqual(1);
          await shop.age(order, 20);
          await toBoth((node) => shop.ask('reverse', order, node));
          await expectPeace(order);
          continue;
        }
        expect(await expectPeace(order)).toBe('paid');
      }
    },
  );

  it.each(['pay', 'password_then_pay', 'timeout_but_paid'])(
    'a payment code (%s) that is reversed on both gives its money back once',
    async (behaviour) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const claims = shop.claims('common.micro', { auth_code: await shop.paymentCode(wallet, behaviour) });
        await shop.inject(wallet, 'callback', 'drop');
        const answer = await nodes[0].call('/v2/pay', claims);
        expect([0, 601]).toContain(answer.code);
        const order = await shop.placedUnder(claims);
        await shop.age(order, 20);
        const answers = await toBoth((node) => shop.ask('reverse', order, node), 2);
        for (const code of codes(answers)) expect([0, 601]).toContain(code);
        expect(await expectPeace(order)).toBe('reversed');
        const { payments, back } = await shop.money(order);
        expect(back).toEqual(payments);
        await world.control('DELETE', '/control/faults');
      }
    },
  );

  it('a reverse against the payment code that is being presented: one of them wins, for both sides', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await shop.inject(wallet, 'pay', 'slow', { delay_ms: 150 });
      const claims = shop.claims('common.micro', { auth_code: await shop.paymentCode(wallet, 'pay') });
      const presenting = nodes[0].call('/v2/pay', claims);
      const order = await eventually(async () => {
        const found = await shop.placedUnder(claims);
        return found.trade_id !== '' && found;
      });
      const [presented, reversed] = await Promise.all([presenting, shop.ask('reverse', order, nodes[1])]);
      expect([0, 302, 601]).toContain(presented.code);
      expect([0, 601]).toContain(reversed.code);
      await shop.age(order, 20);
      expect(await expectPeace(order)).toBe('reversed');
    }
  });
});

it('two callbacks about one refund, on two nodes at once, give back once and are told once', async () => {
  const { wechat } = await readUpstream(world.config.home);
  const order = await shop.sell('wechat');
  await shop.inject('wechat', 'refund', 'timeout_before');
  const refund = shop.refundOf(order, 60);
  expect((await shop.refund(refund)).code).toBe(601);
  await shop.postponeAll();
  const [row] = await world.sql<{ refund_id: string }>('SELECT refund_id FROM refunds WHERE trade_id = $1', [
    order.trade_id,
  ]);
  const refund_id = row?.refund_id ?? '';
  const sent = wechat.signed(
    wechat.notice(wechat.refund(order.trade_id, refund_id, 60), { event_type: 'REFUND.SUCCESS' }),
  );
  const path = `/notify/sandbox-wechat/${world.merchant.merchant.merchant_id}`;
  const urls = [world.url, second.url, world.url, second.url];
  const answers = await Promise.all(urls.map((url) => post(`${url}${path}`, sent)));
  expect(answers.map((answer) => answer.status)).toEqual([204, 204, 204, 204]);
  expect(await shop.stored(order)).toMatchObject({ refunded_fen: '60', refund_reserved_fen: '0' });
  const told = await world.sql("SELECT 1 FROM notifications WHERE trade_id = $1 AND subject = 'refund'", [
    order.trade_id,
  ]);
  expect(told).toHaveLength(1);
});

describe('while a channel is being called', () => {
  /** Long enough that no call under test ends by itself. */
  const CHANNEL_TIMEOUT_MS = 20_000;
  /** A statement that meets another about the same row waits for its commit, and for nothing else. */
  const A_COMMIT_MS = 1_000;

  let slow_world: World;
  let slow_shop: Shop;
  let slow_second: RunningGateway;
  let pair: readonly [MerchantClient, MerchantClient];
  let proxies: Record<Wallet, ChannelProxy>;
  let watcher: pg.Client;

  beforeAll(async () => {
    slow_world = await startWorld();
    slow_shop = new Shop(slow_world, 'held');
    proxies = await proxyChannels(slow_world);
    for (const wallet of WALLETS) {
      await saveAccount(slow_world, `sandbox-${wallet}`, (account) => ({
        ...account,
        settings: { ...account.settings, timeout_ms: CHANNEL_TIMEOUT_MS },
      }));
    }
    await slow_world.restartGateway();
    ({ gateway: slow_second, nodes: pair } = await startSecondNode(slow_world));
    watcher = new pg.Client({ connectionString: slow_world.database_url, application_name: 'watcher' });
    await watcher.connect();
  }, 60_000);

  afterAll(async () => {
    await watcher.end();
    await slow_second.close();
    await slow_world.close();
    for (const wallet of WALLETS) await proxies[wallet].close();
  });

  /** Holds the next call of an operation at the channel's door until the answered function is called. */
  function holdNext(wallet: Wallet, is: (passing: Passing) => boolean): { held: Promise<void>; letGo: () => void } {
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let taken = false;
    proxies[wallet].before = async (passing) => {
      if (taken || !is(passing)) return;
      taken = true;
      reached.resolve();
      await released.promise;
    };
    return { held: reached.promise, letGo: () => released.resolve() };
  }

  interface Session {
    readonly state: string;
    readonly wait_event_type: string | null;
    readonly in_transaction: boolean;
    readonly waited_ms: number;
    readonly ungranted: boolean;
    readonly query: string;
  }

  /** Sessions of the gateways that hold a transaction open without working, or wait for somebody's lock. */
  async function offenders(): Promise<Session[]> {
    const { rows } = await watcher.query<Session>(
      `SELECT a.state, a.wait_event_type, a.state LIKE 'idle in transaction%' AS in_transaction,
         extract(epoch FROM clock_timestamp() - a.query_start)::float8 * 1000 AS waited_ms,
         EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) AS ungranted, left(a.query, 60) AS query
       FROM pg_stat_activity a WHERE a.datname = current_database() AND a.application_name LIKE 'heliu%'`,
    );
    expect(rows.length).toBeGreaterThan(0);
    const waits = (one: Session): boolean => one.wait_event_type === 'Lock' || one.ungranted;
    return rows.filter((one) => one.in_transaction || (waits(one) && one.waited_ms > A_COMMIT_MS));
  }

  /** Watches until `others` are all answered. */
  async function watchDuring(others: Promise<unknown>): Promise<void> {
    const watch = { over: false };
    const ended = others.finally(() => (watch.over = true));
    while (!watch.over) expect(await offenders()).toEqual([]);
    await ended;
    expect(await offenders()).toEqual([]);
  }

  const method = (name: string) => (passing: Passing) => passing.body.includes(`method=alipay.trade.${name}`);
  const path = (end: string) => (passing: Passing) => passing.method === 'POST' && passing.path.endsWith(end);

  const CALLS: Record<Wallet, Record<'pay' | 'close' | 'refund', (passing: Passing) => boolean>> = {
    wechat: { pay: path('/native'), close: path('/close'), refund: path('/refunds') },
    alipay: { pay: method('precreate'), close: method('close'), refund: method('refund&') },
  };

  it.each(WALLETS)(
    '%s: to place an order, nobody waits who asks about it, closes it or sends it again',
    async (wallet) => {
      const claims = slow_shop.claims(`${wallet}.scan`);
      const { held, letGo } = holdNext(wallet, CALLS[wallet].pay);
      const placing = pair[0].call('/v2/pay', claims);
      await held;
      const order = await slow_shop.placedUnder(claims);
      const others = (async () => {
        const asked = await Promise.all(pair.map((node) => slow_shop.ask('query', order, node)));
        expect(asked.map((answer) => answer.code)).toEqual([0, 0]);
        // Waited for a little, and then told that it is being placed.
        expect((await pair[1].call('/v2/pay', claims)).code).toBe(601);
        await slow_shop.due(order);
        expect([0, 601]).toContain((await slow_shop.ask('close', order, pair[1])).code);
      })();
      await watchDuring(others);
      letGo();
      expect([0, 302]).toContain((await placing).code);
    },
  );

  it.each(WALLETS)('%s: to refund, nobody waits who refunds more, asks, or hears a callback', async (wallet) => {
    const order = await slow_shop.sell(wallet);
    const { held, letGo } = holdNext(wallet, CALLS[wallet].refund);
    const refund = slow_shop.refundOf(order, 60);
    const refunding = slow_shop.refund(refund, pair[0]);
    await held;
    const others = (async () => {
      expect((await slow_shop.refund(slow_shop.refundOf(order, 60), pair[1])).code).toBe(303);
      expect((await slow_shop.refund(slow_shop.refundOf(order, 30), pair[1])).code).toBe(0);
      expect((await slow_shop.ask('reverse', order, pair[1])).code).toBe(302);
      expect((await slow_shop.ask('query', order, pair[1])).data).toMatchObject({ trade_state: expect.any(Number) });
      await slow_shop.callBack(order);
      const asked = await pair[1].call('/v2/pay/refund_query', { mch_refund_id: refund.mch_refund_id });
      expect(asked.data['refunds']).toMatchObject({ refund_status: 1 } satisfies Json);
    })();
    await watchDuring(others);
    letGo();
    expect((await refunding).code).toBe(0);
  });

  it.each(WALLETS)('%s: to close, nobody waits who asks, closes or reverses the same order', async (wallet) => {
    const order = await slow_shop.place(wallet);
    if (wallet === 'alipay') expect(await slow_shop.scan(order, 'cancel')).toBe(200);
    const { held, letGo } = holdNext(wallet, CALLS[wallet].close);
    const closing = slow_shop.ask('close', order, pair[0]);
    await held;
    const others = (async () => {
      expect((await slow_shop.ask('reverse', order, pair[1])).code).toBe(0);
      expect((await slow_shop.ask('query', order, pair[1])).data['trade_state']).toBe(5);
      expect((await slow_shop.ask('close', order, pair[1])).code).toBe(0);
    })();
    await watchDuring(others);
    letGo();
    expect((await closing).code).toBe(0);
    expect((await slow_shop.stored(order)).state).toBe('reversed');
  });
});
