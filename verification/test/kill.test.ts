/**
 * A gateway process is killed again and again while its merchant's customers order, pay and get money back. Afterwards the
 * channels' ledger and the gateway's books must agree to the fen, and nothing that was promised may be gone.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KillableWorld } from '../killable-world.ts';
import { openJwt, type Json, type MerchantAnswer } from '../merchant.ts';
import { eventually } from '../world.ts';

const SEED = 20_261_123;
const KILLS = 16;
const SHOPPERS = 6;
/** Calls, answers and payments that pass at most between a start and the kill. */
const MOST_STEPS = 60;

let world: KillableWorld;

beforeAll(async () => {
  world = await KillableWorld.start();
}, 60_000);

afterAll(() => world.close());

/** The same numbers for the same seed, each below its limit (mulberry32). */
function numbersFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Counts what passes, so that "kill at the n-th step" hits calls, answers and commits that are under way. */
class Steps {
  #left = 0;
  #struck: PromiseWithResolvers<() => void> | null = null;

  /** Something passes; it waits while a kill strikes at this very moment. */
  async pass(): Promise<void> {
    if (this.#struck === null) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    const released = Promise.withResolvers<void>();
    this.#struck.resolve(() => released.resolve());
    this.#struck = null;
    await released.promise;
  }

  /** Resolves in the middle of the `number`-th step from now, which goes on when the answered function is called. */
  at(number: number): Promise<() => void> {
    this.#left = number;
    this.#struck = Promise.withResolvers<() => void>();
    return this.#struck.promise;
  }
}

/** What the merchant was answered with success: it must be true for ever. */
interface Promised {
  readonly orders: { readonly mch_trade_id: string; readonly trade_id: unknown; readonly total_fee: number }[];
  readonly refunds: { readonly mch_refund_id: string; readonly refund_fee: number }[];
  readonly paid: Set<string>;
  /** Requests that a kill cut off, and how many of their senders never came back. */
  interrupted: number;
  given_up: number;
}

type Numbers = ReturnType<typeof numbersFrom>;

class Shopper {
  readonly #name: string;
  readonly #random: Numbers;
  readonly #steps: Steps;
  readonly #promised: Promised;

  constructor(name: string, random: Numbers, steps: Steps, promised: Promised) {
    this.#name = name;
    this.#random = random;
    this.#steps = steps;
    this.#promised = promised;
  }

  /** Orders until told to stop. */
  async shop(stopped: () => boolean): Promise<void> {
    for (let number = 1; !stopped(); number += 1) await this.#order(`${this.#name}.${number}`);
  }

  async #order(mch_trade_id: string): Promise<void> {
    const total_fee = 100 + this.#random(900);
    const placed = await this.#insist(
      '/v2/pay',
      {
        pay_type: this.#random(2) === 0 ? 'wechat.scan' : 'alipay.scan',
        mch_trade_id,
        total_fee,
        body: 'goods',
        spbill_create_ip: '127.0.0.1',
        notify_url: world.notify.url(`/${mch_trade_id}`),
      },
      [0],
    );
    if (placed === null) return;
    this.#promised.orders.push({ mch_trade_id, trade_id: placed.data['trade_id'], total_fee });
    if (this.#random(6) === 0) return;
    await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
    this.#promised.paid.add(mch_trade_id);
    await this.#steps.pass();
    for (let refunds = this.#random(3); refunds > 0; refunds -= 1) {
      await this.#refund(mch_trade_id, `${mch_trade_id}.r${refunds}`, 1 + this.#random(total_fee));
    }
  }

  async #refund(mch_trade_id: string, mch_refund_id: string, refund_fee: number): Promise<void> {
    const refund = { mch_trade_id, mch_refund_id, refund_fee, refund_desc: 'returned' };
    const answer = await this.#insist('/v2/pay/refund', refund, [0, 303]);
    if (answer?.code === 0) this.#promised.refunds.push({ mch_refund_id, refund_fee });
  }

  /**
   * Sends the same request until one of the codes is answered, through kills and whatever they left in doubt. Now and then the
   * customer gives up when no answer comes (null), and what was begun is left to the gateway alone.
   */
  async #insist(path: string, fields: Json, codes: readonly number[]): Promise<MerchantAnswer | null> {
    for (;;) {
      await world.up();
      await this.#steps.pass();
      const answer = await world.merchant.call(path, fields).catch(() => null);
      await this.#steps.pass();
      if (answer === null) {
        this.#promised.interrupted += 1;
        if (this.#random(3) > 0) continue;
        this.#promised.given_up += 1;
        return null;
      }
      if (codes.includes(answer.code)) return answer;
      // 302: the payment has not been heard of; 500, 503, 601: the outcome is not known. All of them ask to come again.
      expect([302, 500, 503, 601], `${path} ${JSON.stringify(answer.body)}`).toContain(answer.code);
    }
  }
}

async function storm(): Promise<Promised> {
  const steps = new Steps();
  const promised: Promised = { orders: [], refunds: [], paid: new Set(), interrupted: 0, given_up: 0 };
  for (const proxy of world.proxies) {
    proxy.before = () => steps.pass();
    proxy.after = () => steps.pass();
  }
  for (const channel of ['wechat', 'alipay']) {
    for (const fault of ['duplicate', 'drop']) {
      await world.control('POST', '/control/faults', { channel, operation: 'callback', fault, rate: 0.15 });
    }
  }
  let stopped = false;
  const shoppers = Array.from({ length: SHOPPERS }, (_unused, index) =>
    new Shopper(`kill.${index}`, numbersFrom(SEED + index), steps, promised).shop(() => stopped),
  );
  const random = numbersFrom(SEED);
  const killed = (async () => {
    for (let kills = 0; kills < KILLS; kills += 1) {
      await world.up();
      await world.killAndRestart(await steps.at(1 + random(MOST_STEPS)));
    }
  })().finally(() => (stopped = true));
  await Promise.all([killed, ...shoppers]);
  await world.control('DELETE', '/control/faults');
  return promised;
}

/** Lets days pass: every code has run out, every job is due again and again, until nothing is left to do. */
async function calm(): Promise<void> {
  await world.letLeasesRunOut();
  await world.insist("UPDATE orders SET expires_at_ms = $1 WHERE state = 'undecided'", [Date.now() - 3_600_000]);
  await eventually(async () => {
    const jobs = await world.insist('UPDATE jobs SET run_at_ms = 0 RETURNING 1');
    const open = await world.sql(
      `SELECT 1 FROM orders WHERE state = 'undecided' OR refund_reserved_fen > 0
       UNION ALL SELECT 1 FROM notifications WHERE state = 'pending'`,
    );
    return jobs.length + open.length === 0;
  });
}

interface Entry {
  readonly kind: string;
  readonly out_trade_no: string;
  readonly out_refund_no?: string;
  readonly amount: number;
}

interface Row {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly state: string;
  readonly total_fen: string;
  readonly refunded_fen: string;
}

/** Trade number and fen of each line, sorted: two lists that are equal agree to the fen. */
const lines = (entries: readonly (readonly [string | undefined, number | string])[]): string[] =>
  entries.map(([number, amount]) => `${number} ${amount}`).toSorted();

async function expectBooksAgree(rows: readonly Row[]): Promise<void> {
  const ledger = (await world.control('GET', '/control/ledger'))['entries'] as Entry[];
  const there = (kind: string): Entry[] => ledger.filter((entry) => entry.kind === kind);
  const paid = rows.filter((row) => row.state === 'paid');
  expect(lines(paid.map((row) => [row.trade_id, row.total_fen]))).toEqual(
    lines(there('payment').map((entry) => [entry.out_trade_no, entry.amount])),
  );
  const refunds = await world.sql<{ channel_refund_no: string; refund_fen: string; state: string }>(
    'SELECT channel_refund_no, refund_fen, state FROM refunds',
  );
  expect(refunds.filter((refund) => refund.state !== 'succeeded')).toEqual([]);
  expect(lines(refunds.map((refund) => [refund.channel_refund_no, refund.refund_fen]))).toEqual(
    lines(there('refund').map((entry) => [entry.out_refund_no, entry.amount])),
  );
  for (const row of rows) {
    const back = there('refund').filter((entry) => entry.out_trade_no === row.trade_id);
    expect([row.trade_id, Number(row.refunded_fen)]).toEqual([
      row.trade_id,
      back.reduce((sum, entry) => sum + entry.amount, 0),
    ]);
  }
}

function expectToldOnce(rows: readonly Row[]): void {
  for (const row of rows) {
    const tokens = world.notify.received.filter((one) => one.path === `/${row.mch_trade_id}`).map((one) => one.token);
    const payloads = tokens.map((token) => openJwt(token, world.platform_public_key));
    const nonces = new Set(payloads.map((payload) => payload['nonce_str']));
    expect([row.mch_trade_id, nonces.size]).toEqual([row.mch_trade_id, row.state === 'paid' ? 1 : 0]);
    expect(new Set(tokens).size).toBe(nonces.size);
    for (const payload of payloads) {
      expect(payload).toMatchObject({
        data: { trade_id: row.trade_id, trade_state: 0, total_fee: Number(row.total_fen) },
      });
    }
  }
}

async function expectPromisesKept(promised: Promised, rows: readonly Row[]): Promise<void> {
  const orders = new Map(rows.map((row) => [row.mch_trade_id, row]));
  for (const { mch_trade_id, trade_id, total_fee } of promised.orders) {
    expect(orders.get(mch_trade_id)).toMatchObject({
      trade_id,
      total_fen: String(total_fee),
      state: promised.paid.has(mch_trade_id) ? 'paid' : 'closed',
    });
  }
  const refunds = await world.sql<{ mch_refund_id: string; refund_fen: string }>(
    'SELECT mch_refund_id, refund_fen FROM refunds',
  );
  const by_number = new Map(refunds.map((refund) => [refund.mch_refund_id, Number(refund.refund_fen)]));
  for (const { mch_refund_id, refund_fee } of promised.refunds) expect(by_number.get(mch_refund_id)).toBe(refund_fee);
}

it(`survives ${KILLS} kills at random moments with nothing lost, doubled or left open (seed ${SEED})`, async () => {
  const promised = await storm();
  await calm();
  const rows = await world.sql<Row>('SELECT trade_id, mch_trade_id, state, total_fen, refunded_fen FROM orders');
  expect(rows.length).toBeGreaterThanOrEqual(KILLS);
  // The kills did hit requests that were under way.
  expect(promised.interrupted).toBeGreaterThanOrEqual(KILLS);
  expect(promised.given_up).toBeGreaterThan(0);
  await expectPromisesKept(promised, rows);
  await expectBooksAgree(rows);
  expectToldOnce(rows);
  expect(await world.sql('SELECT kind, detail FROM exceptions')).toEqual([]);
}, 120_000);
