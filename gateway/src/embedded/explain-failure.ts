import { StartupProblem } from './startup-problem.ts';

/**
 * What went wrong with a data folder, as a sentence with its remedy.
 *
 * @param output an error's message, or what initdb or postgres wrote before it gave up
 */
export function explainFailure(data_directory: string, output: string, cause?: unknown): StartupProblem {
  const options = cause === undefined ? {} : { cause };
  if (/no space left on device|ENOSPC|disk quota exceeded|EDQUOT/i.test(output)) {
    return new StartupProblem(
      `The disk that holds ${data_directory} is full. Make room on it, or set HELIU_HOME to a folder on another disk.`,
      options,
    );
  }
  if (/permission denied|EACCES|EPERM|operation not permitted|must be owned|has wrong ownership/i.test(output)) {
    return new StartupProblem(
      `${data_directory} may not be read or written by this user. ` +
        `Give it back by chown -R $(id -un) ${data_directory}, or set HELIU_HOME to a folder of your own.`,
      options,
    );
  }
  if (/read-only file system|EROFS/i.test(output)) {
    return new StartupProblem(
      `${data_directory} lies on a read-only disk. Set HELIU_HOME to a folder that can be written.`,
      options,
    );
  }
  if (/could not map anonymous shared memory|cannot allocate memory|could not resize shared memory/i.test(output)) {
    return new StartupProblem(
      'This machine has too little free memory for PostgreSQL. Free about 400 MB, or set DATABASE_URL to a PostgreSQL server.',
      options,
    );
  }
  return new StartupProblem(
    `PostgreSQL cannot start on ${data_directory}: ${lastComplaint(output)}. ` +
      'Restore the folder from a backup, or move it away to begin with an empty database.',
    options,
  );
}

/** The line that says most: PostgreSQL's last PANIC or FATAL, else the last line at all. */
function lastComplaint(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const worst = lines.findLast((line) => /\b(?:PANIC|FATAL|error):/.test(line)) ?? lines.at(-1) ?? 'it said nothing';
  return worst.replace(/^.*?\b(?:PANIC|FATAL|error):\s+/, '').replace(/\.$/, '');
}
