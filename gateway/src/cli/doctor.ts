/** `heliu doctor`: is everything as it should be, and if not, what to do. */
import type { Command } from 'commander';
import { ConfigError, readConfig, type Config } from '../config.ts';
import { asCheck, ok, type Check } from './check.ts';
import { addCommand } from './command.ts';
import {
  checkBankNumbers,
  checkChannels,
  checkClock,
  checkDatabase,
  checkDisk,
  checkExceptions,
  checkJobs,
  checkKeys,
  checkMigrations,
  checkNotifications,
} from './doctor-checks.ts';
import { createOutput } from './output.ts';
import { columns } from './text.ts';
import { inWorkplace, requireDatabaseUrl } from './workplace.ts';

/** Adds the command to the program. */
export function addDoctorCommand(program: Command): void {
  addCommand(
    program,
    'doctor',
    'check configuration, database, keys, channels, clock, disk and backlogs; exit code 1 when something fails',
    ['heliu doctor', 'heliu doctor --json'],
  ).action(doctor);
}

async function doctor(options: { readonly json?: boolean }): Promise<void> {
  const checks = await examine();
  const failed = checks.some((check) => check.state === 'fail');
  createOutput(options).result({ ok: !failed, checks }, () => columns(checks.map(line)));
  if (failed) process.exitCode = 1;
}

function line({ name, state, message, remedy }: Check): string[] {
  return [state, name, remedy === null ? message : `${message} → ${remedy}`];
}

async function examine(): Promise<Check[]> {
  const configuration = checkConfiguration();
  if ('check' in configuration) return [configuration.check];
  const { config } = configuration;
  const checks = [
    ok(
      'configuration',
      `HELIU_HOME ${config.home}, role ${config.role}, database ${config.database_url === null ? 'embedded' : 'of DATABASE_URL'}`,
    ),
    await checkDisk(config),
  ];
  try {
    const url = await requireDatabaseUrl(config);
    const database = await checkDatabase(url);
    checks.push(database.check);
    if (database.check.state === 'fail') return checks;
    const migrations = await checkMigrations(url);
    checks.push(migrations);
    if (migrations.state === 'fail') return checks;
    return [...checks, ...(await examineStored(database.clock_difference_ms))];
  } catch (error) {
    return [...checks, asCheck('database', error)];
  }
}

function checkConfiguration(): { readonly config: Config } | { readonly check: Check } {
  try {
    return { config: readConfig(process.env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = error.message.replaceAll('\n', ' ');
    return { check: { name: 'configuration', state: 'fail', message, remedy: 'correct the variables' } };
  }
}

/** What is in the database. One broken matter does not keep the others from being looked at. */
async function examineStored(database_clock_ms: number): Promise<Check[]> {
  return inWorkplace(async (place) => {
    const checks = await attempt('master key', () => checkKeys(place));
    const channels = await checkChannels(place);
    return [
      ...checks,
      ...channels.checks,
      checkClock([{ whose: 'the database', difference_ms: database_clock_ms }, ...channels.clocks]),
      ...(await attempt('jobs', () => checkJobs(place))),
      ...(await attempt('notifications', () => checkNotifications(place))),
      ...(await attempt('exceptions', () => checkExceptions(place))),
      ...(await attempt('numbers', () => checkBankNumbers(place))),
    ];
  });
}

async function attempt(name: string, check: () => Promise<Check[]>): Promise<Check[]> {
  return check().catch((error: unknown) => [asCheck(name, error)]);
}
