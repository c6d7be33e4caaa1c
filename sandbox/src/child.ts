import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface ChildOptions {
  /** What a person calls it: `gateway`. */
  readonly name: string;
  /** The TypeScript file to run. */
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets what the child writes; the file of the last start is kept beside it as `.1`. */
  readonly log_file: string;
  /** How long `stop` waits before it kills, in milliseconds. */
  readonly patience_ms: number;
}

/** A process of the sandbox. It ends with us, however we end. */
export interface Child {
  readonly name: string;
  /** Resolves, never rejects, when the process is gone; says how, e.g. `exit code 1`. */
  readonly ended: Promise<string>;
  /** The first message it sends over IPC; null when it ended without one. */
  readonly message: Promise<unknown>;
  send(message: object): void;
  /** SIGTERM, then SIGKILL when patience is over; resolves when the process is gone. */
  stop(): Promise<void>;
  kill(): void;
  /** The last lines of its log. */
  lastWords(): Promise<string>;
}

/** Starts a process under `end-with-parent.ts`, in a session of its own so that Ctrl-C reaches us alone. */
export async function startChild(options: ChildOptions): Promise<Child> {
  await rename(options.log_file, `${options.log_file}.1`).catch(() => undefined);
  const log = openSync(options.log_file, 'a', 0o600);
  const child = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, 'end-with-parent.ts'), options.program],
    { env: options.env, detached: true, stdio: ['ignore', log, log, 'ipc'] },
  );
  closeSync(log);
  const ended = endOf(child);
  return {
    name: options.name,
    ended,
    message: firstMessage(child),
    // A child that is gone already is noticed by `ended`.
    send: (message) => void child.send(message, () => undefined),
    async stop() {
      child.kill('SIGTERM');
      const patience = new AbortController();
      const killing = wait(options.patience_ms, undefined, { signal: patience.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      await ended;
      patience.abort();
      await killing;
    },
    kill: () => void child.kill('SIGKILL'),
    lastWords: async () =>
      (await readFile(options.log_file, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-15).join('\n'),
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

function firstMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.once('exit', () => resolve(null));
  });
}
