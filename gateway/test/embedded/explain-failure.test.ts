import { expect, test } from 'vitest';
import { explainFailure } from '../../src/embedded/explain-failure.ts';

// Messages as PostgreSQL 18 and Node write them.
test.each([
  [
    'a full disk during initdb',
    'initdb: error: could not write to file "/srv/data.new/base/1/1255": No space left on device',
    'The disk that holds /srv/data is full. Make room on it, or set HELIU_HOME to a folder on another disk.',
  ],
  [
    'a full disk at start',
    '2026-01-01 UTC [7] FATAL:  could not write lock file "postmaster.pid": No space left on device',
    'The disk that holds /srv/data is full. Make room on it, or set HELIU_HOME to a folder on another disk.',
  ],
  [
    'a folder of another owner',
    '2026-01-01 UTC [7] FATAL:  data directory "/srv/data" has wrong ownership',
    '/srv/data may not be read or written by this user. Give it back by chown -R $(id -un) /srv/data, or set HELIU_HOME to a folder of your own.',
  ],
  [
    'a parent that may not be written',
    "EACCES: permission denied, mkdir '/srv'",
    '/srv/data may not be read or written by this user. Give it back by chown -R $(id -un) /srv/data, or set HELIU_HOME to a folder of your own.',
  ],
  [
    'a read-only disk',
    "EROFS: read-only file system, mkdir '/srv/data.new'",
    '/srv/data lies on a read-only disk. Set HELIU_HOME to a folder that can be written.',
  ],
  [
    'too little memory',
    'FATAL:  could not map anonymous shared memory: Cannot allocate memory',
    'This machine has too little free memory for PostgreSQL. Free about 400 MB, or set DATABASE_URL to a PostgreSQL server.',
  ],
  [
    'a damaged log',
    'LOG:  invalid checkpoint record\n2026-01-01 UTC [7] PANIC:  could not locate a valid checkpoint record at 0/174B628\nLOG:  startup process was terminated',
    'PostgreSQL cannot start on /srv/data: could not locate a valid checkpoint record at 0/174B628. Restore the folder from a backup, or move it away to begin with an empty database.',
  ],
])('%s is one sentence with its remedy', (_name, output, sentence) => {
  expect(explainFailure('/srv/data', output).message).toBe(sentence);
});
