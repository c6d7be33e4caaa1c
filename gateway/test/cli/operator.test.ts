import { createPublicKey, createSign, createVerify, randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fullName, leafCommands } from '../../src/cli/command.ts';
import { createProgram } from '../../src/cli/program.ts';
import { makeKey } from '../channels/wechat/support/certificate.ts';
import { Upstream } from '../channels/wechat/support/upstream.ts';
import { login } from '../../src/operations/users.ts';
import { systemPorts } from '../../src/outbound/system-ports.ts';
import { cliBench } from './support.ts';

// One operator's day on one database: the tests of this file build on each other from top to bottom.

const bench = cliBench();
const merchant_key = makeKey();
const channel_key = makeKey();
const platform_key = makeKey();
const clock = { time_ms: Date.now() };
const upstream = new Upstream(clock, { key: platform_key, serial: 'PLATFORM1' }, channel_key);
const API_V3_KEY = randomBytes(16).toString('hex');
const PASSWORD = randomBytes(12).toString('base64url');
const MERCHANT = '5399355381712172';

beforeAll(async () => {
  await upstream.start();
  upstream.behave = () => ({ status: 404, body: { code: 'RESOURCE_NOT_EXISTS', message: 'none' } });
  const private_lines = channel_key.private_pem.split('\n').filter((line) => line.length === 64);
  bench.secrets.push(API_V3_KEY, PASSWORD, ...private_lines);
});

afterAll(() => upstream.stop());

const account = (changes: Readonly<Record<string, unknown>> = {}) => ({
  settings: {
    mode: 'partner',
    base_url: upstream.url,
    mchid: '1230000109',
    appid: 'wx8888888888888888',
    merchant_serial: 'SERIAL1',
    platform_keys: { PLATFORM1: platform_key.public_pem },
    ...changes,
  },
  secrets: { merchant_private_key: { file: 'apiclient_key.pem' }, api_v3_key: API_V3_KEY },
});

async function writeAccountFile(name: string, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const path = join(bench.home, name);
  await writeFile(path, JSON.stringify(account(changes)));
  await writeFile(join(bench.home, 'apiclient_key.pem'), channel_key.private_pem);
  return path;
}

describe('merchants', () => {
  test('are created with a number made up, or a given one', async () => {
    const made = await bench.run('merchant create --name 小店 --json');
    expect(made.code).toBe(0);
    expect(made.json()).toMatchObject({ name: '小店', status: 'active', public_key: null, nonce_policy: 'required' });
    expect(made.json().merchant_id).toMatch(/^[1-9]\d{15}$/);

    const given = await bench.run([
      'merchant',
      'create',
      '--name',
      '普尔商城',
      '--id',
      MERCHANT,
      '--late-payment',
      'accept',
    ]);
    expect(given).toMatchObject({ code: 0, stderr: '' });
    expect(given.stdout).toContain(`Created merchant ${MERCHANT}.`);
    expect(given.stdout).toContain('heliu merchant set-key');

    const again = await bench.run(`merchant create --name twice --id ${MERCHANT} --json`);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.error()).toEqual({ code: 'number_repeated', message: 'merchant_id is taken. Choose another one.' });
  });

  test('are listed in straight columns, page by page', async () => {
    const first = await bench.run('merchant list --limit 1 --json');
    const { merchants, next_after } = first.json();
    expect(merchants).toHaveLength(1);
    const rest = await bench.run(`merchant list --after ${next_after} --json`);
    expect(rest.json()).toMatchObject({ merchants: [{}], next_after: null });
    const text = await bench.run('merchant list');
    expect(text.stdout).toMatch(/^merchant_id +name +status +key +created\n/);
    expect(text.stdout).toMatch(new RegExp(`${MERCHANT}  普尔商城  active  none +\\d{4}-\\d\\d-\\d\\d`));
  });

  test('have a logo, and none any more; what is no picture, or not there, is refused', async () => {
    const file = join(bench.home, 'logo.png');
    await writeFile(file, Buffer.from('89504e470d0a1a0a', 'hex'));
    expect((await bench.run(`merchant set-logo ${MERCHANT} ${file} --json`)).json()).toMatchObject({ has_logo: true });
    expect((await bench.run(`merchant set-logo ${MERCHANT} --remove --json`)).json()).toMatchObject({
      has_logo: false,
    });
    await writeFile(file, '<svg/>');
    expect((await bench.run(`merchant set-logo ${MERCHANT} ${file}`)).stderr).toContain('PNG, JPEG or WebP');
    expect((await bench.run(`merchant set-logo ${MERCHANT} ${bench.home}/none.png`)).code).toBe(2);
    expect((await bench.run(`merchant set-logo ${MERCHANT}`)).stderr).toContain('--remove');
  });

  test('take their public key from a file or standard input, and refuse a private one', async () => {
    const one_line = merchant_key.public_pem.replaceAll(/-----[^-]+-----|\s/g, '');
    const stored = await bench.run(`merchant set-key ${MERCHANT} - --json`, { input: one_line });
    expect(stored.json().public_key).toBe(merchant_key.public_pem);
    const private_half = await bench.run(`merchant set-key ${MERCHANT} -`, { input: merchant_key.private_pem });
    expect(private_half.code).toBe(1);
    expect(private_half.stderr).toContain('public_key is a PRIVATE key');
    expect(private_half.stderr).not.toContain(merchant_key.private_pem.split('\n')[1]);
    const missing = await bench.run(`merchant set-key ${MERCHANT} ${bench.home}/none.pem`);
    expect(missing.stderr).toBe(
      `heliu: The key file ${bench.home}/none.pem cannot be read (ENOENT). Name a file that this user may read.\n`,
    );
  });

  test('are changed in what is given, and only in that', async () => {
    const changed = await bench.run(`merchant set ${MERCHANT} --status suspended --allow-short-key yes --json`);
    expect(changed.json()).toMatchObject({
      status: 'suspended',
      allow_short_key: true,
      late_payment: 'accept',
      name: '普尔商城',
    });
    const back = await bench.run(`merchant set ${MERCHANT} --status active --allow-short-key no`);
    expect(back.stdout).toMatch(/status +active/);
    const nobody = await bench.run('merchant set 1111222233334444 --name x --json');
    expect(nobody.error()).toEqual({
      code: 'no_merchant',
      message: 'merchant_id does not exist. List the merchants by heliu merchant list.',
    });
  });

  test('get a new key pair whose private half is written once, for its owner only', async () => {
    const out = join(bench.home, 'rotated.pem');
    const rotated = await bench.run(['merchant', 'rotate', MERCHANT, '--out', out, '--json']);
    expect(rotated.json()).toMatchObject({ merchant_id: MERCHANT, private_key_file: out });
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    const private_key = await readFile(out, 'utf8');
    const signature = createSign('sha256').update('x').sign(private_key);
    const stored = createPublicKey(rotated.json().public_key as string);
    expect(createVerify('sha256').update('x').verify(stored, signature)).toBe(true);
    bench.secrets.push(...private_key.split('\n').filter((line) => line.length === 64));

    const again = await bench.run(['merchant', 'rotate', MERCHANT, '--out', out]);
    expect(again).toMatchObject({
      code: 1,
      stderr: `heliu: --out ${out} exists already. Name a new file in a folder of yours.\n`,
    });
    expect((await bench.store.configuration.merchant(MERCHANT))?.public_key).toBe(rotated.json().public_key);

    const printed = await bench.run(`merchant rotate ${MERCHANT}`, { prints_secret: true });
    expect(printed.stdout).toMatch(/shown this once and stored nowhere:\n-----BEGIN PRIVATE KEY-----\n/);
  });
});

describe('logins', () => {
  test('take a password from standard input', async () => {
    const created = await bench.run('user create li.na --password-stdin --json', { input: `${PASSWORD}\nsecond line` });
    expect(created.json()).toMatchObject({ login_name: 'li.na', role: 'admin', merchant_id: null });
    expect(created.json()).not.toHaveProperty('password');
    const ports = systemPorts();
    const { user } = await login({ ports, store: bench.store }, 'li.na', PASSWORD);
    expect(user.role).toBe('admin');
    await ports.close();
  });

  test('get a password made up and printed once when none is given', async () => {
    const created = await bench.run(`user create shop01 --role merchant --merchant ${MERCHANT}`, {
      prints_secret: true,
    });
    const password = /shown this once: (\S+)\n$/.exec(created.stdout)?.[1] ?? '';
    bench.secrets.push(password);
    const ports = systemPorts();
    const { user } = await login({ ports, store: bench.store }, 'shop01', password);
    expect(user.merchant_id).toBe(MERCHANT);
    await ports.close();
  });

  test.each([
    ['li.na', `${randomBytes(9).toString('hex')}\n`, 'login_name is taken. Choose another one.'],
    ['short', 'short\n', 'Password must have at least 10 characters.'],
    ['empty', '', '--password-stdin found no password on standard input. Pipe one line into it.'],
  ])('named %s are refused', async (name, input, sentence) => {
    const refused = await bench.run(`user create ${name} --password-stdin`, { input });
    expect(refused.stderr).toBe(`heliu: ${sentence}\n`);
    expect(refused.code).toBe(name === 'empty' ? 2 : 1);
  });
});

describe('channel accounts', () => {
  test('are added from a file whose keys may lie in files of their own, and listed without secrets', async () => {
    const file = await writeAccountFile('wechat.json');
    const added = await bench.run([
      'channel',
      'add',
      'wechat-main',
      '--channel',
      'wechat',
      '--name',
      '微信服务商',
      '--file',
      file,
    ]);
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect((await bench.store.configuration.account('wechat-main'))?.secrets).toEqual({
      merchant_private_key: channel_key.private_pem,
      api_v3_key: API_V3_KEY,
    });
    const listed = await bench.run('channel list --json');
    expect(listed.json()).toMatchObject({
      accounts: [{ account_id: 'wechat-main', channel: 'wechat', status: 'active', settings: { mchid: '1230000109' } }],
      next_after: null,
    });
    expect(listed.stdout).not.toContain('secrets');
    expect((await bench.run('channel list')).stdout).toMatch(/wechat-main  wechat +微信服务商  active/);
  });

  test('are replaced only when that is said', async () => {
    const file = await writeAccountFile('other.json', { mchid: '1230000110' });
    const refused = await bench.run(['channel', 'add', 'wechat-main', '--channel', 'wechat', '--file', file, '--json']);
    expect(refused.error().code).toBe('account_exists');
    await bench.run('channel suspend wechat-main');
    const replaced = await bench.run([
      'channel',
      'add',
      'wechat-main',
      '--channel',
      'wechat',
      '--file',
      file,
      '--replace',
      '--json',
    ]);
    expect(replaced.json()).toMatchObject({
      name: '微信服务商',
      status: 'suspended',
      settings: { mchid: '1230000110' },
    });
    expect((await bench.run('channel resume wechat-main --json')).json()).toMatchObject({ status: 'active' });
  });

  test.each([
    [
      'a key that is none',
      { secrets: { merchant_private_key: 'none', api_v3_key: API_V3_KEY } },
      'secrets.merchant_private_key: must be a PEM private key',
    ],
    ['a setting that is missing', { settings: { mode: 'partner' } }, 'settings.mchid:'],
    ['a member too many', { password: 'x' }, '--file must hold the members settings and secrets and nothing else.'],
  ])('with %s are refused and not stored', async (_what, changes, sentence) => {
    const secrets = { merchant_private_key: channel_key.private_pem, api_v3_key: API_V3_KEY };
    const input = JSON.stringify({ ...account(), secrets, ...changes });
    const refused = await bench.run('channel add wrong --channel wechat --file -', { input });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(sentence);
    expect(await bench.store.configuration.storedAccount('wrong')).toBe(null);
  });

  test('that are not JSON are refused without quoting them', async () => {
    const refused = await bench.run('channel add wrong --channel wechat --file -', {
      input: `{"api_v3_key": ${API_V3_KEY}`,
    });
    expect(refused.stderr).toBe('heliu: --file - is not JSON. See the example in --help.\n');
  });

  test('are tested at their channel', async () => {
    const works = await bench.run('channel test wechat-main');
    expect(works).toMatchObject({ code: 0, stderr: '' });
    expect(works.stdout).toMatch(/^ok  wechat-main  request and answer verified/);
    upstream.behave = () => ({ status: 200, body: {}, signed_by: null });
    const fails = await bench.run('channel test --all --json');
    upstream.behave = () => ({ status: 404, body: { code: 'RESOURCE_NOT_EXISTS', message: 'none' } });
    expect(fails.code).toBe(1);
    expect(fails.json()).toMatchObject({ accounts: [{ account_id: 'wechat-main', ok: false }] });
    const unknown = await bench.run('channel test nothing --json');
    expect(unknown.error()).toEqual({ code: 'not_found', message: 'Channel account nothing does not exist.' });
  });
});

describe('routes', () => {
  const SET = `route set --merchant ${MERCHANT} --pay-type wechat.scan --account wechat-main`;

  test('are added, changed in what is given, and listed', async () => {
    const added = await bench.run(`${SET} --param sub_mchid=1900000109 --param sub_appid=wx1 --json`);
    expect(added.json()).toMatchObject({
      created: true,
      priority: 1,
      enabled: true,
      merchant_params: { sub_mchid: '1900000109', sub_appid: 'wx1' },
    });
    const changed = await bench.run(`${SET} --priority 7 --weight 4 --disable --json`);
    expect(changed.json()).toMatchObject({
      created: false,
      priority: 7,
      weight: 4,
      enabled: false,
      merchant_params: { sub_mchid: '1900000109' },
    });
    await bench.run(`${SET} --enable --params-file -`, { input: '{"sub_mchid": "1900000110"}' });
    const listed = await bench.run(`route list --merchant ${MERCHANT}`);
    expect(listed.stdout).toMatch(/wechat\.scan  wechat-main  7 +4 +yes +sub_mchid=1900000110\n/);
    const shown = await bench.run(`merchant show ${MERCHANT} --json`);
    expect(shown.json().routes).toHaveLength(1);
  });

  test.each([
    [SET.replace('wechat.scan', 'wechat.nothing'), 'pay_type must be one of'],
    [SET.replace('wechat-main', 'nothing'), 'account_id nothing does not exist: add the account first.'],
    [`${SET} --param colour=red`, 'merchant_params'],
    [SET.replace('wechat.scan', 'alipay.scan'), 'pay_type alipay.scan does not belong to channel wechat.'],
  ])('are refused: %s', async (line, sentence) => {
    const refused = await bench.run(line);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(sentence);
  });
});

describe('doctor', () => {
  test('finds a working gateway, warns of what is missing, and says what to do', async () => {
    const report = await bench.run('doctor --json');
    expect(report.code).toBe(0);
    const { ok, checks } = report.json();
    expect(ok).toBe(true);
    const states = Object.fromEntries(
      checks.map((check: { name: string; state: string }) => [check.name, check.state]),
    );
    expect(states).toMatchObject({
      configuration: 'ok',
      disk: expect.stringMatching(/ok|warn/),
      database: 'ok',
      migrations: 'ok',
      'master key': 'ok',
      'platform key': 'warn',
      'channel wechat-main': 'ok',
      clock: 'ok',
      jobs: 'ok',
      notifications: 'ok',
      exceptions: 'ok',
    });
    for (const check of checks) expect(check.remedy === null).toBe(check.state === 'ok');
  });

  test('fails when a channel refuses, jobs lie about, and the wrong key is given', async () => {
    upstream.behave = () => 'drop';
    await bench.store.exceptions.raise(exception('65e1a2c0aabbccddeeff0099', 'contradiction'), Date.now());
    const text = await bench.run('doctor', { env: { HELIU_MASTER_KEY: randomBytes(32).toString('base64') } });
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(
      /^fail  master key +The stored secrets do not open with this master key → Set HELIU_MASTER_KEY/m,
    );
    expect(text.stdout).toMatch(/^fail  channel wechat-main/m);
    expect(text.stdout).toMatch(/^warn  exceptions +1 open → look by heliu exceptions list$/m);
    const refused = await bench.run('doctor --json');
    upstream.behave = () => ({ status: 404, body: { code: 'RESOURCE_NOT_EXISTS', message: 'none' } });
    expect(refused.code).toBe(1);
    const failed = refused.json().checks.filter((check: { state: string }) => check.state === 'fail');
    expect(failed.map((check: { name: string }) => check.name)).toEqual(['channel wechat-main']);
  });
});

function exception(exception_id: string, kind: string) {
  return {
    exception_id,
    kind,
    dedupe_key: `${kind} ${exception_id}`,
    merchant_id: MERCHANT,
    trade_id: null,
    channel: 'wechat',
    account_id: 'wechat-main',
    detail: { ours: 100, theirs: 90 },
    raw_headers: { 'wechatpay-serial': 'PLATFORM1' },
    raw_body: '{"id":"正文"}\n\u001b[2J',
  };
}

describe('exceptions', () => {
  test('are listed with their age, shown with what came, and resolved with a note', async () => {
    const listed = await bench.run('exceptions list --json');
    const { exceptions } = listed.json();
    expect(exceptions).toMatchObject([
      { kind: 'contradiction', state: 'open', occurrences: 1, age_ms: expect.any(Number) },
    ]);
    const id = exceptions[0].exception_id as string;
    expect((await bench.run('exceptions list')).stdout).toMatch(new RegExp(`${id}  \\d+ (s|min)  contradiction`));

    const shown = await bench.run(`exceptions show ${id}`);
    expect(shown.stdout).toContain('{"id":"正文"}');
    expect(shown.stdout).toContain('wechatpay-serial');
    expect(shown.stdout).not.toContain('\u001b');
    expect((await bench.run(`exceptions show ${id} --json`)).json().raw_body).toBe('{"id":"正文"}\n\u001b[2J');

    const resolved = await bench.run([
      'exceptions',
      'resolve',
      id,
      '--note',
      'returned, receipt 4711',
      '--by',
      'li.na',
      '--json',
    ]);
    expect(resolved.json()).toMatchObject({
      state: 'resolved',
      resolution: 'returned, receipt 4711',
      resolved_by: 'li.na',
    });
    const again = await bench.run(['exceptions', 'resolve', id, '--note', 'again', '--json']);
    expect(again.error()).toEqual({ code: 'wrong_state', message: `Exception ${id} was resolved by li.na before.` });
    expect((await bench.run('exceptions list')).stdout).toBe('(none)\n');
    expect((await bench.run('exceptions list --state resolved')).stdout).toContain(id);
  });

  test('that do not exist are named', async () => {
    const refused = await bench.run('exceptions show 65e1a2c0aabbccddeeff0000 --json');
    expect(refused.error()).toEqual({
      code: 'not_found',
      message: 'Exception 65e1a2c0aabbccddeeff0000 does not exist.',
    });
  });
});

test('every command that works on a database was run above, and none printed a secret', async () => {
  // order and notify have a file of their own, on the same bench; serve and migrate too. What needs a bank is in verification/test.
  const elsewhere = /^(?:serve|migrate|order|notify|bank|exceptions (?:accept|combine|assign|return))\b/;
  const names = leafCommands(createProgram()).map((command) => fullName(command).slice('heliu '.length));
  const here = names.filter((name) => !elsewhere.test(name));
  expect(here.filter((name) => !bench.lines.some((line) => line.startsWith(name)))).toEqual([]);
  expect(bench.secrets.length).toBeGreaterThan(40);
});
