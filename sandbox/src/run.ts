/** The sandbox in the foreground, until Ctrl-C or SIGTERM. */
import { ConfigError, readConfig } from '../../gateway/src/config.ts';
import { StartupProblem } from '../../gateway/src/embedded/startup-problem.ts';
import { MigrationMismatch } from '../../gateway/src/storage/migrate.ts';
import { readyText } from './ready-text.ts';
import { startSandbox } from './sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** How often to look whether the npm that runs us is still there. */
const PARENT_POLL_ms = 500;

/** One Ctrl-C arrives twice, from the terminal and from npm, which passes it on: only a later one is a second one. */
const ECHO_ms = 1_000;

const stopping = new AbortController();
let stop_requested_ms = 0;
let sandbox: Sandbox | null = null;

function requestStop(): void {
  if (stopping.signal.aborted) {
    if (performance.now() - stop_requested_ms < ECHO_ms) return;
    // A person who presses Ctrl-C again does not want to wait. The database ends with us.
    sandbox?.kill();
    process.exit(1);
  }
  stop_requested_ms = performance.now();
  process.stdout.write('\nstopping …\n');
  stopping.abort();
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, requestStop);
if (process.env['npm_lifecycle_event'] !== undefined) endWithNpm();

try {
  const config = readConfig(process.env);
  process.stdout.write(`starting the sandbox in ${config.home} …\n`);
  sandbox = await startSandbox(config, process.env, stopping.signal);
  process.stdout.write(readyText(sandbox.file, config.home, process.uptime()));
  const broken = await Promise.race([sandbox.broken, aborted(stopping.signal)]);
  if (broken !== null) {
    console.error(broken);
    process.exitCode = 1;
  }
  await sandbox.stop();
  process.stdout.write('stopped\n');
} catch (error) {
  if (stopping.signal.aborted) process.stdout.write('stopped\n');
  else {
    console.error(isExplained(error) ? error.message : error);
    process.exitCode = 1;
  }
}
process.exit();

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}

/** A killed npm cannot pass a signal on; without this the sandbox would go on with no one to stop it. */
function endWithNpm(): void {
  const npm = process.ppid;
  setInterval(() => {
    if (process.ppid !== npm && !stopping.signal.aborted) requestStop();
  }, PARENT_POLL_ms).unref();
}

function isExplained(error: unknown): error is Error {
  return error instanceof StartupProblem || error instanceof ConfigError || error instanceof MigrationMismatch;
}
