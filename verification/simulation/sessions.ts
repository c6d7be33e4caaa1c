/**
 * Sessions with the real PostgreSQL, of which one at a time is busy. A statement that has to wait for a lock is seen as waiting,
 * and stays so until whoever holds the lock commits: which statement goes on, and when, is the scheduler's choice and never the
 * server's.
 */
import pg from 'pg';
import { sessionSettings, type Statement } from '../../gateway/src/storage/database.ts';
import { changeIn, type Change } from './changes.ts';

/** How long PostgreSQL waits before it looks for a deadlock. It looks once for each wait: we wait for its look, and then nothing comes by itself. */
const DEADLOCK_LOOK_MS = 10;
const AFTER_LOOK_MS = 3 * DEADLOCK_LOOK_MS;

/** Who waits, and for whom. */
interface Wait {
  readonly pid: number;
  readonly blockers: readonly number[];
}

/** One that has just been given its lock and has not run since is blocked by nobody. */
const WAITING = `SELECT pid, blockers FROM pg_stat_activity, pg_blocking_pids(pid) AS blockers
WHERE pid = ANY ($1::integer[]) AND wait_event_type = 'Lock' AND blockers <> '{}' ORDER BY pid`;

/** One connection, with at most one statement under way. */
export class Session {
  readonly pid: number;
  /** A transaction is open. */
  open = false;
  readonly #client: pg.Client;
  #changes: Change[] = [];

  private constructor(client: pg.Client, pid: number) {
    this.#client = client;
    this.pid = pid;
    client.on('notice', ({ message }) => {
      const change = changeIn(message);
      if (change) this.#changes.push(change);
    });
  }

  static async connect(url: string): Promise<Session> {
    const settings = sessionSettings();
    const client = new pg.Client({
      connectionString: url,
      ...settings,
      options: `${settings.options} -c deadlock_timeout=${DEADLOCK_LOOK_MS} -c synchronous_commit=off`,
      application_name: 'heliu-simulation',
    });
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const [row] = rows;
    if (!row) throw new Error('the server names no session');
    return new Session(client, row.pid);
  }

  /** Executes a named statement. Rejects with what the driver throws. */
  async execute({ name, text }: Statement, values: readonly unknown[]): Promise<unknown[]> {
    return (await this.#client.query({ name, text, values: [...values] })).rows as unknown[];
  }

  /** What was changed here since the last time, in the order in which it was done. */
  takeChanges(): Change[] {
    const taken = this.#changes;
    this.#changes = [];
    return taken;
  }

  /** Executes a text without parameters, several statements among them. */
  async run(text: string): Promise<void> {
    await this.#client.query(text);
  }

  async begin(): Promise<void> {
    await this.run('BEGIN');
    this.open = true;
  }

  async end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    this.open = false;
    if (how === 'ROLLBACK') this.#changes = [];
    await this.run(how);
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}

export class Sessions {
  readonly #url: string;
  readonly #idle: Session[] = [];
  readonly #all: Session[] = [];
  #observer: Session | null = null;

  /** @param url a migrated database */
  constructor(url: string) {
    this.#url = url;
  }

  /** A session that nobody uses. */
  async take(): Promise<Session> {
    return this.#idle.pop() ?? this.#connect();
  }

  /** Gives it back. */
  release(session: Session): void {
    this.#idle.push(session);
  }

  /** Lets somebody use a session. */
  async use<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    const session = await this.take();
    try {
      return await work(session);
    } finally {
      session.takeChanges();
      this.release(session);
    }
  }

  /**
   * Waits until a statement is done or has to wait for a lock, and then until PostgreSQL has looked for a deadlock.
   * @returns who blocks it; null: it is done, well or badly
   */
  async settle(session: Session, running: Promise<unknown>): Promise<readonly number[] | null> {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    const marked = running.then(mark, mark);
    let looked = false;
    for (;;) {
      const [wait] = await this.waits([session]);
      if (done) return null;
      if (!wait) continue;
      if (looked) return wait.blockers;
      await Promise.race([marked, new Promise((resolve) => setTimeout(resolve, AFTER_LOOK_MS))]);
      looked = true;
    }
  }

  /** Which of the sessions wait for a lock, and for whom. */
  async waits(sessions: readonly Session[]): Promise<Wait[]> {
    this.#observer ??= await this.#connect();
    const pids = sessions.map((session) => session.pid);
    return (await this.#observer.execute({ name: 'waiting', text: WAITING }, [pids])) as Wait[];
  }

  /** Ends the statement of a session with an error, as if it had never been sent. */
  async cancel(session: Session): Promise<void> {
    this.#observer ??= await this.#connect();
    await this.#observer.execute({ name: 'cancel', text: 'SELECT pg_cancel_backend($1)' }, [session.pid]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((session) => session.close()));
  }

  async #connect(): Promise<Session> {
    const session = await Session.connect(this.#url);
    this.#all.push(session);
    return session;
  }
}
