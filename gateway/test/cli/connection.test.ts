import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { findRunningServer } from '../../src/embedded/running-server.ts';
import { cliBench, finish, makeHome, start, type Finished } from './support.ts';

const bench = cliBench();

describe('a database that cannot be used is explained in one sentence with its remedy', () => {
  const elsewhere = (change: (url: URL) => void): string => {
    const url = new URL(bench.env['DATABASE_URL'] ?? '');
    change(url);
    return url.href;
  };

  test('nobody listens', async () => {
    const DATABASE_URL = elsewhere((url) => (url.port = '1'));
    const { code, stdout, stderr } = await bench.run('merchant list', { env: { DATABASE_URL } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'heliu: The database at 127.0.0.1:1 does not answer (ECONNREFUSED). Start it, or correct DATABASE_URL.\n',
    );
    const migrating = await bench.run('migrate --json', { env: { DATABASE_URL } });
    expect(migrating.error().code).toBe('database_unreachable');
  });

  test('the password is wrong, and stays unsaid', async () => {
    const wrong = randomBytes(9).toString('hex');
    const DATABASE_URL = elsewhere((url) => (url.password = wrong));
    const refused = await bench.run('channel list --json', { env: { DATABASE_URL } });
    expect(refused.error()).toEqual({
      code: 'database_refused',
      message: 'The database refuses the user or password of DATABASE_URL. Correct DATABASE_URL.',
    });
    expect(refused.stderr).not.toContain(wrong);
  });

  test('the database does not exist', async () => {
    const DATABASE_URL = elsewhere((url) => (url.pathname = '/nothing'));
    const refused = await bench.run('doctor --json', { env: { DATABASE_URL } });
    expect(refused.code).toBe(1);
    expect(refused.json().checks.at(-1)).toEqual({
      name: 'database',
      state: 'fail',
      message: 'The database that DATABASE_URL names does not exist',
      remedy: 'Create it by createdb, or correct DATABASE_URL.',
    });
  });

  test('a variable is wrong', async () => {
    const refused = await bench.run('merchant list', { env: { DATABASE_URL: 'mysql://root:geheim@db', PORT: '0' } });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('DATABASE_URL must look like postgres://user:password@host:5432/database.');
    expect(refused.stderr).toContain('PORT must be a whole number from 1 to 65535, e.g. 8080, and it is "0".');
    expect(refused.stderr).not.toContain('geheim');
    const doctor = await bench.run('doctor', { env: { PORT: '0' } });
    expect(doctor).toMatchObject({ code: 1, stderr: '' });
    expect(doctor.stdout).toMatch(/^fail  configuration  PORT must be/);
  });
});

describe('a database without tables', () => {
  let url: URL;

  const ask = async (sql: string): Promise<void> => {
    const client = new Client({ connectionString: bench.env['DATABASE_URL'] });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    url = new URL(bench.env['DATABASE_URL'] ?? '');
    url.pathname = `/empty_${randomBytes(4).toString('hex')}`;
    await ask(`CREATE DATABASE ${url.pathname.slice(1)}`);
  });

  afterAll(() => ask(`DROP DATABASE ${url.pathname.slice(1)} WITH (FORCE)`));

  test('is told from one that is up to date, and migrate makes it one', async () => {
    const env = { DATABASE_URL: url.href };
    const refused = await bench.run('merchant list --json', { env });
    expect(refused.error()).toEqual({
      code: 'not_migrated',
      message: 'The database has no tables of Heliu, or older ones. Bring it up to date by heliu migrate.',
    });
    const doctor = await bench.run('doctor', { env });
    expect(doctor.stdout).toMatch(
      /^fail  migrations +pending: 0001_foundation.* → run heliu migrate, or start heliu serve$/m,
    );
    const migrated = await bench.run('migrate --json', { env });
    expect(migrated.json().applied[0]).toBe('0001_foundation');
    const again = await bench.run('migrate', { env });
    expect(again.stdout).toBe('The database was up to date.\n');
    expect((await bench.run('merchant list', { env })).stdout).toBe('(none)\n');
  });
});

describe('without DATABASE_URL', () => {
  let home: string;

  const run = (line: string): Promise<Finished> => finish(start(line.split(' '), { HELIU_HOME: home }));

  beforeAll(async () => {
    home = await makeHome();
  });

  afterAll(() => rm(home, { recursive: true, force: true }));

  test('a command starts no database, and says how one is started', async () => {
    const refused = await run('merchant list --json');
    expect(refused.error()).toEqual({
      code: 'database_not_running',
      message:
        `DATABASE_URL is not set and the embedded PostgreSQL in ${home} is not running. ` +
        'Start it by npm start or heliu serve, or set DATABASE_URL.',
    });
  });

  test('migrate runs the embedded server for as long as it takes; later commands find the one that runs', async () => {
    const migrated = await run('migrate');
    expect(migrated).toMatchObject({ code: 0, stderr: '' });
    expect(migrated.stdout).toMatch(/^Applied 0001_foundation/);
    const data_directory = join(home, 'postgres');
    expect(await findRunningServer(data_directory)).toBe(null);

    const server = await startEmbeddedPostgres({ data_directory, port: 0, log: () => undefined });
    try {
      expect(await findRunningServer(data_directory)).toBe(server.url);
      const created = await run('merchant create --name 普尔 --json');
      expect(created.json()).toMatchObject({ name: '普尔' });
      expect((await run('migrate')).stdout).toBe('The database was up to date.\n');
      const needs_key = await run(
        `route set --merchant ${created.json().merchant_id} --pay-type wechat.scan --account none`,
      );
      expect(needs_key.stderr).toBe('heliu: account_id none does not exist: add the account first.\n');
    } finally {
      await server.stop();
    }
    expect((await run('merchant list')).stderr).toContain('is not running. Start it by npm start or heliu serve');
  });

  test('a postmaster.pid that names another program is no running server', async () => {
    const folder = join(home, 'other', 'postgres');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'postmaster.pid'), `${process.pid}\n${folder}\n1700000000\n5432\n\n127.0.0.1\n`);
    expect(await findRunningServer(folder)).toBe(null);
  });
});

describe('the master key', () => {
  const account = JSON.stringify({
    settings: { mode: 'direct', mchid: '1', appid: '1', merchant_serial: '1' },
    secrets: { merchant_private_key: 'none', api_v3_key: 'none' },
  });

  test('is made beside an empty database, and must be the right one when something is sealed already', async () => {
    await bench.store.configuration.addFirstPlatformKey({
      key_id: 'k',
      public_key: 'p',
      private_key: 'secret',
      created_at_ms: 1,
    });
    const add = ['channel', 'add', 'one', '--channel', 'wechat', '--file', '-', '--json'];
    const wrong = await bench.run(add, { input: account, env: { HELIU_MASTER_KEY: randomBytes(32).toString('hex') } });
    expect(wrong.error().code).toBe('wrong_master_key');
    const missing = await bench.run(add, { input: account, env: { HELIU_MASTER_KEY: '' } });
    expect(missing.error()).toEqual({
      code: 'no_master_key',
      message:
        `HELIU_MASTER_KEY is not set and ${bench.home} has no master.key. ` +
        'Set HELIU_MASTER_KEY to the key that the gateway runs with, or HELIU_HOME to its folder.',
    });
    const right = await bench.run(add, { input: account });
    expect(right.error().message).toContain('secrets.merchant_private_key: must be a PEM private key');
  });
});
