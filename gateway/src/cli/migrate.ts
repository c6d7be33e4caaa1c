/** `heliu migrate`: brings the database up to date. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { startEmbeddedPostgres } from '../embedded/postgres.ts';
import { DATA_FOLDER } from '../embedded/running-server.ts';
import { migrate, type MigrationReport } from '../storage/migrate.ts';
import { addCommand } from './command.ts';
import { createOutput } from './output.ts';
import { findDatabaseUrl } from './workplace.ts';

/** Adds the command to the program. */
export function addMigrateCommand(program: Command): void {
  addCommand(program, 'migrate', 'bring the database up to date; serve does it too', [
    'heliu migrate',
    'DATABASE_URL=postgres://heliu@db.example.com/heliu heliu migrate --json',
  ]).action(run);
}

async function run(options: { readonly json?: boolean }): Promise<void> {
  const config = readConfig(process.env);
  const url = await findDatabaseUrl(config);
  const report = url === null ? await migrateEmbedded(config.home) : await migrate(url);
  createOutput(options).result({ applied: report.applied }, () =>
    report.applied.length === 0 ? 'The database was up to date.' : `Applied ${report.applied.join(', ')}.`,
  );
}

/** Starts the embedded server for as long as it takes. */
async function migrateEmbedded(home: string): Promise<MigrationReport> {
  const server = await startEmbeddedPostgres({
    data_directory: join(home, DATA_FOLDER),
    port: 0,
    log: () => undefined,
  });
  try {
    return await migrate(server.url);
  } finally {
    await server.stop();
  }
}
