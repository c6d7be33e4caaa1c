import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { fen } from '../../src/domain/money.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, Statement } from '../../src/storage/database.ts';
import type { NewException } from '../../src/storage/exceptions.ts';
import { fillBankTables, useBank } from './bank-rows.ts';
import { readServerStatus } from '../../src/storage/server-status.ts';
import type { Store } from '../../src/storage/store.ts';
import { explaining, mostRowsRead, planIn, tablesReadWhole } from '../../../verification/plans.ts';
import type { Explained, Plan } from '../../../verification/plans.ts';
import { facts } from '../domain/samples.ts';
import {
  insertOrder,
  MERCHANT_ID,
  newId,
  newNotification,
  newOrder,
  newRefund,
  NOW_MS,
  openStore,
  refundSaveOf,
  saveOf,
} from './opened-store.ts';
import type { OpenedStore } from './opened-store.ts';

/** Tables of a handful of rows, which are read whole. */
const SMALL = new Set(['config_state', 'platform_keys']);

interface Recorded {
  readonly text: string;
  readonly values: readonly unknown[];
  /** How it was run, with these values and what was stored then. */
  readonly ran: Plan;
}

/** The last run of each statement, by name: what the store says to its database, nothing rewritten by hand. */
const recorded = new Map<string, Recorded>();

let opened: OpenedStore;
let client: Client;

beforeAll(async () => {
  opened = await openStore((database) => recording(database));
  client = new Client({ connectionString: opened.url });
  await client.connect();
  await fillTables(client);
  await useEverything(opened.store);
  await readServerStatus(recording(opened.database));
}, 120_000);

afterAll(async () => {
  await client.end();
  await opened.close();
});

/** A database whose every statement is run once more before, to see how, and taken back. */
function recording(database: Database): Database {
  return {
    async query<Row>(statement: Statement, values: readonly unknown[]) {
      recorded.set(statement.name, { ...statement, values, ran: await rehearse(statement.text, values) });
      return database.query<Row>(statement, values);
    },
    close: () => database.close(),
  };
}

let rehearsals: Promise<unknown> = Promise.resolve();

/** One after the other: they share a connection. */
function rehearse(text: string, values: readonly unknown[]): Promise<Plan> {
  const rehearsal = rehearsals.then(async () => {
    await client.query('BEGIN');
    try {
      return await explain('ANALYZE', text, values);
    } finally {
      await client.query('ROLLBACK');
    }
  });
  rehearsals = rehearsal;
  return rehearsal;
}

/** Fifty thousand rows in every table that grows: fifty merchants of a thousand orders each. */
async function fillTables(database: Client): Promise<void> {
  const id = (letter: string): string => `'${letter}' || lpad(to_hex(n), 23, '0')`;
  const merchant = `'1' || lpad(((n % 50) + 1)::text, 15, '0')`;
  const fill = (table: string, columns: string, values: string): Promise<unknown> =>
    database.query(`INSERT INTO ${table} (${columns}) SELECT ${values} FROM generate_series(1, 50000) AS n`);
  // Filling takes half as long without looking up every foreign key.
  await database.query('SET session_replication_role = replica');
  await fill('nonces', 'merchant_id, nonce_str', `${merchant}, 'nonce' || n`);
  await fill(
    'merchants',
    `merchant_id, name, status, nonce_policy, late_payment, platform_merchant_id, level_code, created_at_ms,
     updated_at_ms, config_version`,
    `'1' || lpad(n::text, 15, '0'), 'shop', 'active', 'required', 'refund', '1' || lpad(n::text, 15, '0'), '00', 0, 0, n`,
  );
  await fill(
    'channel_accounts',
    'account_id, channel, name, status, settings, secrets_sealed, created_at_ms, updated_at_ms, config_version',
    `'account-' || n, 'wechat', 'account', 'active', '{}', '', 0, 0, n`,
  );
  await fill(
    'routes',
    'merchant_id, pay_type, account_id, merchant_params, config_version',
    `'1' || lpad(n::text, 15, '0'), 'wechat.scan', 'account-' || n, '{}', n`,
  );
  await fill(
    'orders',
    `merchant_id, trade_id, mch_trade_id, pay_type, initial_trade_state, channel, account_id, merchant_params, total_fen,
     request, request_hash, created_at_ms, expires_at_ms, state, placement, placing_until_ms, updated_at_ms`,
    `${merchant}, ${id('a')}, 'shop.' || n, 'wechat.scan', 2, 'wechat', 'wechat-1', '{"sub_mchid":"1900000002"}', 100,
     '{"body":"goods","total_fee":100,"spbill_create_ip":"127.0.0.1"}', 'hash', n, n + 7200000, 'paid', 'accepted', 0, n`,
  );
  await fill(
    'order_events',
    'merchant_id, trade_id, at_ms, source, kind, detail',
    `${merchant}, ${id('a')}, n, 'pay', 'created', '{"account_id":"wechat-1"}'`,
  );
  await fill(
    'refunds',
    `merchant_id, refund_id, trade_id, mch_refund_id, refund_fen, refund_desc, request_hash, created_at_ms, state,
     channel_refund_no, calling_until_ms, updated_at_ms`,
    `${merchant}, ${id('b')}, ${id('a')}, 'shop.r' || n, 1, '', '', n, 'succeeded', ${id('b')}, 0, n`,
  );
  await fill(
    'notifications',
    'merchant_id, notification_id, subject, trade_id, url, payload, state, created_at_ms, updated_at_ms',
    `${merchant}, ${id('c')}, 'payment', ${id('a')}, 'https://shop.example.com/', repeat('x', 300),
     CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'delivered' END, n, n`,
  );
  await fill(
    'notification_attempts',
    'merchant_id, notification_id, attempt, at_ms, delivered',
    `${merchant}, ${id('c')}, 1, n, true`,
  );
  await fill(
    'jobs',
    'kind, merchant_id, subject_id, run_at_ms',
    `(ARRAY['order', 'refund', 'notification'])[n % 3 + 1], ${merchant}, ${id('a')}, ${NOW_MS}::bigint - 100000 + n * 20`,
  );
  await fill(
    'exceptions',
    'exception_id, kind, dedupe_key, detail, state, created_at_ms, updated_at_ms',
    `${id('d')}, 'contradiction', 'key ' || n, '{}', CASE WHEN n % 100 = 0 THEN 'open' ELSE 'resolved' END, n, n`,
  );
  await fill(
    'users',
    'user_id, login_name, password_hash, role, created_at_ms',
    `${id('e')}, 'user' || n, 'hash', 'admin', n`,
  );
  await fill(
    'sessions',
    'token_hash, user_id, expires_at_ms',
    `'token' || n, ${id('e')}, ${NOW_MS}::bigint - 100000 + n * 20`,
  );
  await fill(
    'preorders',
    'merchant_id, preorder_id, mch_pre_id, total_fen, request, request_hash, created_at_ms, expires_at_ms, updated_at_ms',
    `${merchant}, ${id('f')}, 'pre.' || n, 100, '{"body":"goods"}', 'hash', n, n + 7200000, n`,
  );
  await fill(
    'payer_authorizations',
    'merchant_id, subject_id, state_nonce, browser_hash, wallet, account_id, code_hash, payer_fields, created_at_ms',
    `${merchant}, ${id('f')}, 'nonce' || n, 'browser', 'wechat', 'wechat-1', 'hash', '{}', n`,
  );
  await fill(
    'merchant_logos',
    'merchant_id, media_type, image, updated_at_ms',
    `'1' || lpad(n::text, 15, '0'), 'image/png', 'x', n`,
  );
  await fillBankTables(fill, id, merchant);
  await database.query('ANALYZE');
}

/** A matter for a person, about nobody's order. */
function aMatter(): NewException {
  const of_nobody = { merchant_id: null, trade_id: null, channel: null, account_id: null };
  const exception_id = newId();
  const key = { exception_id, kind: 'contradiction', dedupe_key: exception_id };
  return { ...key, ...of_nobody, detail: {}, raw_headers: {}, raw_body: 'raw' };
}

async function usePreorders({ preorders, payer_authorizations, orders }: Store): Promise<void> {
  const preorder_id = newId();
  const numbers = { merchant_id: MERCHANT_ID, preorder_id, mch_pre_id: `pre.${preorder_id}` };
  const times = { created_at_ms: NOW_MS, expires_at_ms: NOW_MS + 7_200_000, updated_at_ms: NOW_MS };
  const fields = { total_fen: fen(100), request: {}, request_hash: 'hash', notify_url: null };
  await preorders.insert(
    { ...numbers, ...times, ...fields },
    { signer_id: MERCHANT_ID, nonce_str: 'nonce of a preorder' },
  );
  const preorder = await preorders.byNumber(MERCHANT_ID, numbers.mch_pre_id);
  if (!preorder) throw new Error('no preorder');
  const order = newOrder();
  await preorders.beginTry(preorder, order, 'anna');
  await preorders.byId(MERCHANT_ID, preorder_id);
  await preorders.tries(MERCHANT_ID, preorder_id);
  await preorders.close(preorder, NOW_MS);
  const tried = await orders.byTradeId(MERCHANT_ID, order.trade_id);
  if (!tried) throw new Error('no try');
  const takes = { takes_preorder: true, job: 'delete' } as const;
  await orders.save(saveOf(tried, { state: 'paid', facts: facts() }, takes));
  const again = saveOf({ ...tried, version: tried.version + 1 }, { state: 'paid', facts: facts() });
  await orders.save({ ...again, ...takes, raises: aMatter() });
  await orders.save({ ...again, raises: aMatter() });
  const takes_credits = { account_id: 'bank-1', references: ['ref1', 'ref2'], settling_as: 'ref2' };
  await orders.save({ ...again, takes_credits });
  await orders.save({ ...again, takes_credits, raises: aMatter() });
  const linked = await insertOrder({ orders } as Store, { placement: 'never' });
  await preorders.giveToPayer({
    order: linked,
    payer_fields: { sub_openid: 'o1' },
    payer_key: 'anna',
    account_id: 'wechat-1',
    merchant_params: {},
    placing_until_ms: NOW_MS,
    at_ms: NOW_MS,
    check_at_ms: NOW_MS,
  });
  const spent = { merchant_id: MERCHANT_ID, subject_id: preorder_id, state_nonce: 'n', browser_hash: 'b' };
  const by = { wallet: 'wechat', account_id: 'wechat-1', code_hash: 'h', created_at_ms: NOW_MS } as const;
  await payer_authorizations.spend({ ...spent, ...by });
  await payer_authorizations.byState(MERCHANT_ID, preorder_id, 'n');
  await payer_authorizations.known(spent, { sub_openid: 'o1' });
  await payer_authorizations.ofBrowser(MERCHANT_ID, preorder_id, 'b', 'wechat');
}

/** Every function of the store at least once, so that every statement is recorded with values it is really given. */
async function useEverything(store: Store): Promise<void> {
  await useOrders(store);
  await usePreorders(store);
  await useRefunds(store);
  await useNotifications(store);
  await useConfiguration(store);
  await useBank(store);
  const { jobs, users, exceptions } = store;
  await jobs.claim('order', NOW_MS, 30_000, 32);
  await jobs.move('order', MERCHANT_ID, newId(), NOW_MS);
  await jobs.remove('order', MERCHANT_ID, newId());
  await jobs.countDue('order', NOW_MS, 1_000);
  await jobs.earliest();
  const user_id = newId();
  await users.add({ user_id, login_name: 'a', password_hash: 'h', role: 'admin', merchant_id: null, created_at_ms: 0 });
  await users.byLogin('a');
  await users.loginFailed(user_id, 5, NOW_MS);
  await users.loginSucceeded(user_id);
  await users.addSession('hash', user_id, NOW_MS + 1_000, NOW_MS);
  await users.sessionUser('hash', NOW_MS);
  await users.slideSession('hash', NOW_MS);
  const matter = aMatter();
  const { exception_id } = matter;
  await exceptions.raise(matter, NOW_MS);
  await exceptions.list('open', '', 20);
  await exceptions.byId(exception_id);
  await exceptions.rawBody(exception_id);
  await exceptions.resolve(exception_id, 'done', 'a', NOW_MS);
  await exceptions.countOpen();
  await store.ping();
}

async function useOrders(store: Store): Promise<void> {
  const order = await insertOrder(store);
  await Promise.all(Array.from({ length: 64 }, () => store.orders.insert(newOrder())));
  await store.orders.byNumber(MERCHANT_ID, order.mch_trade_id);
  await store.orders.byNumberOnce(MERCHANT_ID, order.mch_trade_id, {
    signer_id: MERCHANT_ID,
    nonce_str: 'plan.1',
  });
  await store.orders.reroute({
    order: await insertOrder(store),
    account_id: 'other',
    merchant_params: {},
    placing_until_ms: NOW_MS,
    at_ms: NOW_MS,
    detail: { reason: 'connection_refused' },
  });
  await store.orders.recordNonce({ signer_id: MERCHANT_ID, nonce_str: 'plan.2' });
  await store.orders.timeline(MERCHANT_ID, order.trade_id, 0, 1_000);
  await store.orders.appendEvent(MERCHANT_ID, order.trade_id, NOW_MS, { source: 'pay', kind: 'a', detail: {} });
  await store.orders.save(
    saveOf(
      order,
      { state: 'closed', late_facts: facts() },
      {
        event: { source: 'callback', kind: 'late_payment', detail: {} },
        job: 'delete',
        notification: newNotification(),
        late_refund: { refund_id: newId(), refund_fen: 100, refund_desc: 'late', check_at_ms: NOW_MS },
      },
    ),
  );
}

async function useRefunds(store: Store): Promise<void> {
  const order = await insertOrder(store);
  const created = newRefund(order);
  await store.refunds.reserve(order, created);
  await store.refunds.byNumber(MERCHANT_ID, created.mch_refund_id ?? '');
  await store.refunds.byChannelNumber(MERCHANT_ID, created.channel_refund_no);
  await store.refunds.ofOrder(MERCHANT_ID, order.trade_id);
  const refund = await store.refunds.byId(MERCHANT_ID, created.refund_id);
  if (!refund) throw new Error('the refund is not there');
  const notification = newNotification({ subject: 'refund', refund_id: refund.refund_id });
  await store.refunds.save(
    refundSaveOf(
      refund,
      { state: 'succeeded' },
      { money: 'refunded', event: { source: 'query', kind: 'a', detail: {} }, job: 'delete', notification },
    ),
  );
}

async function useNotifications(store: Store): Promise<void> {
  const order = await insertOrder(store);
  const notification = newNotification();
  const { notification_id } = notification;
  await store.orders.save(saveOf(order, {}, { notification }));
  await store.orders.save(saveOf(order, {}, {}));
  await store.jobs.claimNotifications(NOW_MS + 1_000, 30_000, 128);
  await store.notifications.record({
    merchant_id: MERCHANT_ID,
    notification_id,
    attempt: 1,
    at_ms: NOW_MS,
    delivered: false,
    http_status: 500,
    reason: 'http_500',
    answer: '',
    next_at_ms: NOW_MS,
  });
  await store.notifications.byId(MERCHANT_ID, notification_id);
  await store.notifications.ofOrder(MERCHANT_ID, order.trade_id);
  await store.notifications.attempts(MERCHANT_ID, notification_id);
  await store.notifications.failed(MERCHANT_ID, '', 100);
  await store.notifications.list(MERCHANT_ID, null, 'f'.repeat(24), 20);
  await store.notifications.countFailed(1_000);
  await store.notifications.replay(MERCHANT_ID, notification_id, NOW_MS);
}

async function useConfiguration({ configuration, logos }: Store): Promise<void> {
  const merchant_id = '1000000000099999';
  await configuration.addMerchant(
    {
      merchant_id,
      name: 'shop',
      status: 'active',
      public_key: null,
      nonce_policy: 'required',
      late_payment: 'refund',
      allow_short_key: false,
      platform_signs: false,
      max_requests_per_second: null,
      created_at_ms: NOW_MS,
    },
    null,
  );
  await configuration.addMerchant(
    {
      merchant_id: '1000000000099998',
      name: 'tenant',
      status: 'active',
      public_key: null,
      nonce_policy: 'required',
      late_payment: 'refund',
      allow_short_key: false,
      platform_signs: true,
      max_requests_per_second: null,
      created_at_ms: NOW_MS,
    },
    merchant_id,
  );
  const logo = { media_type: 'image/png', image: Buffer.from('x'), hash: 'h' } as const;
  await logos.save(merchant_id, logo, NOW_MS);
  await logos.byHash(merchant_id, 'h');
  await logos.remove(merchant_id, NOW_MS);
  await configuration.changeMerchant(merchant_id, { name: 'other' }, NOW_MS);
  await configuration.merchant(merchant_id);
  await configuration.merchants('', 20);
  const account = {
    account_id: 'plan',
    channel: 'wechat',
    name: 'a',
    status: 'active',
    settings: {},
    secrets: {},
  } as const;
  await configuration.saveAccount(account, NOW_MS);
  await configuration.changeAccountStatus('plan', 'suspended', NOW_MS);
  await configuration.account('plan');
  await configuration.accounts('', 20);
  await configuration.saveRoute({
    merchant_id,
    pay_type: 'wechat.scan',
    account_id: 'plan',
    priority: 1,
    weight: 1,
    merchant_params: {},
    enabled: true,
  });
  await configuration.routesOf(merchant_id);
  await configuration.changes(49_990, await configuration.version());
  await configuration.addFirstPlatformKey({ key_id: 'k', public_key: 'p', private_key: 's', created_at_ms: NOW_MS });
  await configuration.activePlatformKey();
}

/** The growing tables that a plan reads from their first row to their last. */
function growingReadWhole(plan: Plan): string[] {
  return tablesReadWhole(plan).filter((table) => !SMALL.has(table));
}

async function explain(option: 'ANALYZE' | 'GENERIC_PLAN', text: string, values: readonly unknown[]): Promise<Plan> {
  return planIn((await client.query<Explained>(explaining(option, text), [...values])).rows);
}

async function namesInSource(): Promise<string[]> {
  const folder = join(import.meta.dirname, '../../src/storage');
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) =>
    [...text.matchAll(/: Statement = \{\s*name: '(\w+)'/g)].map((match) => match[1] ?? ''),
  );
}

describe('statements', () => {
  test('have names of their own, and every one is looked at here', async () => {
    const names = await namesInSource();
    expect(names.length).toBeGreaterThan(50);
    expect(names.toSorted()).toEqual([...recorded.keys()].toSorted());
  });

  test('that a Seq Scan would be seen', async () => {
    const text = 'SELECT count(*) FROM orders WHERE total_fen = $1';
    const plan = await rehearse(text, [7]);
    expect(growingReadWhole(plan)).toEqual(['orders']);
    expect(mostRowsRead(plan)).toBeGreaterThan(50_000);
    expect(growingReadWhole(await explain('GENERIC_PLAN', text, []))).toEqual(['orders']);
  });

  test('read no table whole', () => {
    const found = [...recorded].map(([name, { ran }]) => [name, growingReadWhole(ran)] as const);
    expect(found.filter(([, tables]) => tables.length > 0)).toEqual([]);
  });

  test('read no more than a few of fifty thousand rows', () => {
    const found = [...recorded].map(([name, { ran }]) => [name, mostRowsRead(ran)] as const);
    expect(found.filter(([, rows]) => rows > 2_000)).toEqual([]);
  });

  // A named statement may be planned once for all values after its fifth run.
  test('read no table whole when they are planned for any values', async () => {
    const found: [string, string[]][] = [];
    for (const [name, { text }] of recorded) {
      found.push([name, growingReadWhole(await explain('GENERIC_PLAN', text, []))]);
    }
    expect(found.filter(([, tables]) => tables.length > 0)).toEqual([]);
  });
});
