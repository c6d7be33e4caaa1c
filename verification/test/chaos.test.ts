/** The chaos run itself: its arguments, its proxy, and that every one of its checks can fail. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readArguments, UsageProblem } from '../chaos/arguments.ts';
import type { Books, OrderRow } from '../chaos/books.ts';
import { checkBooks } from '../chaos/check-books.ts';
import { checkLog } from '../chaos/check-processes.ts';
import { FaultProxy, type Fault } from '../chaos/fault-proxy.ts';
import { booksOf, failedRequests, runScenario } from '../chaos/run-scenario.ts';
import type { Scenario } from '../chaos/scenario.ts';
import { SCENARIOS } from '../chaos/scenarios.ts';
import type { Tally } from '../chaos/tally.ts';
import { makeHome, startWorld, type World } from '../chaos/world.ts';

describe('the arguments', () => {
  it('choose every scenario once, and draw a seed', () => {
    const read = readArguments([]);
    expect(read).toMatchObject({ scenarios: SCENARIOS, minutes: null, keeps_logs: false, shows: null });
    expect(Number.isSafeInteger(read.seed)).toBe(true);
  });

  it('name scenarios, seed and time', () => {
    const line = ['--seed', '7', '--scenario', 'jump-clock', '--scenario', 'fill-disk', '--minutes', '30', '--keep'];
    const { scenarios, ...others } = readArguments(line);
    expect(scenarios.map((one) => one.name)).toEqual(['jump-clock', 'fill-disk']);
    expect(others).toEqual({ seed: 7, minutes: 30, keeps_logs: true, shows: null });
  });

  it('select a few for CI: a gateway and the database killed, a gateway stopped, the network cut, a rolling restart', () => {
    const names = readArguments(['--short']).scenarios.map((one) => one.name);
    expect(names).toEqual(['kill-gateway-1', 'kill-database', 'stop-gateway', 'cut-network', 'rolling-restart']);
  });

  it.each([
    ['--seed x', '--seed must be a whole number from 0 to 2147483647, not "x"'],
    ['--minutes 0', '--minutes must be a whole number from 1 to 100000, not "0"'],
    ['--scenario earthquake', 'there is no scenario "earthquake", but kill-gateway-1,'],
    ['--short --scenario fill-disk', '--short and --scenario exclude each other'],
    ['--loud', "Unknown option '--loud'"],
  ])('are refused by name: %s', (line, message) => {
    const reading = (): unknown => readArguments(line.split(' '));
    expect(reading).toThrow(UsageProblem);
    expect(reading).toThrow(message);
  });

  it('have scenarios of different names, each with what happens', () => {
    expect(new Set(SCENARIOS.map((one) => one.name)).size).toBe(SCENARIOS.length);
    for (const { about } of SCENARIOS) expect(about).toMatch(/\w{3}/);
  });
});

describe('the proxy', () => {
  let server: Server;
  let proxy: FaultProxy;

  beforeAll(async () => {
    // Says back what it hears.
    server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await FaultProxy.listen(() => [(server.address() as AddressInfo).port]);
  });

  afterEach(() => proxy.set(null));

  afterAll(async () => {
    await proxy.close();
    server.close();
  });

  /** Says a hundred bytes and hears until the other side ends, or as many bytes as were said. */
  async function say(): Promise<{ heard: string; end: string }> {
    const socket = connect(proxy.port, '127.0.0.1');
    let heard = '';
    const ended = new Promise<string>((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1');
        if (heard.length >= WORDS.length) resolve('heard');
      });
      socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
      socket.on('close', () => resolve('closed'));
    });
    socket.write(WORDS);
    const end = await ended;
    socket.destroy();
    return { heard, end };
  }

  const WORDS = 'hello '.repeat(20);

  it.each<[string, Fault | null]>([
    ['nothing', null],
    ['a delay', { kind: 'delay', delay_ms: 20 }],
    ['throttling', { kind: 'throttle', bytes_per_second: 100_000 }],
  ])('passes everything on with %s', async (_name, fault) => {
    proxy.set(fault);
    expect(await say()).toEqual({ heard: WORDS, end: 'heard' });
  });

  it('cuts the answer after so many bytes', async () => {
    proxy.set({ kind: 'cut', direction: 'to_client', after_bytes: 10 });
    const { heard, end } = await say();
    expect([heard.length <= 10, end]).toEqual([true, 'ECONNRESET']);
  });

  it('cuts what is asked before the server hears all of it', async () => {
    proxy.set({ kind: 'cut', direction: 'to_server', after_bytes: 0 });
    expect(await say()).toEqual({ heard: '', end: 'ECONNRESET' });
  });

  it('resets connections', async () => {
    proxy.set({ kind: 'reset' });
    expect((await say()).end).toBe('ECONNRESET');
  });

  it('answers with noise of the same length', async () => {
    proxy.set({ kind: 'garbage', direction: 'to_client' });
    const { heard } = await say();
    expect(heard).toHaveLength(WORDS.length);
    expect(heard).not.toBe(WORDS);
  });

  it('is silent until the fault is over, and then delivers', async () => {
    proxy.set({ kind: 'blackhole' });
    let is_over = false;
    const saying = say().finally(() => expect(is_over).toBe(true));
    const other = connect(proxy.port, '127.0.0.1');
    await once(other, 'connect');
    is_over = true;
    proxy.set(null);
    expect(await saying).toEqual({ heard: WORDS, end: 'heard' });
    other.destroy();
  });

  it('asks a second time on another connection', async () => {
    const heard: string[] = [];
    const counted = Promise.withResolvers<void>();
    server.on('connection', (socket) => {
      socket.on('data', (chunk: Buffer) => {
        heard.push(chunk.toString());
        if (heard.length === 2) counted.resolve();
      });
    });
    proxy.set({ kind: 'duplicate' });
    expect((await say()).heard).toBe(WORDS);
    await counted.promise;
    expect(heard).toEqual([WORDS, WORDS]);
  });
});

describe('a log', () => {
  it('is searched for secrets, which are not repeated', () => {
    const found = checkLog('gateway.log', 'connecting by postgres://heliu:hunter2@db', ['other', 'hunter2']);
    expect(found).toEqual(['gateway.log holds a secret (number 2 of the list)']);
  });

  it.each([
    'UnhandledPromiseRejection: This error originated',
    'triggerUncaughtException(err, true);\n    at node:internal/process/promises:394',
  ])('is searched for errors that nobody caught: %s', (text) => {
    expect(checkLog('gateway.log', text, [])).toHaveLength(1);
  });
});

it('a failed request is a violation where none may fail', () => {
  const failure = { kind: 'ECONNRESET', path: '/v2/pay', number: 'a.1', at_ms: 0 };
  expect(failedRequests([failure]).map((one) => one.text)).toEqual([
    '/v2/pay of a.1 failed at 1970-01-01T00:00:00.000Z: ECONNRESET',
  ]);
  expect(SCENARIOS.filter((one) => one.without_failure).map((one) => one.name)).toEqual(['rolling-restart']);
});

describe('a world of processes', () => {
  let home: string;
  let world: World;
  let tally: Tally;
  let books: Books;

  beforeAll(async () => {
    home = await makeHome();
    world = await startWorld(home);
  }, 60_000);

  afterAll(async () => {
    await world.close();
    await rm(home, { recursive: true });
  }, 30_000);

  const run = (scenario: Scenario) => runScenario(world, scenario, { seed: 1, name: scenario.name, before: [] });

  it('survives the kill of a node with nothing violated', async () => {
    const scenario: Scenario = {
      name: 'kill',
      about: 'SIGKILL to one node',
      async run({ load }) {
        await load.moreSuccesses(60);
        await world.node(0).process.end('SIGKILL');
      },
    };
    const done = await run(scenario);
    expect(done.result.violations).toEqual([]);
    expect(done.result.requests).toBeGreaterThan(60);
    tally = done.tally;
    books = await booksOf(world, [tally]);
    // There is something of every kind to check.
    expect(books.refunds.length).toBeGreaterThan(0);
    expect(books.heard.length).toBeGreaterThan(0);
    expect(books.ledger.map((entry) => entry.kind)).toEqual(expect.arrayContaining(['payment', 'refund']));
  }, 90_000);

  it('a request that fails while none may fail is reported', async () => {
    const { result } = await run({
      name: 'no-failure',
      about: 'connections are reset though no request may fail',
      without_failure: true,
      async run({ load }) {
        await load.moreSuccesses(5);
        world.ways.merchant.set({ kind: 'reset' });
        const { failures } = load.tally;
        await expect.poll(() => failures.length, { timeout: 10_000 }).toBeGreaterThan(0);
      },
    });
    expect(result.violations.map((one) => one.text)).toContainEqual(expect.stringMatching(/failed at .*: ECONNRESET$/));
  }, 90_000);

  const paid = (): OrderRow => {
    const found = books.orders.find((one) => one.state === 'paid' && one.refunded_fen === 0 && one.facts !== null);
    if (!found) throw new Error('no order is paid');
    return found;
  };
  const texts = (changes: Partial<Books>): string[] => checkBooks({ ...books, ...changes }).map((one) => one.text);
  const withOrder = (changes: Partial<OrderRow>) => {
    const { trade_id } = paid();
    return texts({ orders: books.orders.map((one) => (one.trade_id === trade_id ? { ...one, ...changes } : one)) });
  };

  it.each<[string, Partial<OrderRow>, RegExp]>([
    ['undecided', { state: 'undecided' }, /^is undecided$/],
    ['closed', { state: 'closed' }, /^is closed, and the payer has not got \d+ fen back$/],
    ['paid twice', { times_paid: 2 }, /^became paid 2 times$/],
    ['of another amount', { total_fen: 1 }, /^is of 1 fen here, of \d+ there$/],
    ['without its payment', { facts: null }, /^is paid, but was paid at the channel$/],
    ['refunded though nothing went back', { refunded_fen: 5 }, /^gave back 5 fen here, 0 there$/],
    ['still reserving', { refund_reserved_fen: 3 }, /^still reserves 3 fen$/],
    ['under another number', { trade_id: 'f'.repeat(24) }, /^had the number/],
  ])('an order that is %s in our books is found', (_what, changes, text) => {
    expect(withOrder(changes)).toContainEqual(expect.stringMatching(text));
  });

  it('what the channel lacks or did twice is found', () => {
    const { trade_id } = paid();
    const payment = books.ledger.find((one) => one.kind === 'payment' && one.out_trade_no === trade_id);
    if (!payment) throw new Error('the channel knows no payment');
    const without = books.ledger.filter((one) => one !== payment);
    expect(texts({ ledger: without })).toContain('is paid, but the channel took nothing');
    expect(texts({ ledger: without })).toContain('was notified as paid, and the channel took nothing');
    expect(texts({ ledger: [...books.ledger, payment] })).toContain('was paid 2 times at the channel');
    const stranger = { ...payment, out_trade_no: '0'.repeat(24) };
    expect(texts({ ledger: [...books.ledger, stranger] })).toContain('is not known here, and the channel took money');
    const refund = { ...payment, kind: 'refund' as const, out_refund_no: 'x', amount: payment.amount + 1 };
    expect(texts({ ledger: [...books.ledger, refund] })).toContain('gave back 1 fen more than were paid');
  });

  it('what the merchant never heard, or heard in two ways, is found', () => {
    const path = `/${paid().mch_trade_id}`;
    const heard = books.heard.find((one) => one.path === path);
    if (!heard) throw new Error('nothing was heard');
    expect(texts({ heard: books.heard.filter((one) => one.path !== path) })).toContain(
      'is paid, and its merchant has not heard of it',
    );
    const other = books.heard.find((one) => one.path !== path && one.token !== heard.token);
    expect(texts({ heard: [...books.heard, { ...heard, token: other?.token ?? '' }] })).toContain(
      'was told under 2 nonces',
    );
    expect(texts({ heard: [...books.heard, { ...heard, token: `${heard.token}x` }] })).toContainEqual(
      expect.stringMatching(/heard what nobody signed/),
    );
    expect(texts({ notifications: [] })).toContainEqual(expect.stringMatching(/which is in no outbox$/));
  });

  it('a job, a notification or an exception that is left is found', () => {
    expect(texts({ jobs: 2 })).toContain('2 jobs are left');
    const pending = books.notifications.map((one) => ({ ...one, state: 'pending' }));
    expect(texts({ notifications: pending })).toContainEqual(expect.stringMatching(/which is pending/));
    const exceptions = [{ kind: 'second_payment', trade_id: null, detail: {} }];
    expect(texts({ exceptions })).toContain('a person is asked to look: second_payment {}');
  });

  it('a success that was answered and is gone is found in the database itself', async () => {
    const order = paid();
    const told = books.told.successes.some((one) => one.mch_trade_id === order.mch_trade_id);
    expect(told).toBe(true);
    await world.sql('UPDATE orders SET mch_trade_id = $2 WHERE trade_id = $1', [order.trade_id, 'tampered']);
    await world.sql("UPDATE refunds SET state = 'closed' WHERE state = 'succeeded'");
    const found = checkBooks(await booksOf(world, [tally])).map((one) => one.text);
    expect(found).toContain(`${order.mch_trade_id} was answered with success, and is gone`);
    expect(found).toContainEqual(expect.stringMatching(/^has the refund .* which is closed and was made 1 times$/));
  });
});
