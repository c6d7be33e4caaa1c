/** A shop that trades through a world's gateway, its customers, and what it looks at afterwards: the journeys that tests share. */
import { expect } from 'vitest';
import type { Json, MerchantAnswer, MerchantClient } from './merchant.ts';
import { eventually, type World } from './world.ts';

export type Wallet = 'wechat' | 'alipay';
export const WALLETS: readonly Wallet[] = ['wechat', 'alipay'];

/** The fields of a payment request. */
export type Claims = Json & { readonly mch_trade_id: string };

/** An order that the gateway has taken. */
export interface Placed {
  readonly claims: Claims;
  readonly mch_trade_id: string;
  readonly trade_id: string;
  /** What the payer scans; empty for a payment code. */
  readonly code: string;
}

/** What the channel's ledger says of one order, in fen. */
export interface Money {
  readonly payments: readonly number[];
  /** Refunds and reverses: each time that money went back. */
  readonly back: readonly number[];
}

export interface LedgerLine {
  readonly kind: string;
  readonly out_trade_no: string;
  readonly out_refund_no?: string;
  readonly amount: number;
  readonly at_ms: number;
}

/** The columns of an order that tests look at. Sums are text, as PostgreSQL's driver gives them. */
export interface StoredOrder {
  readonly trade_id: string;
  readonly account_id: string;
  readonly channel: string;
  readonly state: string;
  readonly ending: string | null;
  readonly facts: { readonly transaction_id: string; readonly amount_fen: number } | null;
  readonly late_facts: { readonly transaction_id: string; readonly amount_fen: number } | null;
  readonly refunded_fen: string;
  readonly refund_reserved_fen: string;
  readonly check_count: number;
  readonly decided_at_ms: string | null;
}

export class Shop {
  readonly world: World;
  readonly #prefix: string;
  #numbers = 0;

  /** @param prefix begins every number of this shop */
  constructor(world: World, prefix: string) {
    this.world = world;
    this.#prefix = prefix;
  }

  /** A number that has not been used. */
  newNumber(): string {
    this.#numbers += 1;
    return `${this.#prefix}.${this.#numbers}`;
  }

  /** A request for 100 fen under a new number, notified at a path of that name. */
  claims(pay_type: string, changes: Json = {}): Claims {
    const mch_trade_id = this.newNumber();
    return {
      pay_type,
      mch_trade_id,
      total_fee: 100,
      body: 'goods',
      spbill_create_ip: '127.0.0.1',
      notify_url: this.world.notify.url(`/${mch_trade_id}`),
      ...changes,
    };
  }

  /** Places an order of a wallet's QR code. */
  async place(wallet: Wallet, changes: Json = {}): Promise<Placed> {
    const claims = this.claims(`${wallet}.scan`, changes);
    const answer = await this.world.merchant.call('/v2/pay', claims);
    expect(answer.code, answer.msg).toBe(0);
    const { trade_id, code_url } = answer.data;
    return { claims, mch_trade_id: claims.mch_trade_id, trade_id: String(trade_id), code: String(code_url) };
  }

  /** An order that has been paid, and its merchant told. */
  async sell(wallet: Wallet, changes: Json = {}): Promise<Placed> {
    const order = await this.place(wallet, changes);
    expect(await this.scan(order)).toBe(200);
    await this.world.notify.waitFor(`/${order.mch_trade_id}`);
    return order;
  }

  /** The customer scans the code and acts. Answers the simulator's HTTP status. */
  async scan({ code }: Pick<Placed, 'code'>, action: 'pay' | 'cancel' = 'pay'): Promise<number> {
    return (await this.world.control('POST', '/control/scan', { code, action })).status;
  }

  /** The customer pays, and the callback about it never comes. */
  async payQuietly(wallet: Wallet, order: Placed): Promise<void> {
    await this.inject(wallet, 'callback', 'drop');
    expect(await this.scan(order)).toBe(200);
    await eventually(async () => (await this.faults()).length === 0);
  }

  /** A payment code (付款码) that behaves so when a till presents it. */
  async paymentCode(wallet: Wallet, behaviour: string): Promise<string> {
    const made = await this.world.control('POST', '/control/auth-code', { wallet, behaviour });
    expect(made.status).toBe(200);
    return String(made.body['auth_code']);
  }

  /** The till presents a payment code. */
  async present(wallet: Wallet, behaviour: string): Promise<{ order: Placed; answer: MerchantAnswer }> {
    const claims = this.claims('common.micro', { auth_code: await this.paymentCode(wallet, behaviour) });
    const answer = await this.world.merchant.call('/v2/pay', claims);
    return { order: await this.placedUnder(claims), answer };
  }

  /** The order of a request that was answered in whatever way. */
  async placedUnder(claims: Claims): Promise<Placed> {
    const { mch_trade_id } = claims;
    const [row] = await this.world.sql<{ trade_id: string }>('SELECT trade_id FROM orders WHERE mch_trade_id = $1', [
      mch_trade_id,
    ]);
    return { claims, mch_trade_id, trade_id: row?.trade_id ?? '', code: '' };
  }

  /** The customer acts on the phone that asks for the password. Answers the simulator's HTTP status, 404 when it asks nothing. */
  async phone({ trade_id }: Placed, action: 'pay' | 'cancel' | 'wrong_password'): Promise<number> {
    const { pending } = (await this.world.control('GET', '/control/pending')).body;
    const shown = (pending as Json[]).find((one) => one['out_trade_no'] === trade_id);
    if (!shown) return 404;
    return (await this.world.control('POST', '/control/scan', { code: shown['code'], action })).status;
  }

  ask(
    verb: 'query' | 'close' | 'reverse',
    { mch_trade_id }: Pick<Placed, 'mch_trade_id'>,
    through: MerchantClient = this.world.merchant,
  ): Promise<MerchantAnswer> {
    return through.call(`/v2/pay/${verb}`, { mch_trade_id });
  }

  /** A refund request under a new number. */
  refundOf({ mch_trade_id }: Placed, refund_fee: number, refund_desc = 'returned') {
    const mch_refund_id = `${this.newNumber()}.r`;
    const notify_url = this.world.notify.url(`/${mch_refund_id}`);
    return { mch_trade_id, mch_refund_id, refund_fee, refund_desc, notify_url };
  }

  refund(request: Json, through: MerchantClient = this.world.merchant): Promise<MerchantAnswer> {
    return through.call('/v2/pay/refund', request);
  }

  /** What the merchant is told when it asks: its trade_state. */
  async tradeState(order: Placed): Promise<unknown> {
    return (await this.ask('query', order)).data['trade_state'];
  }

  /** Lets a fault befall a channel's operation, once unless told otherwise. */
  async inject(channel: Wallet, operation: string, fault: string, more: Json = {}): Promise<void> {
    const injected = await this.world.control('POST', '/control/faults', {
      channel,
      operation,
      fault,
      count: 1,
      ...more,
    });
    expect(injected.status).toBe(200);
  }

  /** Faults that can still strike. */
  async faults(): Promise<unknown[]> {
    return (await this.world.control('GET', '/control/faults')).body['active'] as unknown[];
  }

  /** The platform sends its own callback about an order once more. Answers the simulator's HTTP status. */
  async callBack({ trade_id }: Placed): Promise<number> {
    return (await this.world.control('POST', '/control/callback', { out_trade_no: trade_id })).status;
  }

  /** What the channel did about an order. */
  async ledger({ trade_id }: Pick<Placed, 'trade_id'>): Promise<LedgerLine[]> {
    const entries = (await this.world.control('GET', '/control/ledger')).body['entries'] as LedgerLine[];
    return entries.filter((entry) => entry.out_trade_no === trade_id);
  }

  async money(order: Pick<Placed, 'trade_id'>): Promise<Money> {
    const lines = await this.ledger(order);
    const amounts = (...kinds: string[]): number[] =>
      lines.filter((line) => kinds.includes(line.kind)).map((line) => line.amount);
    return { payments: amounts('payment'), back: amounts('refund', 'reverse') };
  }

  async stored({ trade_id }: Pick<Placed, 'trade_id'>): Promise<StoredOrder> {
    const [row] = await this.world.sql<StoredOrder>('SELECT * FROM orders WHERE trade_id = $1', [trade_id]);
    if (!row) throw new Error(`no order ${trade_id}`);
    return row;
  }

  /** Waits until our books have an order in this state. */
  async becomes(order: Placed, state: string): Promise<StoredOrder> {
    return eventually(async () => {
      const stored = await this.stored(order);
      return stored.state === state && stored;
    });
  }

  /** `source kind` of each line of an order's timeline. */
  async timeline({ trade_id }: Placed): Promise<string[]> {
    const rows = await this.world.sql<{ source: string; kind: string }>(
      'SELECT source, kind FROM order_events WHERE trade_id = $1 ORDER BY event_no',
      [trade_id],
    );
    return rows.map((row) => `${row.source} ${row.kind}`);
  }

  /** Whatever of this order has a job is due now. */
  async due({ trade_id }: Placed): Promise<void> {
    await this.world.sql(
      `UPDATE jobs SET run_at_ms = 0 WHERE subject_id = $1
         OR subject_id IN (SELECT refund_id FROM refunds WHERE trade_id = $1)
         OR subject_id IN (SELECT notification_id FROM notifications WHERE trade_id = $1)`,
      [trade_id],
    );
  }

  /** What earlier tests left to do must not meet a fault that is meant for the next one. */
  async postponeAll(): Promise<void> {
    await this.world.sql("UPDATE jobs SET run_at_ms = $1 WHERE kind <> 'notification'", [Date.now() + 3_600_000]);
  }

  /** So much time passes for an order: everything about it lies that much further back, and its job is due. */
  async age(order: Placed, seconds: number): Promise<void> {
    await this.world.sql(
      `UPDATE orders SET created_at_ms = created_at_ms - $2::bigint, expires_at_ms = expires_at_ms - $2::bigint,
         placing_until_ms = greatest(0, placing_until_ms - $2::bigint), checked_at_ms = greatest(0, checked_at_ms - $2::bigint),
         version = version + 1 WHERE trade_id = $1`,
      [order.trade_id, seconds * 1000],
    );
    await this.due(order);
  }

  /** How often the merchant's server was told of the order. */
  told({ mch_trade_id }: Placed): number {
    return this.world.notify.received.filter((one) => one.path === `/${mch_trade_id}`).length;
  }

  /** Notifications about the payment that were ever promised. */
  async promised({ trade_id }: Placed): Promise<number> {
    const text = "SELECT 1 FROM notifications WHERE trade_id = $1 AND subject = 'payment'";
    return (await this.world.sql(text, [trade_id])).length;
  }

  /** Our books and the channel's ledger agree about this order to the fen. */
  async expectAgreement(order: Placed): Promise<void> {
    const [stored, { payments, back }] = [await this.stored(order), await this.money(order)];
    const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
    if (stored.state !== 'paid') expect(sum(back)).toBe(sum(payments));
    // What the channel's own reverse of a payment code gave back is no refund of ours, and need not have a number here.
    if ((await this.ledger(order)).some((line) => line.kind === 'reverse')) {
      expect(stored).toMatchObject({ state: 'reversed', refunded_fen: '0', refund_reserved_fen: '0' });
      return;
    }
    const recorded = stored.facts ?? stored.late_facts;
    expect(payments).toEqual(recorded ? [recorded.amount_fen] : []);
    expect(sum(back)).toBe(Number(stored.refunded_fen));
  }
}
