/** What `heliu doctor` looks at, one function a matter. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { channelByCode } from '../channels/registry.ts';
import { bankAccountIds } from '../operations/bank-upkeep.ts';
import { countFree } from '../operations/take-number.ts';
import { testChannelAccount } from '../operations/test-channel-account.ts';
import type { HttpClient, Ports } from '../ports.ts';
import { openDatabase } from '../storage/database.ts';
import { migrationState } from '../storage/migrate.ts';
import { readServerStatus } from '../storage/server-status.ts';
import { activeAccountIds } from './channel.ts';
import { asCheck, ok, type Check } from './check.ts';
import { duration, localTime, size } from './text.ts';
import type { Workplace } from './workplace.ts';

const DISK_WARN_BYTES = 2e9;
const DISK_FAIL_BYTES = 2e8;

/** Room on the disk of HELIU_HOME, or of the folder in which it would be made. */
export async function checkDisk({ home }: Config): Promise<Check> {
  for (let folder = home; ; folder = dirname(folder)) {
    const disk = await statfs(folder).catch(() => null);
    if (disk === null && folder !== dirname(folder)) continue;
    if (disk === null)
      return {
        name: 'disk',
        state: 'fail',
        message: `${home} cannot be looked at`,
        remedy: 'set HELIU_HOME to a folder of your own',
      };
    const free = disk.bavail * disk.bsize;
    const message = `${size(free)} free for ${home}`;
    if (free >= DISK_WARN_BYTES) return ok('disk', message);
    return {
      name: 'disk',
      state: free < DISK_FAIL_BYTES ? 'fail' : 'warn',
      message,
      remedy: 'make room, or set HELIU_HOME to a folder on another disk',
    };
  }
}

/** The oldest PostgreSQL whose SQL we use throughout. */
const OLDEST_VERSION = 15;

/** Whether the database answers, as what, and how far its clock is from ours. */
export async function checkDatabase(
  url: string,
): Promise<{ readonly check: Check; readonly clock_difference_ms: number }> {
  const database = openDatabase({ url, max_connections: 1 });
  const { hostname, port } = new URL(url);
  try {
    const asked_ms = Date.now();
    const status = await readServerStatus(database);
    const clock_difference_ms = status.now_ms - (asked_ms + Date.now()) / 2;
    const message = `PostgreSQL ${status.version} at ${hostname}:${port === '' ? '5432' : port}`;
    return { check: databaseCheck(message, status), clock_difference_ms };
  } catch (error) {
    return { check: asCheck('database', error), clock_difference_ms: 0 };
  } finally {
    await database.close();
  }
}

function databaseCheck(message: string, status: { version: string; in_recovery: boolean }): Check {
  if (status.in_recovery) {
    return {
      name: 'database',
      state: 'fail',
      message: `${message} is a standby and takes no writes`,
      remedy: 'set DATABASE_URL to the primary',
    };
  }
  if (Number.parseInt(status.version, 10) < OLDEST_VERSION) {
    return {
      name: 'database',
      state: 'fail',
      message: `${message} is too old`,
      remedy: `use PostgreSQL ${OLDEST_VERSION} or newer`,
    };
  }
  return ok('database', message);
}

/** Whether the tables are those of this version. */
export async function checkMigrations(url: string): Promise<Check> {
  try {
    const { applied, pending } = await migrationState(url);
    if (pending.length === 0) return ok('migrations', `${applied.length} applied, none pending`);
    return {
      name: 'migrations',
      state: 'fail',
      message: `pending: ${pending.join(', ')}`,
      remedy: 'run heliu migrate, or start heliu serve',
    };
  } catch (error) {
    return asCheck('migrations', error);
  }
}

/** Whether the master key opens what is stored, and whether the platform has its key. */
export async function checkKeys({ store }: Workplace): Promise<Check[]> {
  const platform_key = await store.configuration.activePlatformKey();
  const [account] = await store.configuration.accounts('', 1);
  if (account) await store.configuration.account(account.account_id);
  const opened = platform_key !== null || account !== undefined;
  return [
    ok('master key', opened ? 'opens the stored secrets' : 'nothing is stored under it yet'),
    platform_key === null
      ? {
          name: 'platform key',
          state: 'warn',
          message: 'there is none yet',
          remedy: 'start heliu serve once: it makes one',
        }
      : ok('platform key', `${platform_key.key_id}, made ${localTime(platform_key.created_at_ms)}`),
  ];
}

/** A clock that somebody else told us. */
export interface OtherClock {
  readonly whose: string;
  readonly difference_ms: number;
}

/** Opens every active account, asks its channel, and notes what time it is there. */
export async function checkChannels(
  place: Workplace,
): Promise<{ readonly checks: Check[]; readonly clocks: OtherClock[] }> {
  const clocks: OtherClock[] = [];
  const checks: Check[] = [];
  for (const account_id of await activeAccountIds(place)) {
    const name = `channel ${account_id}`;
    const ports = {
      ...place.ports,
      http: clockReader(place.ports, (difference_ms) => clocks.push({ whose: account_id, difference_ms })),
    };
    try {
      const { ok: works, message } = await testChannelAccount({ store: place.store, ports }, account_id);
      checks.push(
        works
          ? ok(name, message)
          : {
              name,
              state: 'fail',
              message,
              remedy: `correct it by heliu channel add ${account_id} --replace, or heliu channel suspend ${account_id}`,
            },
      );
    } catch (error) {
      checks.push(asCheck(name, error));
    }
  }
  if (checks.length === 0) {
    checks.push({
      name: 'channels',
      state: 'warn',
      message: 'there is no active channel account',
      remedy: 'add one by heliu channel add',
    });
  }
  return { checks, clocks };
}

/** Reads the Date header of each answer (RFC 9110, 6.6.1: whole seconds) on its way through. */
function clockReader({ http, clock }: Ports, tell: (difference_ms: number) => void): HttpClient {
  return {
    async send(request) {
      const sent_ms = clock.now_ms();
      const answer = await http.send(request);
      const theirs_ms = Date.parse(answer.headers['date'] ?? '');
      if (!Number.isNaN(theirs_ms)) tell(theirs_ms + 500 - (sent_ms + clock.now_ms()) / 2);
      return answer;
    },
  };
}

const CLOCK_WARN_MS = 5_000;
/** WeChat Pay refuses what is more than five minutes off (doc 4012365870); well before that something is wrong. */
const CLOCK_FAIL_MS = 60_000;

/** Compares our clock with those of others. */
export function checkClock(others: readonly OtherClock[]): Check {
  const [worst] = others.toSorted((a, b) => Math.abs(b.difference_ms) - Math.abs(a.difference_ms));
  if (!worst || Math.abs(worst.difference_ms) < CLOCK_WARN_MS) {
    return ok('clock', `agrees with ${others.map((one) => one.whose).join(', ')} to ${CLOCK_WARN_MS / 1000} s`);
  }
  const distance = duration(Math.abs(worst.difference_ms));
  return {
    name: 'clock',
    state: Math.abs(worst.difference_ms) < CLOCK_FAIL_MS ? 'warn' : 'fail',
    message: `${distance} ${worst.difference_ms > 0 ? 'behind' : 'ahead of'} ${worst.whose}`,
    remedy: 'let the machine keep its time by NTP, e.g. systemd-timesyncd',
  };
}

const LAG_WARN_MS = 60_000;
const LAG_FAIL_MS = 600_000;

/** How long the oldest work of each kind has been due. */
export async function checkJobs({ store, ports }: Workplace): Promise<Check[]> {
  const now_ms = ports.clock.now_ms();
  const lags = (await store.jobs.earliest()).map(({ kind, run_at_ms }) => ({
    kind,
    lag_ms: run_at_ms === null ? 0 : now_ms - run_at_ms,
  }));
  const [worst] = lags.toSorted((a, b) => b.lag_ms - a.lag_ms);
  if (!worst || worst.lag_ms < LAG_WARN_MS) return [ok('jobs', 'nothing has been due for a minute')];
  return [
    {
      name: 'jobs',
      state: worst.lag_ms < LAG_FAIL_MS ? 'warn' : 'fail',
      message: `the oldest ${worst.kind} job has been due for ${duration(worst.lag_ms)}`,
      remedy: 'run heliu serve, or one more by heliu serve --role worker',
    },
  ];
}

const COUNTED_UP_TO = 10_000;

function count(number: number): string {
  return number >= COUNTED_UP_TO ? `${COUNTED_UP_TO} or more` : String(number);
}

/** Notifications that wait, and those that nobody tries again. */
export async function checkNotifications({ store, ports }: Workplace): Promise<Check[]> {
  const [waiting, failed] = await Promise.all([
    store.jobs.countDue('notification', ports.clock.now_ms(), COUNTED_UP_TO),
    store.notifications.countFailed(COUNTED_UP_TO),
  ]);
  const message = `${count(waiting)} due now, ${count(failed)} failed after the last repeat`;
  if (failed === 0) return [ok('notifications', message)];
  return [
    {
      name: 'notifications',
      state: 'warn',
      message,
      remedy: 'send them again by heliu notify replay --failed --merchant <merchant_id>',
    },
  ];
}

/** What waits for a person. */
export async function checkExceptions({ store }: Workplace): Promise<Check[]> {
  const open = await store.exceptions.countOpen();
  if (open === 0) return [ok('exceptions', 'none open')];
  return [
    {
      name: 'exceptions',
      state: 'warn',
      message: `${open >= 1000 ? '1000 or more' : open} open`,
      remedy: 'look by heliu exceptions list',
    },
  ];
}

/** How many account numbers are left, for each pool. */
export async function checkBankNumbers(place: Workplace): Promise<Check[]> {
  const checks: Check[] = [];
  for (const account_id of await bankAccountIds(place)) {
    const stored = await place.store.configuration.account(account_id);
    const numbers = stored && channelByCode(stored.channel)?.open(stored, place.ports).virtual_accounts;
    if (!numbers?.pool) continue;
    const free = await countFree(place, account_id, numbers, numbers.pool);
    const name = `numbers ${account_id}`;
    checks.push(
      free >= numbers.warn_below
        ? ok(name, `${numbers.warn_below} or more are free`)
        : {
            name,
            state: free === 0 ? 'fail' : 'warn',
            message: `${free} account numbers are free`,
            remedy: 'ask the bank for a wider range, let merchants write orders off, or shorten quarantine_days',
          },
    );
  }
  return checks;
}
