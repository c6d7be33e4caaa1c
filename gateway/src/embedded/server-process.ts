import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import type { ServerUser } from './server-user.ts';

/**
 * The server's guardian, a shell of one megabyte. It waits for the end of the pipe on descriptor 3, whose other end only
 * we hold: when we close it, or are gone by SIGKILL, it asks the server for a fast shutdown (SIGINT; section 18.5 of the
 * PostgreSQL manual), after 20 seconds for an immediate one (SIGQUIT). When the server ends by itself, so does the guardian.
 */
const GUARDIAN = `
"$@" 3<&- &
server=$!
{
  read -r line
  kill -INT "$server"
  waited=0
  while kill -0 "$server" && [ "$waited" -lt 20 ]; do sleep 1 </dev/null; waited=$((waited + 1)); done
  kill -QUIT "$server"
} <&3 3<&- >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$server"
code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

/** A started server that has said that it accepts connections. */
export interface ServerProcess {
  /** Asks for a fast shutdown and waits for its end. */
  stop(): Promise<void>;
  /** Resolves when the server is gone, asked for or not. */
  readonly ended: Promise<void>;
}

/** What a server wrote before it gave up. */
export interface FailedStart {
  readonly failure: string;
}

/**
 * Starts `command` under the guardian and waits until it is ready.
 *
 * @param log gets each line the server writes
 * @returns the process, or the last lines it wrote when it ended before it was ready
 */
export async function startServerProcess(
  command: readonly string[],
  user: ServerUser,
  log: (line: string) => void,
): Promise<ServerProcess | FailedStart> {
  const [program = '', ...rest] = [...user.prefix, '/bin/sh', '-c', GUARDIAN, 'heliu-postgres', ...command];
  const child = spawn(program, rest, {
    ...user.ids,
    cwd: '/',
    // A session of its own: Ctrl-C in our terminal must not stop the database before we have finished with it.
    detached: true,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const { stderr } = child;
  const lifeline = child.stdio[3];
  if (stderr === null || !(lifeline instanceof Writable)) throw new Error('the guardian has no pipes');
  lifeline.on('error', () => undefined);

  const last_lines: string[] = [];
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      last_lines.push(`FATAL:  ${error.message}`);
      resolve();
    });
  });
  const ready = new Promise<boolean>((resolve) => {
    void ended.then(() => resolve(false));
    createInterface({ input: stderr }).on('line', (line) => {
      last_lines.push(line);
      if (last_lines.length > 20) last_lines.shift();
      log(line);
      if (line.includes('database system is ready to accept connections')) resolve(true);
    });
  });
  if (!(await ready)) return { failure: last_lines.join('\n') };
  return {
    ended,
    stop() {
      lifeline.end();
      return ended;
    },
  };
}
