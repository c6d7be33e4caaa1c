/** The database server of the world: the real PostgreSQL with fsync, on a port that it keeps, with a disk of its own. */
import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../gateway/src/embedded/postgres.ts';
import { processTree } from '../bench/processes.ts';
import { makeSmallDisk, type SmallDisk } from './disk.ts';

export class DatabaseServer {
  readonly disk: SmallDisk;
  readonly #folder: string;
  readonly #log_file: string;
  #server: EmbeddedPostgres;
  #has_ended = false;
  #is_closed = false;
  #starting: Promise<void> = Promise.resolve();

  private constructor(disk: SmallDisk, folder: string, log_file: string, server: EmbeddedPostgres) {
    this.disk = disk;
    this.#folder = folder;
    this.#log_file = log_file;
    this.#server = server;
    this.#watch();
  }

  /** @param folder is made, and becomes a disk of its own where that is permitted */
  static async start(folder: string, log_file: string): Promise<DatabaseServer> {
    const disk = await makeSmallDisk(folder);
    try {
      const server = await serve(join(folder, 'data'), 0, log_file);
      return new DatabaseServer(disk, join(folder, 'data'), log_file, server);
    } catch (error) {
      await disk.remove();
      throw error;
    }
  }

  /** Direct, password included: a secret. */
  get url(): string {
    return this.#server.url;
  }

  get port(): number {
    return this.#server.port;
  }

  get has_ended(): boolean {
    return this.#has_ended;
  }

  async pid(): Promise<number> {
    return Number((await readFile(join(this.#folder, 'postmaster.pid'), 'utf8')).split('\n', 1)[0]);
  }

  /** SIGKILL to the postmaster; its children notice by themselves. */
  async kill(): Promise<void> {
    process.kill(await this.pid(), 'SIGKILL');
    await this.#server.ended;
  }

  /** Sends a signal to the postmaster and everything below it. */
  async signalAll(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    for (const pid of processTree([await this.pid()])) process.kill(pid, signal);
  }

  /** Starts it again on the same port, when it has ended; it recovers by itself. */
  async startAgain(): Promise<void> {
    if (!this.#has_ended) return;
    if (this.#is_closed) throw new Error('the database is not started any more: the run is over');
    this.#starting = this.#restart();
    await this.#starting;
  }

  async #restart(): Promise<void> {
    await this.#server.stop();
    this.#server = await serve(this.#folder, this.port, this.#log_file);
    this.#watch();
  }

  async close(): Promise<void> {
    this.#is_closed = true;
    // A start that is under way, e.g. when the run is interrupted, leaves a server behind that is ended here.
    await this.#starting.catch(() => undefined);
    await this.signalAll('SIGCONT').catch(() => undefined);
    await this.#server.stop();
    await this.disk.remove();
  }

  #watch(): void {
    const server = this.#server;
    this.#has_ended = false;
    const seen = async (): Promise<void> => {
      await server.ended;
      if (this.#server === server) this.#has_ended = true;
    };
    void seen();
  }
}

function serve(data_directory: string, port: number, log_file: string): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ data_directory, port, log: (line) => appendFileSync(log_file, `${line}\n`) });
}
