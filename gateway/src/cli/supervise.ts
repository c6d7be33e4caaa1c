/**
 * Runs this program once more as a child, with an environment that counts only from a process's start: the OpenSSL path,
 * the number of signing threads, the compile cache. The child ends with us, SIGKILL included.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

/** Tells the child that it is one. */
const CHILD_MARK = 'HELIU_SUPERVISED';

/** A second Ctrl-C by a person comes later than this; one that a launcher passes on as well comes at once. */
const REPEAT_MS = 1_000;

/** Whether this process was started by `supervise`. */
export function isSupervised(): boolean {
  return process.env[CHILD_MARK] === '1';
}

/**
 * Starts the child and waits for its end, passing on signals.
 *
 * @param program the TypeScript file and its arguments
 * @returns the exit code to end with
 */
export async function supervise(program: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...program], {
    env: { ...process.env, ...env, [CHILD_MARK]: '1' },
    // A session of its own, so that Ctrl-C reaches it once: through us. The channel closes when we are gone.
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  passSignals(child);
  return new Promise((ended, failed) => {
    child.once('error', failed);
    child.once('exit', (code, signal) => ended(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}

function passSignals(child: ChildProcess): void {
  let first_ms: number | null = null;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      first_ms ??= performance.now();
      const insists = performance.now() - first_ms > REPEAT_MS;
      child.kill(insists ? 'SIGKILL' : signal);
    });
  }
}

/**
 * Resolves when this process is asked to end: by a signal, or because the process that supervises it is gone. Asked again
 * after a second, it ends at once.
 */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    let first_ms: number | null = null;
    const request = (): void => {
      if (first_ms !== null && performance.now() - first_ms > REPEAT_MS) process.exit(1);
      first_ms ??= performance.now();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
    if (!isSupervised()) return;
    if (!process.connected) request();
    process.once('disconnect', request);
    // The channel alone is no reason to keep running.
    process.channel?.unref();
  });
}
