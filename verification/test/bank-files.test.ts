import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BankDesk } from '../bank-desk.ts';
import type { Json } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

// The bank leaves files in a folder and pushes nothing.

let world: World;
let names = 0;
const desk = new BankDesk(() => world, 'files');

beforeAll(async () => {
  world = await startWorld();
  await mkdir(folder('in'), { recursive: true });
  await world.control('POST', '/control/bank/push', { url: null });
}, 60_000);

afterAll(() => world.close());

function folder(name: 'in' | 'done' | 'failed'): string {
  return join(world.config.home, 'bank', 'sandbox-bank', name);
}

interface File {
  readonly name: string;
  readonly xml: string;
}

/** The bank writes a file of today and leaves it in the folder. */
async function bankLeaves(kind: string, more: Json = {}): Promise<File> {
  const written = await world.control('POST', '/control/bank/file', { kind, ...more });
  expect(written.status).toBe(200);
  return { name: String(written.body['name']), xml: String(written.body['xml']) };
}

/** Leaves a file as a transfer program does: under another name until it is whole. */
async function leave(xml: string): Promise<string> {
  names += 1;
  const name = `${names}.xml`;
  await writeFile(join(folder('in'), `${name}.part`), xml);
  await rename(join(folder('in'), `${name}.part`), join(folder('in'), name));
  return name;
}

async function isIn(name: string, where: 'done' | 'failed'): Promise<void> {
  await eventually(async () => (await readdir(folder(where)).catch((): string[] => [])).includes(name));
}

/** Everything about orders, credits and what waits, as text. */
async function books(): Promise<string> {
  const tables = ['orders', 'order_events', 'bank_credits', 'exceptions', 'notifications'];
  return JSON.stringify(
    await Promise.all(tables.map((table) => world.sql(`SELECT * FROM ${table} AS t ORDER BY t::text`))),
  );
}

describe.each(['08', '02'])('a camt.054 of version 001.%s', (version) => {
  it('pays the orders it tells of, and changes nothing when it is dropped again', async () => {
    const orders = [await desk.place(), await desk.place()];
    for (const order of orders) await desk.transfer(order);
    const file = await bankLeaves('camt054', { version });
    await isIn(file.name, 'done');
    for (const order of orders) {
      await world.notify.waitFor(order.path);
      expect(await desk.query(order)).toMatchObject({ trade_state: 0 });
    }
    await eventually(async () => (await world.sql("SELECT 1 FROM jobs WHERE kind = 'notification'")).length === 0);
    const before = await books();
    await isIn(await leave(file.xml), 'done');
    await isIn(await leave(`${file.xml}\n`), 'done');
    expect(await books()).toBe(before);
  }, 40_000);
});

it('a file that breaks off is kept, reported and changes nothing', async () => {
  const order = await desk.place();
  const reference = await desk.transfer(order);
  const { name } = await bankLeaves('camt054', { damage: 'truncate' });
  await isIn(name, 'failed');
  expect(await desk.creditState(reference)).toBeUndefined();
  const matters = (await desk.matters('bank_file_unreadable')).filter((one) => one.detail['file'] === name);
  expect(matters).toMatchObject([{ detail: { problem: expect.stringContaining('line') } }]);
  expect(await desk.query(order)).toMatchObject({ trade_state: 6 });
});

it('one bad entry is reported and does not stop the others', async () => {
  const orders = [await desk.place(), await desk.place()];
  const day = '2031-03-05';
  const booked_at = `${day}T10:00:00+08:00`;
  // Their time is after that day.
  for (const order of orders)
    await world.sql('UPDATE orders SET expires_at_ms = 4102444800000 WHERE trade_id = $1', [order.trade_id]);
  const references: string[] = [];
  for (const order of orders) references.push(await desk.transfer(order, 7622, { booked_at }));
  const { name } = await bankLeaves('camt054', { day, damage: 'entry' });
  await isIn(name, 'done');
  expect(await desk.creditState(references[0] ?? '')).toBeUndefined();
  await desk.reaches(references[1] ?? '', 'paid');
  expect(await desk.matters('bank_entry_unreadable')).toMatchObject([
    { detail: { message: `file ${name}`, entry: 1, problem: 'Ntry lacks Amt' } },
  ]);
});

it('a file that is still being written is not read', async () => {
  const order = await desk.place();
  const reference = await desk.transfer(order);
  const { name, xml } = await bankLeaves('camt054');
  await isIn(name, 'done');
  await desk.reaches(reference, 'paid');
  const half = xml.slice(0, 400);
  for (const writing of ['growing.xml.part', '.growing.xml', 'growing.tmp'])
    await writeFile(join(folder('in'), writing), half);
  // Written in place: every look finds it changed, until it is whole.
  const growing = join(folder('in'), 'growing.xml');
  const started_ms = Date.now();
  let length = 400;
  await eventually(async () => {
    length += 1;
    await writeFile(growing, xml.slice(0, length));
    return Date.now() - started_ms > 4_000;
  });
  expect(await readdir(folder('failed'))).not.toContain('growing.xml');
  await writeFile(growing, xml);
  await isIn('growing.xml', 'done');
  expect((await readdir(folder('in'))).toSorted()).toEqual(['.growing.xml', 'growing.tmp', 'growing.xml.part']);
}, 40_000);

describe('the statement of a day', () => {
  it('that agrees with the books raises nothing', async () => {
    const day = '2032-01-05';
    const order = await desk.place();
    await world.sql('UPDATE orders SET expires_at_ms = 4102444800000 WHERE trade_id = $1', [order.trade_id]);
    const reference = await desk.transfer(order, 7622, { booked_at: `${day}T10:00:00+08:00` });
    await isIn((await bankLeaves('camt054', { day })).name, 'done');
    await desk.reaches(reference, 'paid');
    const file = await bankLeaves('camt053', { day });
    await isIn(file.name, 'done');
    expect((await desk.matters('bank_statement_difference')).filter((one) => one.detail['file'] === file.name)).toEqual(
      [],
    );
    expect(
      await world.sql('SELECT 1 FROM bank_credits WHERE reference = $1 AND statement_id IS NOT NULL', [reference]),
    ).toHaveLength(1);
  }, 40_000);

  it('books what was never heard, and lists every difference', async () => {
    const day = '2033-01-05';
    const booked_at = `${day}T10:00:00+08:00`;
    const [unheard, heard] = [await desk.place(), await desk.place()];
    for (const order of [unheard, heard]) {
      await world.sql('UPDATE orders SET expires_at_ms = 4102444800000 WHERE trade_id = $1', [order.trade_id]);
    }
    const forgotten = await desk.transfer(heard, 7622, { booked_at });
    await isIn((await bankLeaves('camt054', { day })).name, 'done');
    await desk.reaches(forgotten, 'paid');
    const missed = await desk.transfer(unheard, 7622, { booked_at });
    const file = await bankLeaves('camt053', { day, without: [forgotten] });
    await isIn(file.name, 'done');
    await desk.reaches(missed, 'paid');
    await world.notify.waitFor(unheard.path);
    const found = (await desk.matters('bank_statement_difference')).filter((one) => one.detail['file'] === file.name);
    expect(found.map(({ detail }) => ({ ...detail, statement: 0, file: 0 }))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          difference: 'missing_here',
          count: 1,
          first: [expect.objectContaining({ reference: missed })],
        }),
        expect.objectContaining({
          difference: 'missing_there',
          count: 1,
          first: [expect.objectContaining({ reference: forgotten })],
        }),
      ]),
    );
    expect(found).toHaveLength(2);
  }, 40_000);

  it('that comes again byte for byte is not compared with books that have gone on since', async () => {
    const day = '2035-01-05';
    const file = await bankLeaves('camt053', { day });
    await isIn(file.name, 'done');
    // Booked on that day, but heard of after it.
    const reference = await desk.transfer(await desk.place(), 7622, { booked_at: `${day}T10:00:00+08:00` });
    await isIn((await bankLeaves('camt054', { day })).name, 'done');
    await desk.reaches(reference, 'held');
    const before = await desk.matters('bank_statement_difference');
    await isIn(await leave(file.xml), 'done');
    expect(await desk.matters('bank_statement_difference')).toEqual(before);
  }, 40_000);

  it('of another account is not compared with ours', async () => {
    const file = await bankLeaves('camt053', { day: '2034-01-05' });
    await isIn(file.name, 'done');
    const [, account = ''] = /<Othr><Id>(\w+)<\/Id>/.exec(file.xml) ?? [];
    const name = await leave(file.xml.replaceAll(account, '6226999999999999'));
    await isIn(name, 'failed');
    const matters = (await desk.matters('bank_file_unreadable')).filter((one) => one.detail['file'] === name);
    expect(matters).toMatchObject([{ detail: { problem: expect.stringContaining('6226999999999999') } }]);
  }, 40_000);
});
