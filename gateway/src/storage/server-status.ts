import type { Database, Statement } from './database.ts';

/** What a database server says about itself. */
export interface ServerStatus {
  /** As the server prints it, e.g. "18.4". */
  readonly version: string;
  /** The server's own clock, in milliseconds since the Unix epoch: compared with ours, never stored. */
  readonly now_ms: number;
  /** True on a standby: it cannot be written. */
  readonly in_recovery: boolean;
}

const STATUS: Statement = {
  name: 'server_status',
  text: `SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS in_recovery,
  floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms`,
};

/** Asks the server for its version, clock and role. */
export async function readServerStatus(database: Database): Promise<ServerStatus> {
  const status = (await database.query<ServerStatus>(STATUS, []))[0];
  if (!status) throw new Error('the server said nothing about itself');
  return status;
}
