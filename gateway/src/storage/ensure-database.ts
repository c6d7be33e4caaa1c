import { Client, DatabaseError } from 'pg';

/** SQLSTATE 3D000, invalid_catalog_name: the database does not exist. */
const NO_SUCH_DATABASE = '3D000';

/** Creates the database that `url` names unless it exists. The server's maintenance database `postgres` must be reachable. */
export async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return;
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== NO_SUCH_DATABASE) throw error;
  } finally {
    await client.end();
  }
  const target = new URL(url);
  const name = decodeURIComponent(target.pathname.slice(1));
  target.pathname = '/postgres';
  const maintenance = new Client({ connectionString: target.href });
  await maintenance.connect();
  try {
    await maintenance.query(`CREATE DATABASE ${maintenance.escapeIdentifier(name)}`);
  } finally {
    await maintenance.end();
  }
}
