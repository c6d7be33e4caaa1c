import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BankDesk, type Placed } from '../bank-desk.ts';
import { openJwt, type Json } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

// What an operator does by the command line with money that waits.

const PROGRAM = join(import.meta.dirname, '..', '..', 'gateway', 'bin', 'heliu.js');

let world: World;
const desk = new BankDesk(() => world, 'operator');

beforeAll(async () => {
  world = await startWorld();
  await world.control('POST', '/control/cadence', { scale: 0.001 });
}, 60_000);

afterAll(() => world.close());

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function heliu(...words: string[]): Promise<Ran> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HELIU_HOME: world.config.home,
    DATABASE_URL: world.database_url,
    HELIU_MASTER_KEY: world.config.master_key?.toString('base64') ?? '',
    NODE_COMPILE_CACHE: join(world.config.home, 'compile-cache'),
  };
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [PROGRAM, ...words], { env })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

async function exceptionState(exception_id: string): Promise<Json> {
  const rows = await world.sql<Json>('SELECT state, resolved_by FROM exceptions WHERE exception_id = $1', [
    exception_id,
  ]);
  return rows[0] ?? {};
}

async function paidEvents(order: Placed): Promise<Json[]> {
  return world.sql<Json>(
    "SELECT source, kind, detail->>'by' AS by FROM order_events WHERE trade_id = $1 AND kind IN ('paid', 'late_payment_accepted')",
    [order.trade_id],
  );
}

describe('accept', () => {
  it('lets a late credit pay the order that was closed, once, and notifies', async () => {
    const order = await desk.place();
    await world.merchant.call('/v2/pay/close', { mch_trade_id: order.mch_trade_id });
    const reference = await desk.transfer(order);
    const id = await desk.exceptionOf(reference);
    const done = await heliu('exceptions', 'accept', id, '--by', 'wang', '--json');
    expect(done).toMatchObject({ code: 0 });
    expect(JSON.parse(done.stdout)).toMatchObject({ trade_id: order.trade_id, state: 'paid', done_before: false });
    const [told] = await world.notify.waitFor(order.path);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: { trade_state: 0, out_trade_id: reference },
    });
    expect(await paidEvents(order)).toEqual([{ source: 'operator', kind: 'late_payment_accepted', by: 'wang' }]);
    expect(await exceptionState(id)).toEqual({ state: 'resolved', resolved_by: 'wang' });
    const again = await heliu('exceptions', 'accept', id, '--by', 'li', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ done_before: true });
    expect(await paidEvents(order)).toHaveLength(1);
    expect(await desk.creditState(reference)).toBe('paid');
  });

  it('asks what becomes of too much, and sends the surplus back', async () => {
    const order = await desk.place();
    const reference = await desk.transfer(order, 8000);
    const id = await desk.exceptionOf(reference);
    const asked = await heliu('exceptions', 'accept', id);
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('378 fen are too much') });
    expect(await heliu('exceptions', 'accept', id, '--surplus', 'return')).toMatchObject({ code: 0 });
    await world.notify.waitFor(order.path);
    await eventually(async () => (await desk.ledger('refund')).some((one) => one['amount'] === 378));
    await world.sql('UPDATE bank_returns SET check_at_ms = 0');
    await eventually(async () => {
      const rows = await world.sql<Json>('SELECT state, whole FROM bank_returns WHERE reference = $1', [reference]);
      return rows.length === 1 && rows[0]?.['state'] === 'succeeded' && rows[0]['whole'] === false;
    });
    expect(await desk.creditState(reference)).toBe('paid');
    expect(await desk.query(order)).toMatchObject({ total_fee: 7622, refunded_fee: 0 });
  });

  it('refuses too little, a credit that was taken back, and what is about no credit', async () => {
    const order = await desk.place();
    const little = await desk.transfer(order, 1);
    const id = await desk.exceptionOf(little);
    expect(await heliu('exceptions', 'accept', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not enough'),
    });
    await world.control('POST', '/control/bank/reverse', { reference: little });
    await desk.reaches(little, 'reversed');
    expect(await heliu('exceptions', 'return', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('taken it back'),
    });
    expect(await heliu('exceptions', 'accept', 'ffffffffffffffffffffffff')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('does not exist'),
    });
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
  });
});

describe('combine', () => {
  it('lets several credits of one payer pay together', async () => {
    const order = await desk.place();
    const references = [await desk.transfer(order, 7000), await desk.transfer(order, 622)];
    const ids: string[] = [];
    for (const reference of references) ids.push(await desk.exceptionOf(reference));
    expect(await heliu('exceptions', 'combine', ...ids)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(references.join(', ')),
    });
    await world.notify.waitFor(order.path);
    expect(await desk.query(order)).toMatchObject({ trade_state: 0, out_trade_id: references[1] });
    for (const [index, reference] of references.entries()) {
      expect(await desk.creditState(reference)).toBe('paid');
      expect(await exceptionState(ids[index] ?? '')).toMatchObject({ state: 'resolved' });
    }
  });

  it('refuses credits of different payers, because a refund goes back to one', async () => {
    const order = await desk.place();
    const ids: string[] = [];
    for (const payer_name of ['甲', '乙'])
      ids.push(await desk.exceptionOf(await desk.transfer(order, 3811, { payer_name })));
    expect(await heliu('exceptions', 'combine', ...ids)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('one account'),
    });
  });
});

describe('assign', () => {
  it('lets a credit that went astray pay the order it was meant for', async () => {
    const order = await desk.place();
    const reference = await desk.transfer({ fund_acc: '9902777777777776' });
    const id = await desk.exceptionOf(reference);
    expect(await heliu('exceptions', 'accept', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no order'),
    });
    const { merchant_id } = world.merchant.merchant;
    const words = ['exceptions', 'assign', id, '--order', order.mch_trade_id, '--merchant', merchant_id];
    expect(await heliu(...words)).toMatchObject({ code: 0 });
    await world.notify.waitFor(order.path);
    expect(await desk.query(order)).toMatchObject({ trade_state: 0, out_trade_id: reference });
  });

  it('refuses an order that is paid', async () => {
    const order = await desk.paid();
    const id = await desk.exceptionOf(await desk.transfer({ fund_acc: '9902777777777778' }));
    const { merchant_id } = world.merchant.merchant;
    const words = ['exceptions', 'assign', id, '--order', order.trade_id, '--merchant', merchant_id];
    expect(await heliu(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining('is paid') });
  });
});

describe('what an operator may not do by mistake', () => {
  it('is to pay an order with another currency, or one that is no bank transfer', async () => {
    const order = await desk.place();
    const foreign = await desk.exceptionOf(await desk.transfer(order, 7622, { currency: 'USD' }));
    expect(await heliu('exceptions', 'accept', foreign)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Only CNY'),
    });
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
    const scan = { ...desk.fields(), pay_type: 'wechat.scan' };
    expect((await world.merchant.call('/v2/pay', scan)).code).toBe(0);
    const astray = await desk.exceptionOf(await desk.transfer({ fund_acc: '9902777777777781' }));
    const { merchant_id } = world.merchant.merchant;
    const words = ['exceptions', 'assign', astray, '--order', scan.mch_trade_id, '--merchant', merchant_id];
    expect(await heliu(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining('no bank transfer') });
    expect(await desk.query(scan)).toMatchObject({ trade_state: 2 });
  });

  it('is to combine what was sent to different orders, or more than is needed', async () => {
    const [order, other] = [await desk.place(), await desk.place()];
    const [half, rest, elsewhere, more] = [
      await desk.exceptionOf(await desk.transfer(order, 7000)),
      await desk.exceptionOf(await desk.transfer(order, 622)),
      await desk.exceptionOf(await desk.transfer(other, 622)),
      await desk.exceptionOf(await desk.transfer(order, 100)),
    ];
    expect(await heliu('exceptions', 'combine', half, elsewhere)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('different orders'),
    });
    expect(await heliu('exceptions', 'combine', half, rest, more, '--surplus', 'keep')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Fewer of them are enough'),
    });
    expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
    expect(await heliu('exceptions', 'combine', half, rest)).toMatchObject({ code: 0 });
    expect(await desk.query(order)).toMatchObject({ trade_state: 0 });
  });
});

describe('return', () => {
  it('sends a credit back once, however often and by how many it is asked for', async () => {
    const order = await desk.paid();
    const reference = await desk.transfer(order);
    const id = await desk.exceptionOf(reference);
    const ran = await Promise.all([
      heliu('exceptions', 'return', id),
      heliu('exceptions', 'return', id),
      heliu('exceptions', 'accept', id),
    ]);
    // One takes it; the others are told so, or that it is on its way already. An order that is paid takes no second payment.
    expect(
      ran.filter((one) => one.stdout.includes('on their way back')),
      JSON.stringify(ran),
    ).toHaveLength(1);
    await eventually(async () => (await desk.ledger('refund')).some((one) => one['amount'] === 7622));
    await world.sql('UPDATE bank_returns SET check_at_ms = 0');
    await desk.reaches(reference, 'returned');
    // The matter is closed right after the credit.
    await eventually(async () => (await exceptionState(id))['state'] === 'resolved');
    expect((await desk.ledger('refund')).filter((one) => one['amount'] === 7622)).toHaveLength(1);
    expect(await heliu('exceptions', 'return', id)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('already'),
    });
    const kinds = await world.sql<Json>(
      "SELECT kind FROM order_events WHERE trade_id = $1 AND kind LIKE 'credit%' ORDER BY event_no",
      [order.trade_id],
    );
    expect(kinds.map((row) => row['kind'])).toEqual(['credit_held', 'credit_returning', 'credit_returned']);
  });

  it('that the bank cannot make puts the credit back into the queue', async () => {
    const order = await desk.place();
    const reference = await desk.transfer(order, 10);
    const id = await desk.exceptionOf(reference);
    await heliu('exceptions', 'return', id);
    await desk.reaches(reference, 'returning');
    const number = async (): Promise<string> =>
      String(
        (await world.sql<Json>('SELECT return_no FROM bank_returns WHERE reference = $1', [reference]))[0]?.[
          'return_no'
        ],
      );
    await eventually(
      async () =>
        (await world.control('POST', '/control/bank/return-payment', { out_transfer_no: await number() })).status ===
        200,
    );
    await desk.reaches(reference, 'held');
    await eventually(async () => (await desk.matters('bank_return_failed')).length > 0);
    expect(await desk.matters('bank_return_failed')).toMatchObject([
      { detail: { reference, credit_exception_id: id } },
    ]);
  });

  it('is refused when nobody knows where the money came from', async () => {
    const id = await desk.exceptionOf(
      await desk.transfer(await desk.place(), 11, { payer_account: null, payer_name: null }),
    );
    expect(await heliu('exceptions', 'return', id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('which account'),
    });
  });
});

describe('who decides', () => {
  it('is written down with the matter: combine, assign and return as well', async () => {
    const { merchant_id } = world.merchant.merchant;
    const [combined, assigned] = [await desk.place(), await desk.place()];
    const parts: string[] = [];
    for (const amount of [7000, 622]) parts.push(await desk.exceptionOf(await desk.transfer(combined, amount)));
    const astray = await desk.exceptionOf(await desk.transfer({ fund_acc: '9902777777777779' }));
    const unwanted = await desk.exceptionOf(await desk.transfer(await desk.paid(), 12));
    const target = ['--order', assigned.mch_trade_id, '--merchant', merchant_id];
    for (const words of [
      ['combine', ...parts, '--by', 'wang'],
      ['assign', astray, ...target, '--by', 'li'],
      ['return', unwanted, '--by', 'zhao'],
    ])
      expect(await heliu('exceptions', ...words)).toMatchObject({ code: 0 });
    expect(await paidEvents(combined)).toEqual([{ source: 'operator', kind: 'paid', by: 'wang' }]);
    expect(await paidEvents(assigned)).toEqual([{ source: 'operator', kind: 'paid', by: 'li' }]);
    for (const id of parts) expect(await exceptionState(id)).toEqual({ state: 'resolved', resolved_by: 'wang' });
    expect(await exceptionState(astray)).toEqual({ state: 'resolved', resolved_by: 'li' });
    const resolved = async (): Promise<boolean> => {
      await world.sql('UPDATE bank_returns SET check_at_ms = 0');
      return (await exceptionState(unwanted))['state'] === 'resolved';
    };
    await eventually(resolved);
    expect(await exceptionState(unwanted)).toEqual({ state: 'resolved', resolved_by: 'zhao' });
    expect(await world.sql('SELECT asked_by FROM bank_returns WHERE amount_fen = 12')).toEqual([{ asked_by: 'zhao' }]);
  }, 40_000);
});

describe('a node that dies while it books an operator’s decision', () => {
  it.each([
    ['before the order took it', false],
    ['after the order took it', true],
  ])('%s: the upkeep finishes it', async (_when, took) => {
    const order = await desk.place();
    const reference = await desk.transfer(order, 7700);
    await desk.held(reference);
    await world.sql(
      `UPDATE bank_credits SET state = 'settling', trade_id = $2, payment_reference = reference, decided_by = 'zhao',
         surplus_fen = 78, updated_at_ms = 1 WHERE reference = $1`,
      [reference, order.trade_id],
    );
    if (took) {
      await world.sql("UPDATE orders SET state = 'paid', version = version + 1, facts = $2 WHERE trade_id = $1", [
        order.trade_id,
        {
          transaction_id: reference,
          amount_fen: 7622,
          currency: 'CNY',
          identity: {},
          paid_at_ms: null,
          details: {},
          refunded: false,
        },
      ]);
    }
    await desk.reaches(reference, took ? 'paid' : 'held');
    const returns = await world.sql<Json>('SELECT amount_fen FROM bank_returns WHERE reference = $1', [reference]);
    expect(returns).toHaveLength(took ? 1 : 0);
  });
});

describe('looking', () => {
  it('lists the numbers and compares a statement without changing anything', async () => {
    const order = await desk.paid();
    const listed = await heliu('bank', 'numbers', '--account', 'sandbox-bank', '--limit', '500', '--json');
    expect((JSON.parse(listed.stdout) as { numbers: Json[] }).numbers).toContainEqual(
      expect.objectContaining({ number: order.fund_acc, use: 'open', trade_id: order.trade_id }),
    );
    await world.control('POST', '/control/bank/push', { url: null });
    const unheard = await desk.transfer(order, 5);
    const written = await world.control('POST', '/control/bank/file', { kind: 'camt053', day: '2030-01-01' });
    const today = await world.control('POST', '/control/bank/file', { kind: 'camt053' });
    const path = join(world.config.home, 'statement.txt');
    await writeFile(path, String(today.body['xml']));
    const before = JSON.stringify(await world.sql('SELECT * FROM bank_credits ORDER BY reference'));
    const compared = await heliu('bank', 'statement', path, '--account', 'sandbox-bank', '--json');
    expect(compared.code).toBe(1);
    expect(JSON.parse(compared.stdout)).toMatchObject({
      equal: false,
      statements: [
        {
          differences: expect.arrayContaining([expect.objectContaining({ kind: 'missing_here', reference: unheard })]),
        },
      ],
    });
    expect(JSON.stringify(await world.sql('SELECT * FROM bank_credits ORDER BY reference'))).toBe(before);
    await writeFile(path, String(written.body['xml']));
    expect(await heliu('bank', 'statement', path, '--account', 'sandbox-bank')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('none'),
    });
    await writeFile(path, 'no xml');
    expect(await heliu('bank', 'statement', path, '--account', 'sandbox-bank')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be read as a statement'),
    });
    expect(await heliu('doctor')).toMatchObject({ stdout: expect.stringContaining('sandbox-bank') });
  }, 40_000);
});
