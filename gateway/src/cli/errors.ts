/** Every error as one sentence that names what is wrong and one that says what to do. No stack, no SQL, no secret. */
import { CommanderError } from 'commander';
import { ApiError, type CodeName } from '../domain/codes.ts';
import { ConfigError } from '../config.ts';
import { StartupProblem, systemErrorCode } from '../embedded/startup-problem.ts';
import { DatabaseUnavailable } from '../domain/unavailable.ts';
import { sqlState } from '../storage/database.ts';
import { MigrationMismatch } from '../storage/migrate.ts';
import { SealBroken } from '../storage/seal.ts';

/** An error of the command line itself. `code` is a stable word for scripts. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exit_code: number;

  constructor(code: string, message: string, exit_code = 1) {
    super(message);
    this.code = code;
    this.exit_code = exit_code;
  }
}

/** The command was called wrongly: exit code 2. */
export function usageError(message: string): CliError {
  return new CliError('usage', message, 2);
}

export interface Explanation {
  readonly code: string;
  readonly message: string;
  /** 1: failed; 2: called wrongly. */
  readonly exit_code: number;
}

/** What is said about an error. */
export function explain(error: unknown): Explanation {
  if (error instanceof CliError) return { code: error.code, message: error.message, exit_code: error.exit_code };
  if (error instanceof CommanderError) return { code: 'usage', message: usageSentence(error), exit_code: 2 };
  if (error instanceof ConfigError) return failed('configuration', error.message);
  if (error instanceof StartupProblem) return failed('startup', error.message);
  if (error instanceof MigrationMismatch) return failed('migration', error.message);
  if (error instanceof ApiError) return failed(error.code_name, sentences(error.message, REMEDIES[error.code_name]));
  if (error instanceof SealBroken) return failed('wrong_master_key', WRONG_MASTER_KEY);
  return explainDatabase(error) ?? failed('internal', `Something unexpected went wrong: ${messageOf(error)}.`);
}

const WRONG_MASTER_KEY =
  'The stored secrets do not open with this master key. Set HELIU_MASTER_KEY to the key that the gateway runs with, or HELIU_HOME to its folder.';

/** What to do about an API error where the code table's remedy is meant for merchants. */
const REMEDIES: Partial<Record<CodeName, string>> = {
  no_merchant: 'List the merchants by heliu merchant list.',
  no_order: 'Check the number and --merchant.',
  number_repeated: 'Choose another one.',
};

function sentences(message: string, remedy: string | undefined): string {
  // A field's name stays as it is written.
  const is_name = /^\w*[_.]\w/.test(message);
  const start = is_name ? message.charAt(0) : message.charAt(0).toUpperCase();
  const first = `${start}${message.slice(1).replace(/\.$/, '')}.`;
  return remedy === undefined ? first : `${first} ${remedy}`;
}

function usageSentence(error: CommanderError): string {
  return sentences(error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' '), undefined);
}

function failed(code: string, message: string): Explanation {
  return { code, message, exit_code: 1 };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, '') : 'an error without a description';
}

/** SQLSTATEs that tell an operator something, by their first characters. */
const SQLSTATES: readonly (readonly [string, string, string])[] = [
  ['28', 'database_refused', 'The database refuses the user or password of DATABASE_URL. Correct DATABASE_URL.'],
  [
    '3D',
    'database_missing',
    'The database that DATABASE_URL names does not exist. Create it by createdb, or correct DATABASE_URL.',
  ],
  [
    '42P01',
    'not_migrated',
    'The database has no tables of Heliu, or older ones. Bring it up to date by heliu migrate.',
  ],
  [
    '42703',
    'not_migrated',
    'The tables in the database are not those of this version. Bring them up to date by heliu migrate.',
  ],
  ['42501', 'database_refused', 'The user of DATABASE_URL lacks a right on the database. Grant it, or use the owner.'],
  ['25006', 'database_read_only', 'The database takes no writes: DATABASE_URL names a standby. Set it to the primary.'],
  ['53100', 'disk_full', 'The disk of the database is full. Make room on it.'],
  ['57014', 'database_slow', 'The database took too long for a statement. Try again when it is less busy.'],
];

function explainDatabase(error: unknown): Explanation | null {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error;
  const state = sqlState(cause);
  if (state !== null) {
    const known = SQLSTATES.find(([start]) => state.startsWith(start));
    if (known) return failed(known[1], known[2]);
    if (!(error instanceof DatabaseUnavailable)) {
      return failed(
        'database_error',
        `The database refused a statement (SQLSTATE ${state}). See the log of the database.`,
      );
    }
  }
  const network = systemErrorCode(cause);
  if (!(error instanceof DatabaseUnavailable) && !NETWORK.has(network ?? '')) return null;
  const address = addressOf(cause);
  return failed(
    'database_unreachable',
    `The database${address === null ? '' : ` at ${address}`} does not answer (${network ?? state ?? 'no connection in time'}). Start it, or correct DATABASE_URL.`,
  );
}

const NETWORK: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Host and port of a failed connection; localhost fails with one error for each of its addresses. */
function addressOf(error: unknown): string | null {
  const one: unknown = error instanceof AggregateError ? error.errors[0] : error;
  if (typeof one !== 'object' || one === null) return null;
  if ('address' in one && 'port' in one) return `${String(one.address)}:${String(one.port)}`;
  return 'hostname' in one ? String(one.hostname) : null;
}
