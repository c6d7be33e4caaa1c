/**
 * The real PostgreSQL under the scheduler: a statement waits for its turn like everything else, and their order is the seed's
 * choice. Some statements keep their transaction open for a while, as on a slow server, so that others meet their locks: one that
 * has to wait is left waiting while the rest of the world goes on. Where a statement leaves the order of its rows open, the seed
 * chooses that too.
 */
import pg from 'pg';
import { createDatabase, sqlState, type Database, type Statement } from '../../gateway/src/storage/database.ts';
import type { Change } from './changes.ts';
import { describeStatement } from './describe-statement.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Session, Sessions, Wait } from './sessions.ts';

/** How long a statement takes to reach the database and be executed, in virtual milliseconds. */
const MOST_STATEMENT_MS = 3;

/**
 * How often a statement fares badly, 0..1.
 *
 * | fate | executed | what its node meets |
 * |---|---|---|
 * | `lost_before` | no | a lost connection |
 * | `lost_after` | yes | a lost connection |
 * | `held` | yes, but committed up to `most_held_ms` later | the answer, when it is committed |
 */
export interface DatabaseWeather {
  readonly lost_before: number;
  readonly lost_after: number;
  readonly held: number;
  readonly most_held_ms: number;
}

export const FINE: DatabaseWeather = { lost_before: 0, lost_after: 0, held: 0, most_held_ms: 0 };

/** What befell statements, for those who count. */
export type StatementFate =
  | 'executed'
  | 'lost_before'
  | 'lost_after'
  | 'held'
  | 'waited'
  | 'sent_again'
  | 'deadlock'
  | 'rolled_back';

/** Told of each statement when it has been committed and before its node knows: the moment at which a crash hurts most. */
export type StatementWatcher = (owner: string, statement_name: string, changes: readonly Change[]) => void;

/** A statement on its way from a node. */
interface Call {
  readonly owner: string;
  readonly statement: Statement;
  readonly values: readonly unknown[];
  readonly resolve: (rows: unknown[]) => void;
  readonly reject: (error: unknown) => void;
  fate: Exclude<keyof DatabaseWeather, 'most_held_ms'> | null;
}

/** A statement whose transaction is open: executed and not committed, or still waiting for a lock. */
interface Open {
  readonly call: Call;
  readonly session: Session;
  readonly running: Promise<unknown[]>;
  waiting: boolean;
  /** For whom it waits. */
  blockers: readonly number[];
}

/** When a node hears of its statement: in the very task that executed it, or in one that is chosen like any other. */
type Hearing = 'at_once' | 'in_turn';

/** Lost connections are met as the driver meets them: an error without SQLSTATE. */
const connectionLost = (): Error => new Error('Connection terminated unexpectedly');

const QUERY_CANCELED = '57014';
const DEADLOCK = '40P01';

function deadlockDetected(): pg.DatabaseError {
  const error = new pg.DatabaseError('deadlock detected', 0, 'error');
  error.code = DEADLOCK;
  return error;
}
const WRITES = /\b(?:INSERT|UPDATE|DELETE)\b/;

export class SimulatedDatabase {
  readonly #scheduler: Scheduler;
  readonly #sessions: Sessions;
  readonly #random: SeededRandom;
  readonly #watchers: StatementWatcher[] = [];
  readonly #fates = new Map<StatementFate, number>();
  /** Nodes that hear nothing any more. */
  readonly #gone = new Set<string>();
  readonly #sent = new Map<string, Statement>();
  #open: Open[] = [];
  #weather: DatabaseWeather = FINE;
  #statements = 0;

  constructor(scheduler: Scheduler, sessions: Sessions) {
    this.#scheduler = scheduler;
    this.#sessions = sessions;
    this.#random = scheduler.random.stream('database');
  }

  /** Statements executed. */
  get statements(): number {
    return this.#statements;
  }

  /** Each statement that nodes have sent, once. */
  get sent(): Iterable<Statement> {
    return this.#sent.values();
  }

  /** How many statements met each fate. */
  fates(): ReadonlyMap<StatementFate, number> {
    return this.#fates;
  }

  watch(watcher: StatementWatcher): void {
    this.#watchers.push(watcher);
  }

  /** From now on statements fare so. */
  become(weather: DatabaseWeather): void {
    this.#weather = weather;
  }

  /** The database as one node sees it. */
  connect(owner: string): Database {
    return createDatabase({
      execute: (statement, values) =>
        new Promise((resolve, reject) => this.#send({ owner, statement, values, resolve, reject, fate: null })),
      close: async () => undefined,
    });
  }

  /** The node is gone: what it had sent may still be committed, or be rolled back with its connection. */
  abandon(owner: string): void {
    this.#gone.add(owner);
    for (const open of this.#open) {
      if (open.call.owner !== owner || open.waiting || !this.#random.chance(0.5)) continue;
      this.#scheduler.after(0, 'database', 'rolls back', () => this.#end(open, 'ROLLBACK'));
    }
  }

  /** Commits whatever is open. For the end of a world, when nobody steps any more. */
  async settle(): Promise<void> {
    for (const open of this.#open) if (!open.waiting) await this.#end(open, 'COMMIT');
  }

  /** Rolls back whatever is open, and leaves every session idle. */
  async end(): Promise<void> {
    for (const open of [...this.#open].reverse()) {
      if (open.waiting) await this.#sessions.cancel(open.session);
      await failureOf(open.running);
      await open.session.end('ROLLBACK');
      this.#sessions.release(open.session);
    }
    this.#open = [];
  }

  #send(call: Call): void {
    const delay_ms = this.#random.integer(0, MOST_STATEMENT_MS);
    this.#performLater(delay_ms, call);
  }

  /** It has left its node, which may stand still meanwhile. */
  #performLater(delay_ms: number, call: Call): void {
    const perform = (): Promise<void> => this.#perform(call);
    this.#scheduler.after(delay_ms, call.owner, call.statement.name, perform, { apart: true });
  }

  async #perform(call: Call): Promise<void> {
    call.fate ??= this.#fateOf(call);
    this.#sent.set(call.statement.name, call.statement);
    if (call.fate === 'lost_before') return this.#lose(call, 'at_once');
    this.#statements += 1;
    const session = await this.#sessions.take();
    // With a transaction open somewhere this statement may have to wait; then it must not commit by itself either.
    const in_transaction = call.fate === 'held' || (this.#open.length > 0 && WRITES.test(call.statement.text));
    if (in_transaction) await session.begin();
    const running = session.execute(call.statement, call.values);
    running.catch(() => undefined);
    if (!in_transaction) return this.#finish(call, session, running, 'at_once');
    const open: Open = { call, session, running, waiting: false, blockers: [] };
    this.#open.push(open);
    await this.#advance(open);
  }

  /** A statement runs: it is done and committed, done and held, or has to wait. */
  async #advance(open: Open): Promise<void> {
    const others = this.#open.some((one) => one !== open);
    const wait = others ? await this.#sessions.settle(open.session, open.running) : null;
    if (wait !== null) {
      open.blockers = wait.blockers;
      const circle = await this.#circleOf(open, wait.blockers);
      if (circle.length > 0) return this.#breakUp(circle);
      if (await this.#standsInLine(open, wait)) return this.#callBack(open);
      if (!open.waiting) this.#note(open.call, 'waited', 'waits for a lock');
      open.waiting = true;
      return;
    }
    open.waiting = false;
    const failed = await open.running.then(
      () => false,
      () => true,
    );
    if (failed) return this.#end(open, 'ROLLBACK');
    if (open.call.fate !== 'held') return this.#end(open, 'COMMIT');
    this.#note(open.call, 'held', 'is held');
    const held_ms = this.#random.integer(1, this.#weather.most_held_ms || 1);
    this.#scheduler.after(held_ms, 'database', `commits ${open.call.statement.name}`, () => this.#end(open, 'COMMIT'));
  }

  /** Ends a transaction and lets those go on who waited for it, one after the other. */
  async #end(open: Open, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    if (!this.#open.includes(open)) return;
    this.#open = this.#open.filter((one) => one !== open);
    await open.session.end(how);
    if (how === 'ROLLBACK' && !(await failureOf(open.running))) this.#note(open.call, 'rolled_back', 'is rolled back');
    const outcome = how === 'COMMIT' ? open.running : open.running.then(() => Promise.reject(connectionLost()));
    outcome.catch(() => undefined);
    await this.#finish(open.call, open.session, outcome, 'in_turn');
    await this.#advanceAfter(open);
  }

  /** Who waited for somebody that has ended goes on, whatever it meets next. */
  async #advanceAfter({ session }: Open): Promise<void> {
    const freed = this.#open.filter((one) => one.waiting && one.blockers.includes(session.pid));
    for (const one of freed) if (this.#open.includes(one)) await this.#advance(one);
  }

  /**
   * Two who wait for the same one would run side by side once it is gone: the second is called back and comes later, as if it had
   * been sent later.
   */
  async #standsInLine(open: Open, { blockers, in_line }: Wait): Promise<boolean> {
    if (in_line) return true;
    const others = this.#open.filter((one) => one.waiting && one !== open);
    if (others.length === 0) return false;
    const waits = await this.#sessions.waits(others.map((one) => one.session));
    return waits.some((wait) => wait.blockers.some((pid) => blockers.includes(pid)));
  }

  /** Those who wait for each other in a circle that somebody closes; none when there is no circle. */
  async #circleOf(open: Open, blockers: readonly number[]): Promise<readonly Open[]> {
    const others = this.#open.filter((one) => one.waiting && one !== open);
    if (others.length === 0) return [];
    const waits = await this.#sessions.waits(others.map((one) => one.session));
    const blockersOf = new Map(waits.map((wait) => [wait.pid, wait.blockers]));
    const follow = (pids: readonly number[], way: readonly Open[]): readonly Open[] => {
      if (pids.includes(open.session.pid)) return way;
      for (const next of others) {
        if (!pids.includes(next.session.pid) || way.includes(next)) continue;
        const circle = follow(blockersOf.get(next.session.pid) ?? [], [...way, next]);
        if (circle.length > 0) return circle;
      }
      return [];
    };
    return follow(blockers, [open]);
  }

  /** PostgreSQL would roll one of them back; any of them. */
  async #breakUp(circle: readonly Open[]): Promise<void> {
    const victim = circle[this.#random.integer(0, circle.length - 1)];
    if (!victim) throw new Error('a circle of nobody');
    for (const one of circle) one.waiting = true;
    await this.#recall(victim);
    const deadlock = Promise.reject(deadlockDetected());
    deadlock.catch(() => undefined);
    await this.#finish(victim.call, victim.session, deadlock, 'in_turn');
    await this.#advanceAfter(victim);
  }

  async #recall(open: Open): Promise<void> {
    await this.#sessions.cancel(open.session);
    const error = await failureOf(open.running);
    if (sqlState(error) !== QUERY_CANCELED) throw new Error('a waiting statement could not be called back');
    this.#open = this.#open.filter((one) => one !== open);
    await open.session.end('ROLLBACK');
  }

  async #callBack(open: Open): Promise<void> {
    await this.#recall(open);
    this.#sessions.release(open.session);
    this.#note(open.call, 'sent_again', 'is sent again');
    const { call } = open;
    const delay_ms = this.#random.integer(1, this.#weather.most_held_ms || MOST_STATEMENT_MS);
    this.#performLater(delay_ms, call);
  }

  /**
   * A statement has been executed and committed, or has failed. Where PostgreSQL works on in the same task, for those who waited,
   * its node hears of it in a task of its own: else the machine's speed would say who is first.
   */
  async #finish(call: Call, session: Session, outcome: Promise<unknown[]>, hearing: Hearing): Promise<void> {
    const { owner, statement, values } = call;
    try {
      const rows = await outcome;
      const changes = session.takeChanges();
      this.#sessions.release(session);
      this.#settleOrder(statement, rows);
      this.#tell(call, values, rows);
      for (const watcher of this.#watchers) watcher(owner, statement.name, changes);
      if (call.fate === 'lost_after') return this.#lose(call, hearing);
      this.#count('executed');
      this.#hear(owner, () => call.resolve(rows), hearing);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) && !isLostConnection(error)) throw error;
      session.takeChanges();
      this.#sessions.release(session);
      if (sqlState(error) === DEADLOCK) this.#count('deadlock');
      const why = error instanceof Error ? error.message : 'failed';
      this.#scheduler.trace.note(owner, `sql ${statement.name}: ${why}`);
      this.#hear(owner, () => call.reject(error), hearing);
    }
  }

  #fateOf({ statement }: Call): Call['fate'] {
    const { lost_before, lost_after, held } = this.#weather;
    if (this.#random.chance(lost_before)) return 'lost_before';
    if (this.#random.chance(lost_after)) return 'lost_after';
    return WRITES.test(statement.text) && this.#random.chance(held) ? 'held' : null;
  }

  #lose(call: Call, hearing: Hearing): void {
    this.#note(call, call.fate === 'lost_before' ? 'lost_before' : 'lost_after', `loses its connection (${call.fate})`);
    this.#hear(call.owner, () => call.reject(connectionLost()), hearing);
  }

  /** A node that stands still hears of it when it goes on. */
  #hear(owner: string, hears: () => void, hearing: Hearing): void {
    if (this.#gone.has(owner)) return;
    if (hearing === 'in_turn' || this.#scheduler.standsStill(owner))
      this.#scheduler.after(0, owner, 'hears its database', hears);
    else hears();
  }

  #note({ owner, statement }: Call, fate: StatementFate, what: string): void {
    this.#count(fate);
    this.#scheduler.trace.note(owner, `sql ${statement.name} ${what}`);
  }

  #count(fate: StatementFate): void {
    this.#fates.set(fate, (this.#fates.get(fate) ?? 0) + 1);
  }

  /** PostgreSQL may answer rows without ORDER BY in any order: here in one that only the seed decides. */
  #settleOrder(statement: Statement, rows: unknown[]): void {
    if (rows.length < 2 || /\bORDER BY\b[^()]*$/.test(statement.text)) return;
    const keyed = rows.map((row) => ({ row, key: JSON.stringify(row) }));
    keyed.sort((left, right) => (left.key < right.key ? -1 : 1));
    this.#random.shuffle(keyed);
    rows.splice(0, rows.length, ...keyed.map(({ row }) => row));
  }

  #tell({ owner, statement }: Call, values: readonly unknown[], rows: readonly unknown[]): void {
    const told = describeStatement(statement.name, values, rows);
    if (told === null) this.#scheduler.trace.tick(owner, `sql ${statement.name}: ${rows.length}`);
    else this.#scheduler.trace.note(owner, `sql ${statement.name}${told}`);
  }
}

function failureOf(running: Promise<unknown>): Promise<unknown> {
  return running.then(
    () => null,
    (error: unknown) => error,
  );
}

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && error.message === connectionLost().message;
}
