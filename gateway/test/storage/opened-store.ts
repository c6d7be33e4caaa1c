import { randomBytes } from 'node:crypto';
import { fen } from '../../src/domain/money.ts';
import { openDatabase } from '../../src/storage/database.ts';
import type { Database } from '../../src/storage/database.ts';
import type { NewOrder } from '../../src/storage/orders.ts';
import type { NewNotification, OrderSave } from '../../src/storage/save-orders.ts';
import type { NewRefund, RefundSave } from '../../src/storage/refunds.ts';
import { createSealer } from '../../src/storage/seal.ts';
import { createStore } from '../../src/storage/store.ts';
import type { Store } from '../../src/storage/store.ts';
import type { Order } from '../../src/domain/order.ts';
import type { Refund } from '../../src/domain/refund.ts';
import { createTestDatabase } from '../../../verification/database.ts';

export const MERCHANT_ID = '1000000000000001';
export const NOW_MS = 1_700_000_000_000;

/** The storage of one node over a database of the test file's own. */
export interface OpenedStore {
  readonly url: string;
  readonly database: Database;
  readonly store: Store;
  /** Another node on the same database, with connections of its own. */
  another(): Store;
  /** Runs a statement of the test's own. */
  sql<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * Clones a database and opens the store over it.
 * @param wrap may put something between the store and its database, e.g. to record statements
 */
export async function openStore(wrap: (database: Database) => Database = (database) => database): Promise<OpenedStore> {
  const test_database = await createTestDatabase();
  const open = (): Database => openDatabase({ url: test_database.url, max_connections: 8 });
  const database = open();
  const opened = [database];
  const sealer = createSealer(randomBytes(32), randomBytes);
  return {
    url: test_database.url,
    database,
    store: createStore(wrap(database), wrap(database), sealer),
    another() {
      const other = open();
      opened.push(other);
      return createStore(other, other, sealer);
    },
    sql: (text, values = []) => database.query({ name: '', text }, values),
    async close() {
      await Promise.all(opened.map((one) => one.close()));
      await test_database.drop();
    },
  };
}

/** A number like ours that no other test of the file uses. */
export function newId(): string {
  return `6553f100${randomBytes(8).toString('hex')}`;
}

/** A new order of 100 fen with numbers of its own. */
export function newOrder(changes: Partial<NewOrder> = {}): NewOrder {
  const trade_id = newId();
  return {
    merchant_id: MERCHANT_ID,
    trade_id,
    mch_trade_id: `shop.${trade_id}`,
    nonce_str: `nonce.${trade_id}`,
    pay_type: 'wechat.scan',
    initial_trade_state: 2,
    channel: 'wechat',
    account_id: 'wechat-1',
    merchant_params: { sub_mchid: '1900000002' },
    total_fen: fen(100),
    request: { body: 'goods', total_fee: 100 },
    request_hash: 'hash',
    notify_url: 'https://shop.example.com/notify',
    created_at_ms: NOW_MS,
    expires_at_ms: NOW_MS + 3_600_000,
    placing_until_ms: NOW_MS + 20_000,
    first_check_at_ms: NOW_MS + 30_000,
    ...changes,
  };
}

/** Inserts an order and reads it back. */
export async function insertOrder(store: Store, changes: Partial<NewOrder> = {}): Promise<Order> {
  const order = newOrder(changes);
  const outcome = await store.orders.insert(order);
  if (outcome !== 'inserted') throw new Error(`the order was not inserted: ${outcome}`);
  return readOrder(store, order.trade_id);
}

/** The order as it is stored. */
export async function readOrder(store: Store, trade_id: string): Promise<Order> {
  const order = await store.orders.byTradeId(MERCHANT_ID, trade_id);
  if (!order) throw new Error(`no order ${trade_id}`);
  return order;
}

/** A save of an order that causes nothing beside it. */
export function saveOf(order: Order, changes: Partial<Order> = {}, more: Partial<OrderSave> = {}): OrderSave {
  return {
    order: { ...order, ...changes },
    at_ms: NOW_MS + 1_000,
    event: null,
    job: null,
    notification: null,
    late_refund: null,
    ...more,
  };
}

/** A notification to be written together with a save. */
export function newNotification(changes: Partial<NewNotification> = {}): NewNotification {
  return {
    notification_id: newId(),
    subject: 'payment',
    refund_id: null,
    url: 'https://shop.example.com/notify',
    payload: '{"code":0}',
    ...changes,
  };
}

/** A new refund of an order. */
export function newRefund(order: Order, changes: Partial<NewRefund> = {}): NewRefund {
  const refund_id = newId();
  return {
    merchant_id: order.merchant_id,
    refund_id,
    trade_id: order.trade_id,
    mch_refund_id: `shop.${refund_id}`,
    refund_fen: fen(40),
    refund_desc: 'returned',
    notify_url: null,
    request_hash: 'hash',
    created_at_ms: NOW_MS,
    channel_refund_no: refund_id,
    calling_until_ms: NOW_MS + 20_000,
    check_at_ms: NOW_MS + 20_000,
    ...changes,
  };
}

/** A save of a refund that causes nothing beside it. */
export function refundSaveOf(
  refund: Refund,
  changes: Partial<Refund> = {},
  more: Partial<RefundSave> = {},
): RefundSave {
  return {
    refund: { ...refund, ...changes },
    at_ms: NOW_MS + 1_000,
    money: 'keep',
    order_paid_again: false,
    event: null,
    job: null,
    notification: null,
    ...more,
  };
}
