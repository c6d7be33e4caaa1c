/**
 * The real PostgreSQL under the scheduler: a statement waits for its turn like everything else, and one is executed at a time, so
 * that their order is the seed's choice. Where a statement leaves the order of its rows open, the seed chooses that too.
 */
import type { Database, Statement } from '../../gateway/src/storage/database.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { describeStatement } from './describe-statement.ts';

/** How long a statement takes to reach the database and be executed, in virtual milliseconds. */
const MOST_STATEMENT_MS = 3;

/** Told of each statement when it has been committed and before its node knows: the moment at which a crash hurts most. */
export type StatementWatcher = (owner: string, statement_name: string) => void;

export class SimulatedDatabase {
  readonly #scheduler: Scheduler;
  readonly #real: Database;
  readonly #random: SeededRandom;
  readonly #watchers: StatementWatcher[] = [];
  #statements = 0;

  /** @param real executes the statements; it needs one connection only */
  constructor(scheduler: Scheduler, real: Database) {
    this.#scheduler = scheduler;
    this.#real = real;
    this.#random = scheduler.random.stream('database');
  }

  /** Statements executed. */
  get statements(): number {
    return this.#statements;
  }

  watch(watcher: StatementWatcher): void {
    this.#watchers.push(watcher);
  }

  /** The database as one node sees it. */
  connect(owner: string): Database {
    return {
      query: <Row>(statement: Statement, values: readonly unknown[]) => this.#query<Row>(owner, statement, values),
      close: async () => undefined,
    };
  }

  #query<Row>(owner: string, statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      const delay_ms = this.#random.integer(0, MOST_STATEMENT_MS);
      this.#scheduler.after(delay_ms, owner, statement.name, async () => {
        this.#statements += 1;
        try {
          const rows = await this.#real.query<Row>(statement, values);
          this.#settleOrder(statement, rows);
          this.#note(owner, statement, values, rows);
          for (const watcher of this.#watchers) watcher(owner, statement.name);
          resolve(rows);
        } catch (error) {
          this.#scheduler.trace.note(
            owner,
            `sql ${statement.name}: ${error instanceof Error ? error.message : 'failed'}`,
          );
          reject(error instanceof Error ? error : new Error('the database failed'));
        }
      });
    });
  }

  /** PostgreSQL may answer rows without ORDER BY in any order: here in one that only the seed decides. */
  #settleOrder(statement: Statement, rows: unknown[]): void {
    if (rows.length < 2 || /\bORDER BY\b[^()]*$/.test(statement.text)) return;
    const keyed = rows.map((row) => ({ row, key: JSON.stringify(row) }));
    keyed.sort((left, right) => (left.key < right.key ? -1 : 1));
    this.#random.shuffle(keyed);
    rows.splice(0, rows.length, ...keyed.map(({ row }) => row));
  }

  #note(owner: string, statement: Statement, values: readonly unknown[], rows: readonly unknown[]): void {
    const told = describeStatement(statement.name, values, rows);
    if (told === null) this.#scheduler.trace.tick(owner, `sql ${statement.name}: ${rows.length}`);
    else this.#scheduler.trace.note(owner, `sql ${statement.name}${told}`);
  }
}
