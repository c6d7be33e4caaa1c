import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type RunningGateway } from '../../gateway/src/main.ts';
import { saveAccount } from '../accounts.ts';
import { BankDesk } from '../bank-desk.ts';
import { readCounter } from '../books.ts';
import { GatewayProcess } from '../gateway-process.ts';
import { MerchantClient, type Json } from '../merchant.ts';
import { eventually, freePort, startWorld, type World } from '../world.ts';

// We choose the numbers, out of a range that the bank assigned.

let world: World;
const desk = new BankDesk(() => world, 'pool');
let pools = 0;

beforeAll(async () => {
  world = await startWorld();
  await world.control('POST', '/control/cadence', { scale: 0.001 });
}, 60_000);

afterAll(() => world.close());

function poolPrefix(): string {
  return `99025${String(pools).padStart(2, '0')}`;
}

/** Gives the account a fresh pool of `size` numbers, which the gateway knows when this resolves. */
async function usePool(size: number, more: Json = {}): Promise<string> {
  pools += 1;
  const prefix = poolPrefix();
  await saveAccount(world, 'sandbox-bank', (account) => ({
    ...account,
    settings: {
      ...account.settings,
      numbers: 'pool',
      // Every second serial is odd, and a number that JSON readers would change is left out.
      pool: { prefix, first: 1, last: size * 2, digits: 9 },
      quarantine_days: 30,
      warn_below: 0,
      ...more,
    },
  }));
  await world.restartGateway();
  return prefix;
}

async function numberRow(number: string): Promise<Json> {
  return (await world.sql<Json>('SELECT * FROM virtual_accounts WHERE number = $1', [number]))[0] ?? {};
}

/** The quarantine of every number of a pool is over. */
async function timePasses(prefix: string): Promise<void> {
  await world.sql('UPDATE virtual_accounts SET free_at_ms = least(free_at_ms, 1) WHERE number LIKE $1', [`${prefix}%`]);
}

describe('a pool', () => {
  it('gives every order a number of its own that doubles hold, and pays by it', async () => {
    const prefix = await usePool(5);
    const orders = await Promise.all(Array.from({ length: 5 }, () => desk.place()));
    expect(new Set(orders.map((order) => order.fund_acc)).size).toBe(5);
    for (const { fund_acc } of orders) {
      expect(fund_acc).toMatch(new RegExp(`^${prefix}\\d{9}$`));
      expect(String(Number(fund_acc))).toBe(fund_acc);
    }
    const [first] = orders;
    if (!first) throw new Error('no order');
    await desk.transfer(first);
    await world.notify.waitFor(first.path);
    expect(await desk.query(first)).toMatchObject({ trade_state: 0 });
  });

  it('that is empty refuses with a reason and leaves nothing behind', async () => {
    await usePool(1);
    await desk.place();
    const fields = desk.fields();
    const refused = await world.merchant.call('/v2/pay', fields);
    expect(refused).toMatchObject({ code: 600, msg: expect.stringMatching(/^NO_NUMBER_FREE: /) });
    const rows = await world.sql<Json>('SELECT trade_id, state FROM orders WHERE mch_trade_id = $1', [
      fields.mch_trade_id,
    ]);
    expect(rows).toMatchObject([{ state: 'failed' }]);
    expect(await world.sql('SELECT 1 FROM virtual_accounts WHERE trade_id = $1', [rows[0]?.['trade_id']])).toHaveLength(
      0,
    );
    expect(await world.sql('SELECT 1 FROM jobs WHERE subject_id = $1', [rows[0]?.['trade_id']])).toHaveLength(0);
  });

  it('gives a number to no other order while it rests, and then the one that has rested longest', async () => {
    const prefix = await usePool(2);
    const first = await desk.place();
    const second = await desk.place();
    for (const order of [second, first]) {
      expect((await world.merchant.call('/v2/pay/close', { mch_trade_id: order.mch_trade_id })).code).toBe(0);
    }
    expect((await world.merchant.call('/v2/pay', desk.fields())).code).toBe(600);
    // The one that was closed first has rested longest.
    await world.sql('UPDATE virtual_accounts SET free_at_ms = closed_at_ms - $2 WHERE number LIKE $1', [
      `${prefix}%`,
      1,
    ]);
    expect((await desk.place()).fund_acc).toBe(second.fund_acc);
    expect((await desk.place()).fund_acc).toBe(first.fund_acc);
  });

  it('lets a number rest anew when money comes to it meanwhile', async () => {
    await usePool(1);
    const order = await desk.place();
    await world.merchant.call('/v2/pay/close', { mch_trade_id: order.mch_trade_id });
    await world.sql('UPDATE virtual_accounts SET free_at_ms = $2 WHERE number = $1', [
      order.fund_acc,
      Date.now() + 60_000,
    ]);
    const held = await desk.held(await desk.transfer(order));
    expect(held.kind).toBe('bank_credit_closed_number');
    expect(Number((await numberRow(order.fund_acc))['free_at_ms'])).toBeGreaterThan(Date.now() + 29 * 86_400_000);
  });

  it('takes money for the order that has the number now, not for the one before', async () => {
    const prefix = await usePool(1);
    const before = await desk.place();
    await world.merchant.call('/v2/pay/close', { mch_trade_id: before.mch_trade_id });
    await timePasses(prefix);
    const after = await desk.place();
    expect(after.fund_acc).toBe(before.fund_acc);
    await desk.transfer(after);
    await world.notify.waitFor(after.path);
    expect(await desk.query(before)).toMatchObject({ trade_state: 3 });
  });

  it('warns once when few are left', async () => {
    await usePool(3, { warn_below: 3 });
    await desk.place();
    await desk.place();
    await desk.place();
    expect((await world.merchant.call('/v2/pay', desk.fields())).code).toBe(600);
    expect((await world.merchant.call('/v2/pay', desk.fields())).code).toBe(600);
    expect(await desk.matters('bank_numbers_low')).toMatchObject([{ occurrences: 1, detail: { warn_below: 3 } }]);
    await eventually(async () => {
      const text = await (await fetch(`${world.url}/metrics`)).text();
      return text.includes('heliu_bank_numbers_free{account="sandbox-bank"} 0');
    });
  });
});

describe('two nodes and the last number', () => {
  let second: RunningGateway;

  it('give it to one order alone', async () => {
    await usePool(1);
    second = await startGateway({ ...world.config, port: await freePort() }, world.database_url);
    await second.ready;
    const other = new MerchantClient(second.url, world.platform_public_key, world.merchant.merchant);
    try {
      const answers = await Promise.all(
        [world.merchant, other, world.merchant, other].map((node) => node.call('/v2/pay', desk.fields())),
      );
      expect(answers.map((answer) => answer.code).toSorted((one, another) => one - another)).toEqual([
        0, 600, 600, 600,
      ]);
      expect(
        await world.sql("SELECT 1 FROM virtual_accounts WHERE pool LIKE $1 AND state = 'open'", [`${poolPrefix()}%`]),
      ).toHaveLength(1);
    } finally {
      await second.close();
    }
  });
});

describe('a node that dies between taking a number and accepting its order', () => {
  const LOCK = 4711;

  /** Starts a node whose orders cannot be accepted, because the save waits for us; kills it while it waits. */
  async function dieHoldingANumber(fields: Json): Promise<void> {
    const holder = new pg.Client({ connectionString: world.database_url });
    await holder.connect();
    await holder.query(`CREATE OR REPLACE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_advisory_xact_lock(${LOCK}); RETURN NEW; END'`);
    await holder.query(`CREATE TRIGGER wait_for_test BEFORE UPDATE ON orders FOR EACH ROW
      WHEN (NEW.mch_trade_id = '${String(fields['mch_trade_id'])}') EXECUTE FUNCTION wait_for_test()`);
    await holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
    const port = await freePort();
    const node = await GatewayProcess.start({
      HELIU_HOME: world.config.home,
      PORT: String(port),
      DATABASE_URL: world.database_url,
      HELIU_MASTER_KEY: world.config.master_key?.toString('base64') ?? '',
      HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
      HELIU_ROLE: 'api',
      LOG_LEVEL: 'error',
    });
    const client = new MerchantClient(`http://127.0.0.1:${port}`, world.platform_public_key, world.merchant.merchant);
    const answer = client.call('/v2/pay', fields).then(
      () => 'answered',
      () => 'cut off',
    );
    await eventually(async () => (await openNumbers(fields)).length === 1);
    await eventually(
      async () => (await world.sql("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length > 0,
    );
    await node.kill();
    expect(await answer).toBe('cut off');
    await world.sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    await holder.query('DROP TRIGGER wait_for_test ON orders');
    await holder.end();
  }

  function openNumbers(fields: Json): Promise<Json[]> {
    return world.sql<Json>(
      `SELECT v.number FROM virtual_accounts v JOIN orders o USING (merchant_id, trade_id)
       WHERE v.state = 'open' AND o.mch_trade_id = $1`,
      [fields['mch_trade_id']],
    );
  }

  it('leaves an order that gets the same number when its merchant sends it again', async () => {
    await usePool(1);
    const fields = desk.fields();
    await dieHoldingANumber(fields);
    const [kept] = await openNumbers(fields);
    await world.sql('UPDATE orders SET placing_until_ms = 1 WHERE mch_trade_id = $1', [fields.mch_trade_id]);
    const again = await world.merchant.call('/v2/pay', fields);
    expect(again).toMatchObject({ code: 0, data: { pay_info: expect.stringContaining(String(kept?.['number'])) } });
  }, 40_000);

  it('leaves no number behind when the merchant does not come back', async () => {
    await usePool(1);
    const fields = desk.fields();
    await dieHoldingANumber(fields);
    expect((await world.merchant.call('/v2/pay', desk.fields())).code).toBe(600);
    // Half an hour and more passes.
    await world.sql('UPDATE orders SET placing_until_ms = 1 WHERE mch_trade_id = $1', [fields.mch_trade_id]);
    await world.sql(
      "UPDATE virtual_accounts SET opened_at_ms = 1, check_at_ms = 1 WHERE state = 'open' AND pool LIKE $1",
      [`${poolPrefix()}%`],
    );
    await eventually(async () => (await openNumbers(fields)).length === 0);
    expect(await desk.query({ mch_trade_id: fields.mch_trade_id })).toMatchObject({ trade_state: 3 });
    // Nobody was shown it: it need not rest.
    await desk.place();
  }, 40_000);
});

describe('a paid order that is never written off', () => {
  it('is written off after the time that the operator set', async () => {
    await usePool(1, { close_paid_after_days: 1 });
    const order = await desk.paid();
    await world.sql('UPDATE orders SET decided_at_ms = 1 WHERE trade_id = $1', [order.trade_id]);
    await world.sql('UPDATE virtual_accounts SET check_at_ms = 1 WHERE number = $1', [order.fund_acc]);
    await eventually(async () => (await numberRow(order.fund_acc))['state'] === 'closed');
    const events = await world.sql<Json>(
      "SELECT source FROM order_events WHERE trade_id = $1 AND kind = 'written_off'",
      [order.trade_id],
    );
    expect(events).toMatchObject([{ source: 'expiry' }]);
  });

  it('and an order whose time is up gives its number back', async () => {
    await usePool(1);
    const order = await desk.place();
    await world.sql('UPDATE orders SET expires_at_ms = 1 WHERE trade_id = $1', [order.trade_id]);
    await world.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'order' AND subject_id = $1", [order.trade_id]);
    await eventually(async () => (await numberRow(order.fund_acc))['state'] === 'closed');
    expect(await desk.query(order)).toMatchObject({ trade_state: 3 });
    expect((await desk.held(await desk.transfer(order))).kind).toBe('bank_credit_closed_number');
    const labels = { account: 'sandbox-bank', result: 'held' };
    await eventually(async () => (await readCounter(world.url, 'heliu_bank_entries_total', labels)) === 1);
  });
});
