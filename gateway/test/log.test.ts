import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');

/** The logger writes to standard error, which a process cannot read of itself: another one logs. */
const PROGRAM = `
import { createLog } from ${JSON.stringify(MAIN)};
const log = createLog('trace');
const detail = 'Key (openid)=(oUpF8) already exists.';
log.error({ err: Object.assign(new Error('duplicate key'), { code: '23505', detail, table: 'orders' }) }, 'failed');
log.info({ secrets: { key: 'hunter2' }, account: { secrets: 'hunter2' } }, 'an account');
log.info({ password: 'hunter2', user: { password: 'hunter2' } }, 'a login');
log.info({ authorization: 'hunter2', headers: { authorization: 'hunter2' } }, 'a session');
log.info({ req: { body: 'hunter2' }, res: 'hunter2', err: { config: 'hunter2' } }, 'a request');
`;

describe('a log line', () => {
  let lines: string;
  beforeAll(async () => {
    const program = ['--input-type=module', '--eval', PROGRAM];
    lines = (await promisify(execFile)(process.execPath, program)).stderr;
  });

  test('about an error of the database does not quote the row', () => {
    expect(JSON.parse(lines.split('\n')[0] ?? '')).toMatchObject({
      msg: 'failed',
      err: { type: 'Error', message: 'duplicate key', code: '23505' },
    });
    expect(lines).not.toContain('oUpF8');
  });

  test('has no secret under the names that secrets have', () => {
    for (const message of ['an account', 'a login', 'a session', 'a request']) expect(lines).toContain(message);
    expect(lines).not.toContain('hunter2');
  });
});
