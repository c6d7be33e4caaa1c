import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Database, Statement } from '../../gateway/src/storage/database.ts';
import { createTestDatabase, type TestDatabase } from '../database.ts';
import { FINE, SimulatedDatabase } from '../simulation/database.ts';
import { Scheduler } from '../simulation/scheduler.ts';
import { Sessions } from '../simulation/sessions.ts';

let database: TestDatabase;
let sessions: Sessions;
let scheduler: Scheduler;
let simulated: SimulatedDatabase;
let node: Database;

const ADD: Statement = {
  name: 'add',
  text: 'UPDATE tally SET value = value + $2 WHERE id = $1 RETURNING value::integer',
};
/** Locks three rows, one after the other. */
const THREE: Statement = {
  name: 'three',
  text: `WITH one AS (UPDATE tally SET value = value + 1 WHERE id = $1 RETURNING id),
two AS (UPDATE tally SET value = value + 1 WHERE id = $2 AND EXISTS (SELECT 1 FROM one) RETURNING id)
UPDATE tally SET value = value + 1 WHERE id = $3 AND EXISTS (SELECT 1 FROM two) RETURNING value::integer`,
};
/** Takes its time once it has its lock. */
const SLOW: Statement = {
  name: 'slow',
  text: 'WITH mine AS (UPDATE tally SET value = value + 1 WHERE id = $1 RETURNING value) SELECT value::integer, pg_sleep(0.05)::text FROM mine',
};
const READ: Statement = { name: 'read', text: 'SELECT value::integer FROM tally ORDER BY id' };

const HELD = { ...FINE, held: 1, most_held_ms: 1_000 };

beforeEach(async () => {
  database = await createTestDatabase();
  sessions = new Sessions(database.url);
  await sessions.use((session) =>
    session.run(
      'CREATE TABLE tally (id integer PRIMARY KEY, value integer NOT NULL); INSERT INTO tally VALUES (1, 0), (2, 0), (3, 0)',
    ),
  );
  begin('locks');
});

afterEach(async () => {
  await simulated.end();
  await sessions.close();
  await database.drop();
});

function begin(seed: string): void {
  scheduler = new Scheduler({ seed, start_ms: 0 });
  simulated = new SimulatedDatabase(scheduler, sessions);
  node = simulated.connect('node');
}

const add = (id: number, by: number): Promise<{ value: number }[]> => node.query(ADD, [id, by]);
const values = async (): Promise<number[]> =>
  (await scheduler.during(node.query<{ value: number }>(READ, []))).map((row) => row.value);

describe('a statement whose transaction is held', () => {
  it('is seen by nobody before it is committed, and lets those wait who meet its lock', async () => {
    simulated.become(HELD);
    const first = add(1, 1);
    await scheduler.runSteps(1);
    simulated.become(FINE);
    const second = add(1, 10);
    let heard = false;
    void second.then(() => (heard = true));
    await scheduler.runUntil(scheduler.now_ms() + 3);
    expect(heard).toBe(false);
    expect(simulated.fates().get('waited')).toBe(1);
    expect(await scheduler.during(second)).toEqual([{ value: 11 }]);
    expect(await scheduler.during(first)).toEqual([{ value: 1 }]);
  });

  it('changes nothing when its node dies before it is committed, or all of it', async () => {
    const outcomes = new Set<number>();
    for (let seed = 0; seed < 12; seed += 1) {
      begin(`dies ${seed}`);
      const [before = 0] = await values();
      simulated.become(HELD);
      void add(1, 1);
      await scheduler.runSteps(1);
      simulated.abandon('node');
      scheduler.discard('node');
      await scheduler.runUntil(scheduler.now_ms() + 2_000);
      node = simulated.connect('another');
      simulated.become(FINE);
      outcomes.add(((await values())[0] ?? 0) - before);
    }
    expect(outcomes).toEqual(new Set([0, 1]));
  });
});

it('a node hears what was committed when whoever waited for it has gone on, however long that takes the server', async () => {
  simulated.become(HELD);
  const order: string[] = [];
  const first = add(1, 1).then(() => order.push('the first is heard'));
  await scheduler.runSteps(1);
  simulated.become(FINE);
  simulated.watch((_owner, name) => name === 'slow' && order.push('the second is committed'));
  await scheduler.during(Promise.all([first, node.query(SLOW, [1])]));
  expect(order).toEqual(['the second is committed', 'the first is heard']);
});

it('a deadlock of two statements ends, and the one that was rolled back is sent again', async () => {
  simulated.become(HELD);
  const holder = add(3, 0);
  await scheduler.runSteps(1);
  simulated.become(FINE);
  // It has the second row and waits for the third; the other has the first and waits for the second.
  const one = node.query(THREE, [2, 3, 1]);
  await scheduler.runSteps(1);
  const other = node.query(THREE, [1, 2, 3]);
  await scheduler.during(Promise.all([holder, one, other]));
  expect(simulated.fates().get('deadlock')).toBe(1);
  expect(await values()).toEqual([2, 2, 2]);
});

it('the same seed lets the same statements wait, in the same order', async () => {
  const play = async (): Promise<string> => {
    begin('order');
    simulated.become({ ...HELD, held: 0.5 });
    await scheduler.during(Promise.all(Array.from({ length: 12 }, (_unused, index) => add((index % 2) + 1, 1))));
    return scheduler.trace.digest();
  };
  const first = await play();
  expect(simulated.fates().get('waited') ?? 0).toBeGreaterThan(0);
  await sessions.use((session) => session.run('UPDATE tally SET value = 0'));
  expect(await play()).toBe(first);
});

it.each([
  ['lost_before', 0],
  ['lost_after', 1],
] as const)('a connection that is %s leaves %i of the change', async (fate, changed) => {
  simulated.become({ ...FINE, [fate]: 1 });
  await expect(scheduler.during(add(1, 1))).rejects.toThrow('the database cannot be reached');
  simulated.become(FINE);
  expect((await values())[0]).toBe(changed);
});
