import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { serveCommands } from './child.ts';
import { Durations } from './figures.ts';
import type { DurationSummary } from './figures.ts';
import { MerchantCalls } from './merchant-calls.ts';
import type { MerchantSettings, SignedRequest } from './merchant-calls.ts';
import type { BenchPayType } from './pay-types.ts';

/**
 * The load generator, a process of its own. Requests are signed before the clock starts and kept in named stocks, so that
 * the programs compared get the very same ones.
 */

/** What a stock is made of; the pay types or the numbers of paid orders take turns. */
export type StockContent =
  | { readonly kind: 'orders'; readonly pay_types: readonly BenchPayType[] }
  | { readonly kind: 'queries'; readonly mch_trade_ids: readonly string[] };

export interface PrepareCommand {
  readonly stock: string;
  readonly count: number;
  readonly merchant: MerchantSettings;
  readonly content: StockContent;
}

export interface LoadCommand {
  readonly stock: string;
  readonly url: string;
  /** Requests of the stock to pass over, because this program has already had them. */
  readonly skip: number;
  readonly seconds: number;
  /** Verifies the answers of this program. */
  readonly platform_public_key: string;
}

export interface ClosedLoopCommand extends LoadCommand {
  readonly in_flight: number;
}

export interface OpenLoopCommand extends LoadCommand {
  /** Calls a second, evenly spaced, whatever becomes of the earlier ones. */
  readonly rate: number;
  /** Sign each request and verify each answer inside the measured time, as a merchant's program does. */
  readonly whole_call: boolean;
}

export interface LoadReport extends DurationSummary {
  readonly seconds: number;
  readonly sent: number;
  readonly succeeded: number;
  /** HTTP 503; `without_retry_after` of them do not say when to come again. */
  readonly refused: number;
  readonly without_retry_after: number;
  /** Everything that is neither, by kind. A 503 counts as an error in the closed loop only. */
  readonly errors: Readonly<Record<string, number>>;
  /** The same of each pay type, where there are several; queries are not told apart. */
  readonly by_pay_type: Readonly<Record<string, DurationSummary & { readonly succeeded: number }>>;
}

interface Stock {
  readonly merchant: MerchantSettings;
  readonly make: (index: number) => Promise<SignedRequest>;
  readonly requests: SignedRequest[];
}

/** One answer in so many has its signature verified and its content read. */
const SAMPLE_EVERY = 25;

/** Beyond this the open loop gives up sending: the program under test has stopped to answer. */
const MOST_OPEN_CALLS = 4_000;

/**
 * As a load balancer's: fewer than the system lets wait to be accepted (511 with Node), so that what is measured is the
 * program's answer and not TCP's second and fourth try to connect. A call that waits for one of them has begun to count.
 */
const OPEN_LOOP_CONNECTIONS = 256;

const stocks = new Map<string, Stock>();

async function prepare(command: PrepareCommand): Promise<number> {
  let stock = stocks.get(command.stock);
  if (stock === undefined) {
    stock = { merchant: command.merchant, make: maker(command), requests: [] };
    stocks.set(command.stock, stock);
  }
  const { make, requests } = stock;
  while (requests.length < command.count) {
    const first = requests.length;
    const missing = Math.min(256, command.count - first);
    requests.push(...(await Promise.all(Array.from({ length: missing }, (_, index) => make(first + index)))));
  }
  return requests.length;
}

/** Empties a stock, so that it can be made of something else. */
function discard(stock: string): Promise<void> {
  stocks.delete(stock);
  return Promise.resolve();
}

function maker({ merchant, content }: PrepareCommand): (index: number) => Promise<SignedRequest> {
  const calls = new MerchantCalls(merchant);
  if (content.kind === 'orders') return (index) => calls.order(turnOf(content.pay_types, index));
  return (index) => calls.query(turnOf(content.mch_trade_ids, index));
}

function turnOf<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to make a stock of');
  return item;
}

/** Counts and checks what comes back. */
class Tally {
  readonly durations = new Durations();
  readonly #by_pay_type = new Map<string, Durations>();
  readonly #calls: MerchantCalls;
  readonly #errors = new Map<string, number>();
  readonly #check_every: number;
  sent = 0;
  refused = 0;
  without_retry_after = 0;

  constructor(calls: MerchantCalls, check_every: number) {
    this.#calls = calls;
    this.#check_every = check_every;
  }

  async call(pool: Pool, request: SignedRequest, since_ms: number): Promise<void> {
    this.sent += 1;
    const sampled = this.sent % this.#check_every === 0;
    try {
      const answer = await pool.request({
        method: 'POST',
        path: request.path,
        headers: { 'content-type': 'text/plain' },
        body: request.token,
      });
      const body = await answer.body.text();
      if (answer.statusCode === 503) return this.#countRefusal(answer);
      const problem =
        this.#calls.shapeProblem(answer.statusCode, body) ??
        (sampled ? this.#calls.answerProblem(request, body) : null);
      if (problem === null) this.#count(request, performance.now() - since_ms);
      else this.countError(problem);
    } catch (problem) {
      this.countError(problem instanceof Error ? problem.message : String(problem));
    }
  }

  #count({ pay_type }: SignedRequest, duration_ms: number): void {
    this.durations.add(duration_ms);
    if (pay_type === null) return;
    let durations = this.#by_pay_type.get(pay_type.code);
    if (durations === undefined) {
      durations = new Durations();
      this.#by_pay_type.set(pay_type.code, durations);
    }
    durations.add(duration_ms);
  }

  #countRefusal(answer: Dispatcher.ResponseData): void {
    this.refused += 1;
    if (answer.headers['retry-after'] === undefined) this.without_retry_after += 1;
  }

  countError(kind: string): void {
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + 1);
  }

  report(seconds: number): LoadReport {
    return {
      ...this.durations.summary(),
      seconds,
      sent: this.sent,
      succeeded: this.durations.count,
      refused: this.refused,
      without_retry_after: this.without_retry_after,
      errors: Object.fromEntries(this.#errors),
      by_pay_type: Object.fromEntries(
        [...this.#by_pay_type].map(([code, one]) => [code, { ...one.summary(), succeeded: one.count }]),
      ),
    };
  }
}

/** A merchant's calls, checked with the key of the program under test, and the stock to take from. */
function open(command: LoadCommand, check_every: number): { stock: Stock; tally: Tally } {
  const stock = stocks.get(command.stock);
  if (stock === undefined) throw new Error(`no stock ${command.stock}`);
  const merchant = { ...stock.merchant, platform_public_key: command.platform_public_key };
  return { stock, tally: new Tally(new MerchantCalls(merchant), check_every) };
}

/** So many callers, each with one call on its way; ends after the time or with the stock, whichever is first. */
async function closedLoop(command: ClosedLoopCommand): Promise<LoadReport> {
  const { stock, tally } = open(command, SAMPLE_EVERY);
  const pool = new Pool(command.url, { connections: command.in_flight });
  let next = command.skip;
  const started_ms = performance.now();
  const deadline_ms = started_ms + command.seconds * 1000;
  const caller = async (): Promise<void> => {
    for (;;) {
      const now_ms = performance.now();
      const request = stock.requests[next];
      if (now_ms >= deadline_ms || request === undefined) return;
      next += 1;
      await tally.call(pool, request, now_ms);
    }
  };
  await Promise.all(Array.from({ length: command.in_flight }, caller));
  const seconds = (performance.now() - started_ms) / 1000;
  await pool.close();
  if (tally.refused > 0) tally.countError(`HTTP 503 (${tally.refused} times)`);
  return tally.report(seconds);
}

/** Calls at a fixed rate. A duration counts from when the call was due, so that a late sender hides nothing. */
async function openLoop(command: OpenLoopCommand): Promise<LoadReport> {
  const { stock, tally } = open(command, command.whole_call ? 1 : SAMPLE_EVERY);
  const pool = new Pool(command.url, { connections: OPEN_LOOP_CONNECTIONS });
  const running = new Set<Promise<void>>();
  const call = async (index: number, due_ms: number): Promise<void> => {
    const request = command.whole_call ? await stock.make(index) : stock.requests[index];
    if (request !== undefined) await tally.call(pool, request, due_ms);
  };
  const available = command.whole_call ? Number.POSITIVE_INFINITY : stock.requests.length - command.skip;
  const total = Math.min(available, Math.round(command.rate * command.seconds));
  const started_ms = performance.now();
  for (let index = 0; index < total;) {
    const now_ms = performance.now();
    for (; index < total && started_ms + (index / command.rate) * 1000 <= now_ms; index += 1) {
      if (running.size >= MOST_OPEN_CALLS) {
        tally.countError('not sent: too many calls without an answer');
        continue;
      }
      const started = call(command.skip + index, started_ms + (index / command.rate) * 1000);
      running.add(started);
      void started.finally(() => running.delete(started));
    }
    await pause(started_ms + (index / command.rate) * 1000 - performance.now());
  }
  await Promise.all(running);
  const seconds = (performance.now() - started_ms) / 1000;
  await pool.close();
  return tally.report(seconds);
}

/** A timer is late by up to a millisecond, which counts into the durations; waiting actively would take a core. */
function pause(milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, Math.max(1, milliseconds));
  return promise;
}

serveCommands({ prepare, discard, closedLoop, openLoop });
