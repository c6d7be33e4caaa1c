import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../simulation/random.ts';
import { Scheduler, Stuck } from '../simulation/scheduler.ts';

const begin = (seed = 'seed') => new Scheduler({ seed, start_ms: 1_000 });

/** The order in which tasks that are due together run. */
async function orderOf(seed: string): Promise<number[]> {
  const scheduler = begin(seed);
  const order: number[] = [];
  for (let name = 0; name < 8; name += 1) scheduler.after(10, 'x', 'x', () => void order.push(name));
  await scheduler.runUntil(1_010);
  return order;
}

describe('the scheduler', () => {
  it('lets the seed choose among what is due at one moment, the same way each time', async () => {
    const orders = [await orderOf('1'), await orderOf('2'), await orderOf('3')];
    expect(new Set(orders.map(String)).size).toBe(3);
    expect([await orderOf('1'), await orderOf('2'), await orderOf('3')]).toEqual(orders);
    for (const order of orders) expect(new Set(order)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  });

  it('runs by the virtual clock: what is due first comes first, whatever its age', async () => {
    const scheduler = begin();
    const ran: string[] = [];
    const note = (name: string) => () => void ran.push(`${name} at ${scheduler.now_ms()}`);
    for (const delay_ms of [500, 3, 86_400_000, 70, 1]) scheduler.after(delay_ms, 'x', 'x', note(String(delay_ms)));
    await scheduler.runUntil(1_000 + 86_399_999);
    expect(ran).toEqual(['1 at 1001', '3 at 1003', '70 at 1070', '500 at 1500']);
    expect(scheduler.now_ms()).toBe(86_400_999);
    await scheduler.runUntil(1_000 + 86_400_000);
    expect(ran.at(-1)).toBe('86400000 at 86401000');
  });

  it('waits until everything that a task set off has come to rest', async () => {
    const scheduler = begin();
    const ran: string[] = [];
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    scheduler.after(1, 'x', 'long', () => {
      void (async () => {
        for (let turns = 0; turns < 20; turns += 1) await turn();
        await new Promise<void>((resolve) => process.nextTick(resolve));
        ran.push('long');
      })();
    });
    scheduler.after(2, 'x', 'short', () => void ran.push('short'));
    await scheduler.runUntil(1_002);
    expect(ran).toEqual(['long', 'short']);
  });

  it('forgets what is taken back, and everything of a party that is gone, for ever', async () => {
    const scheduler = begin();
    const ran: string[] = [];
    const add = (owner: string, delay_ms: number) => scheduler.after(delay_ms, owner, 'x', () => void ran.push(owner));
    add('cancelled', 5).cancel();
    add('cancelled', 0).cancel();
    add('gone', 5);
    add('gone', 0);
    add('here', 5);
    scheduler.discard('gone');
    add('gone', 5);
    await scheduler.runUntil(2_000);
    expect(ran).toEqual(['here']);
  });

  it('lets whatever a party that stands still has to do wait until it goes on, but for what has left it', async () => {
    const scheduler = begin();
    const ran: string[] = [];
    const add = (owner: string, delay_ms: number, apart = false) =>
      scheduler.after(delay_ms, owner, 'x', () => void ran.push(`${owner} ${delay_ms} at ${scheduler.now_ms()}`), {
        apart,
      });
    add('still', 0);
    const taken_back = add('still', 1);
    scheduler.standStill('still');
    add('still', 5);
    add('other', 6);
    add('still', 7, true);
    await scheduler.runUntil(1_100);
    expect(ran.splice(0)).toEqual(['other 6 at 1006', 'still 7 at 1007']);
    taken_back.cancel();
    scheduler.goOn('still');
    await scheduler.runUntil(1_100);
    expect(ran.splice(0).sort()).toEqual(['still 0 at 1100', 'still 5 at 1100']);

    scheduler.standStill('still');
    add('still', 1);
    scheduler.discard('still');
    scheduler.goOn('still');
    await scheduler.runUntil(1_200);
    expect(ran).toEqual([]);
  });

  it('ends the run with an error that nobody catches, in a task or behind one', async () => {
    const thrown = begin();
    thrown.after(1, 'x', 'x', () => {
      throw new Error('in a task');
    });
    await expect(thrown.runUntil(2_000)).rejects.toThrow('in a task');
    const rejected = begin();
    rejected.after(1, 'x', 'x', () => Promise.reject(new Error('behind a task')));
    await expect(rejected.runUntil(2_000)).rejects.toThrow('behind a task');
  });

  it('runs until a promise settles, and says so when it never can', async () => {
    const scheduler = begin();
    const later = new Promise<number>((resolve) => scheduler.after(70, 'x', 'x', () => resolve(scheduler.now_ms())));
    expect(await scheduler.during(later)).toBe(1_070);
    await expect(scheduler.during(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await expect(scheduler.during(new Promise(() => undefined))).rejects.toThrow(Stuck);
  });
});

it('runs one world at a time, for it sees the process as a whole', async () => {
  const [one, other] = [begin(), begin()];
  one.after(5, 'x', 'x', () => expect(other.runUntil(2_000)).rejects.toThrow('a world runs in this process already'));
  await one.runUntil(2_000);
  await other.runUntil(2_000);
});

describe('seeded randomness', () => {
  it('repeats itself, stream by stream', () => {
    const draw = (seed: string, stream: string) => new SeededRandom(seed).stream(stream).bytes(9).toString('hex');
    expect(draw('1', 'ids')).toBe(draw('1', 'ids'));
    expect(new Set([draw('1', 'ids'), draw('1', 'network'), draw('2', 'ids')]).size).toBe(3);
    expect(draw('1', 'ids')).toHaveLength(18);
  });

  it('is spread over its range', () => {
    const random = new SeededRandom('spread');
    const seen = new Set(Array.from({ length: 1_000 }, () => random.integer(3, 12)));
    expect([...seen].toSorted((left, right) => left - right)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const hits = Array.from({ length: 10_000 }, () => random.chance(0.3)).filter(Boolean).length;
    expect(hits).toBeGreaterThan(2_800);
    expect(hits).toBeLessThan(3_200);
  });
});
