import { beforeAll, describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../simulators/src/kernel/ledger.ts';
import { createTestDatabase } from '../database.ts';
import { violations } from '../simulation/at-rest.ts';
import { createWorldKeys, type WorldKeys } from '../simulation/keys.ts';
import type { Heard } from '../simulation/merchant.ts';
import { freezeRealWorld } from '../simulation/real-world-guard.ts';
import { playTwoDays, SLOW_ALIPAY_MS, UNRELIABLE } from '../simulation/two-days.ts';
import { createWorld, type World } from '../simulation/world.ts';

const MINUTE_MS = 60_000;
const POLL_MS = MINUTE_MS;
/** The pauses that the merchant protocol promises, in minutes: 1m, 1m, 2m, 5m, 10m, 1h, 2h, 6h, 12h, 24h. */
const PROMISED_MINUTES = [1, 1, 2, 5, 10, 60, 120, 360, 720, 1440];
/** An attempt may last so long, and its signature and record a moment. */
const ATTEMPT_MS = 6_000;

interface Order {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly state: string;
  readonly refunded_fen: number;
  readonly decided_at_ms: number;
  readonly paid_by: string | null;
}

/** What is left of a world when its two days are over. */
interface Outcome {
  readonly trace: string;
  readonly digest: string;
  readonly violations: readonly string[];
  readonly exceptions: readonly unknown[];
  readonly orders: ReadonlyMap<string, Order>;
  readonly attempts: ReadonlyMap<string, readonly { at_ms: number; delivered: boolean; state: string }[]>;
  readonly ledger: readonly LedgerEntry[];
  readonly heard: ReadonlyMap<string, readonly Heard[]>;
  readonly lost: number;
}

async function live(keys: WorldKeys, seed: string): Promise<Outcome> {
  const database = await createTestDatabase();
  try {
    const world = await createWorld({
      seed,
      database_url: database.url,
      keys,
      network: UNRELIABLE,
      clock_offset_ms: { alipay: SLOW_ALIPAY_MS },
      poll_ms: POLL_MS,
    });
    await playTwoDays(world);
    const outcome = await lookBack(world);
    await world.close();
    return outcome;
  } finally {
    await database.drop();
  }
}

async function lookBack(world: World): Promise<Outcome> {
  const rows = <Row>(name: string, text: string): Promise<Row[]> => world.raw_database.query<Row>({ name, text }, []);
  const orders = await rows<Order>(
    'look_back_orders',
    `SELECT o.trade_id, o.mch_trade_id, o.state, o.refunded_fen, o.decided_at_ms, e.source AS paid_by FROM orders o
LEFT JOIN order_events e ON e.trade_id = o.trade_id AND e.kind = 'paid' ORDER BY o.trade_id`,
  );
  const attempts = await rows<{ mch_trade_id: string; at_ms: number; delivered: boolean; state: string }>(
    'look_back_attempts',
    `SELECT o.mch_trade_id, a.at_ms, a.delivered, n.state FROM notification_attempts a
JOIN notifications n ON n.notification_id = a.notification_id JOIN orders o ON o.trade_id = n.trade_id
WHERE n.subject = 'payment' ORDER BY a.attempt`,
  );
  const fates = world.network.fates();
  return {
    trace: world.trace.text(),
    digest: world.trace.digest(),
    violations: await violations(world),
    exceptions: await rows('look_back_exceptions', 'SELECT kind, detail FROM exceptions ORDER BY exception_id'),
    orders: new Map(orders.map((order) => [order.mch_trade_id, order])),
    attempts: Map.groupBy(attempts, (attempt) => attempt.mch_trade_id),
    ledger: world.ledger.list(),
    heard: new Map(world.merchants.map((merchant) => [merchant.name, merchant.heard])),
    lost: fates.request_lost + fates.answer_lost + fates.reset_before + fates.reset_after,
  };
}

let first: Outcome;
let again: Outcome;
let other: Outcome;
let touched: readonly string[];

beforeAll(async () => {
  const keys = await createWorldKeys();
  first = await live(keys, 'one');
  const guard = freezeRealWorld({ now_ms: Date.parse('2001-09-09T01:46:40Z'), random: 0.25 });
  try {
    again = await live(keys, 'one');
  } finally {
    guard.release();
  }
  touched = guard.touched;
  other = await live(keys, 'two');
}, 240_000);

describe('the same seed', () => {
  it('gives the same trace, byte for byte, whatever the real clock and the real randomness say', () => {
    expect(again.trace).toBe(first.trace);
    expect(again.digest).toBe(first.digest);
    expect(first.trace.split('\n').length).toBeGreaterThan(500);
  });

  it('is all that decides: our code reads no clock, sets no timer and draws no randomness of the machine', () => {
    expect(touched).toEqual([]);
  });
});

it('another seed gives another trace', () => {
  expect(other.trace).not.toBe(first.trace);
  expect(other.digest).not.toBe(first.digest);
});

describe.each([
  ['one', () => first],
  ['two', () => other],
])('two days of an unreliable world, seed %s', (_seed, outcome) => {
  const order = (number: string): Order => {
    const found = outcome().orders.get(number);
    if (!found) throw new Error(`no order ${number}`);
    return found;
  };
  const entries = (number: string, kind: string): LedgerEntry[] =>
    outcome().ledger.filter((entry) => entry.kind === kind && entry.out_trade_no === order(number).trade_id);
  const heardAt = (merchant: string, path: string): Heard[] =>
    (outcome().heard.get(merchant) ?? []).filter((heard) => heard.path === path);

  it('lose messages and still end with books that agree, nothing undecided and nothing for a person to do', () => {
    expect(outcome().lost).toBeGreaterThan(10);
    expect(outcome().violations).toEqual([]);
    expect(outcome().exceptions).toEqual([]);
  });

  it('bring every ordinary payment to its merchant, each under one nonce', () => {
    for (let index = 0; index < 10; index += 1) {
      expect(order(`steady.${index}`).state).toBe('paid');
      const nonces = heardAt('steady', `/paid/steady.${index}`).map((heard) => heard.nonce_str);
      expect(new Set(nonces).size).toBe(1);
    }
  });

  it('end the attempts with the first that is answered success', () => {
    const attempts = outcome().attempts.get('fails-twice.1') ?? [];
    expect(attempts.map((attempt) => attempt.delivered)).toEqual([false, false, true]);
    expect(attempts[0]?.state).toBe('delivered');
    expect(heardAt('fails-twice', '/paid/fails-twice.1')).toHaveLength(3);
  });

  it('make exactly eleven attempts by the documented schedule where success is never answered, and then give up', () => {
    const attempts = outcome().attempts.get('silent.1') ?? [];
    const pauses = attempts.slice(1).map(({ at_ms }, index) => at_ms - (attempts[index]?.at_ms ?? 0));
    expect(attempts).toHaveLength(11);
    pauses.forEach((pause_ms, index) => {
      const promised_ms = (PROMISED_MINUTES[index] ?? 0) * MINUTE_MS;
      expect(pause_ms).toBeGreaterThanOrEqual(promised_ms);
      expect(pause_ms).toBeLessThanOrEqual(promised_ms + POLL_MS + ATTEMPT_MS);
    });
    expect(attempts[0]?.state).toBe('failed');
    const heard = heardAt('silent', '/paid/silent.1');
    expect(heard).toHaveLength(11);
    expect(new Set(heard.map((one) => one.token)).size).toBe(1);
    expect(new Set(heard.map((one) => one.nonce_str)).size).toBe(1);
  });

  it('find payments whose callbacks never come by asking', () => {
    for (const pay_type of ['wechat.scan', 'alipay.scan']) {
      expect(order(`unheard-of.${pay_type}`)).toMatchObject({ state: 'paid', paid_by: 'resolver' });
    }
  });

  it('place one order although the answer to /v2/pay is lost', () => {
    for (const number of ['answers-lost.channel', 'answers-lost.merchant']) {
      expect(order(number).state).toBe('paid');
      expect(entries(number, 'order')).toHaveLength(1);
      expect(entries(number, 'payment')).toHaveLength(1);
    }
  });

  it('close what nobody pays at the channel first', () => {
    for (const number of ['never-pays.wechat', 'never-pays.cancelled']) {
      const [closed] = entries(number, 'close');
      expect(order(number).state).toBe('closed');
      // Alipay's clock is slow by as much.
      const at_ms = (closed?.at_ms ?? Number.NaN) - (closed?.channel === 'alipay' ? SLOW_ALIPAY_MS : 0);
      expect(at_ms).toBeLessThanOrEqual(order(number).decided_at_ms);
    }
    expect(order('never-pays.alipay').state).toBe('closed');
    expect(outcome().heard.get('never-pays')).toEqual([]);
  });

  it('give late money back on their own and never call a closed order paid', () => {
    expect(order('pays-late.1')).toMatchObject({ state: 'closed', refunded_fen: 10_000 });
    expect(entries('pays-late.1', 'payment')).toHaveLength(1);
    expect(entries('pays-late.1', 'refund').map((entry) => entry.amount)).toEqual([10_000]);
    expect(outcome().heard.get('pays-late')).toEqual([]);
  });

  it('keep late money for a merchant who takes it', () => {
    expect(order('keeps-late.1')).toMatchObject({ state: 'paid', refunded_fen: 0 });
    expect(heardAt('keeps-late', '/paid/keeps-late.1').length).toBeGreaterThan(0);
  });

  it('refund once although answers are lost, and tell the merchant', () => {
    for (const number of ['refunds.wechat', 'refunds.alipay']) {
      expect(order(number)).toMatchObject({ state: 'paid', refunded_fen: 10_000 });
      expect(entries(number, 'refund').map((entry) => entry.amount)).toEqual([3_000, 7_000]);
      for (const part of ['a', 'b']) {
        const heard = heardAt('refunds', `/refunded/${number}.${part}`);
        expect(new Set(heard.map((one) => one.nonce_str)).size).toBe(1);
        expect(heard[0]?.data['refunds']).toMatchObject({ mch_refund_id: `${number}.${part}`, refund_status: 0 });
      }
    }
  });

  it('decide every payment code at a till, whatever its customer does, and keep nothing of what was reversed', () => {
    const found = [...outcome().orders].filter(([number]) => number.startsWith('till.'));
    // A request that never arrived is an order that the till knows nothing of, and reverses in vain.
    expect(found.length).toBeGreaterThanOrEqual(12);
    for (const [number, { state }] of found) {
      const back = [...entries(number, 'reverse'), ...entries(number, 'refund')].length;
      expect([number, entries(number, 'payment').length - back]).toEqual([number, state === 'paid' ? 1 : 0]);
      if (/[.](?:poor|cancel|lost_and_unpaid)$/.test(number)) expect(entries(number, 'payment')).toEqual([]);
    }
    const states = new Set(found.map(([, { state }]) => state));
    expect([...states]).toEqual(expect.arrayContaining(['paid', 'reversed']));
  });

  it('end each order of a merchant who closes and reverses at bad moments as its last word allows', () => {
    const found = [...outcome().orders].filter(([number]) => number.startsWith('changes-mind.'));
    expect(found).toHaveLength(16);
    for (const [number, { state }] of found) {
      const back = entries(number, 'refund').length;
      expect([number, entries(number, 'payment').length - back]).toEqual([number, state === 'paid' ? 1 : 0]);
      const index = Number(number.split('.')[1]);
      // Whoever only closes may find the order paid; whoever reverses keeps no money, unless it closed first.
      if (Math.floor(index / 2) % 4 === 0) expect(['paid', 'closed']).toContain(state);
      else expect(['reversed', 'closed']).toContain(state);
    }
    expect(new Set(found.map(([, { state }]) => state)).size).toBeGreaterThan(1);
  });
});
