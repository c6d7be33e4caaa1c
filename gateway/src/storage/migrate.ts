import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, DatabaseError } from 'pg';

/** One file of `migrations/`: `0001_merchants.sql` is version 1, name `merchants`. */
interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly checksum: string;
}

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
}

/** What a call of `migrate` did. */
export interface MigrationReport {
  /** Names of what was applied now, e.g. `0002_orders`; empty when the database was current. */
  readonly applied: readonly string[];
}

/** The database and the migration files do not fit together. The message names the migration and the remedy. */
export class MigrationMismatch extends Error {
  override readonly name = 'MigrationMismatch';
}

/** "Heliu" in ASCII: nodes that start together wait for each other on this advisory lock. */
const ADVISORY_LOCK = '310939249013';

const MIGRATIONS_FOLDER = join(import.meta.dirname, 'migrations');

/**
 * Brings the database up to date, forward only. Each file runs in a transaction of its own together with its entry in
 * schema_migrations; two nodes that start together take turns by an advisory lock.
 *
 * @param url connection URL of an existing database
 * @throws MigrationMismatch when an applied file was changed, renamed or is missing, or a new one stands before an applied one
 */
export async function migrate(url: string, folder: string = MIGRATIONS_FOLDER): Promise<MigrationReport> {
  const migrations = await readMigrations(folder);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await client.query(`
      CREATE TABLE IF NOT EXISTS schema_migrations (
        version    integer     PRIMARY KEY,
        name       text        NOT NULL,
        checksum   text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`);
    const { rows } = await client.query<AppliedMigration>(
      'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
    );
    const missing = pendingMigrations(migrations, rows);
    for (const migration of missing) await applyMigration(client, migration);
    return { applied: missing.map(fileTitle) };
  } finally {
    // Ending the connection gives the advisory lock back, however we leave.
    await client.end();
  }
}

/** Which migrations a database has and which it lacks, by name, e.g. `0002_orders`. */
export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

/** SQLSTATE 42P01, undefined_table: nothing was ever applied. */
const NO_SUCH_TABLE = '42P01';

/**
 * Looks, and changes nothing.
 *
 * @throws MigrationMismatch as `migrate` does
 */
export async function migrationState(url: string, folder: string = MIGRATIONS_FOLDER): Promise<MigrationState> {
  const migrations = await readMigrations(folder);
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client
      .query<AppliedMigration>('SELECT version, name, checksum FROM schema_migrations ORDER BY version')
      .catch((error: unknown) => {
        if (error instanceof DatabaseError && error.code === NO_SUCH_TABLE) return { rows: [] };
        throw error;
      });
    return { applied: rows.map(fileTitle), pending: pendingMigrations(migrations, rows).map(fileTitle) };
  } finally {
    await client.end();
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).toSorted();
  const migrations: Migration[] = [];
  for (const file of files) {
    const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
    if (!match) throw new MigrationMismatch(`${file} in ${folder} is not named like 0001_merchants.sql. Rename it.`);
    const sql = await readFile(join(folder, file), 'utf8');
    const version = Number(match[1]);
    const migration = { version, name: match[2] ?? '', sql, checksum: createHash('sha256').update(sql).digest('hex') };
    const twin = migrations.find((other) => other.version === version);
    if (twin)
      throw new MigrationMismatch(
        `${fileTitle(twin)} and ${fileTitle(migration)} have the same number. Renumber the newer.`,
      );
    migrations.push(migration);
  }
  return migrations;
}

function pendingMigrations(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.version, migration]));
  for (const done of applied) {
    const file = known.get(done.version);
    const title = fileTitle(done);
    if (file === undefined) {
      throw new MigrationMismatch(
        `Migration ${title} was applied to this database and is missing here. Run the version of Heliu that has it, or a newer one.`,
      );
    }
    if (file.name !== done.name || file.checksum !== done.checksum) {
      throw new MigrationMismatch(
        `Migration ${title} was changed after it was applied to this database. Restore the file and put the change into a new migration.`,
      );
    }
  }
  const newest_applied = applied.at(-1)?.version ?? 0;
  const done_versions = new Set(applied.map((done) => done.version));
  const pending = migrations.filter((migration) => !done_versions.has(migration.version));
  const late = pending.find((migration) => migration.version < newest_applied);
  if (late) {
    throw new MigrationMismatch(
      `Migration ${fileTitle(late)} comes before ${newest_applied}, which is applied already. Renumber it to follow.`,
    );
  }
  return pending;
}

async function applyMigration(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query('INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)', [
      migration.version,
      migration.name,
      migration.checksum,
    ]);
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Migration ${fileTitle(migration)} failed and was rolled back: ${reason}`, { cause });
  }
}

function fileTitle(migration: Pick<Migration, 'version' | 'name'>): string {
  return `${String(migration.version).padStart(4, '0')}_${migration.name}`;
}
