import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atMost, median } from '../figures.ts';
import { freePortsInARow } from '../free-port.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';

/** From `npm start` to the line `ready`: once on an empty folder, then again and again on the same data. */

export interface StartupOptions {
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const PATIENCE_MS = 120_000;
/** The sandbox listens on PORT and the five ports after it. */
const PORTS_IN_A_ROW = 6;

export async function measureStartup(options: StartupOptions): Promise<ScenarioReport> {
  const home = await mkdtemp(join(tmpdir(), 'heliu-startup-'));
  try {
    const port = await freePortsInARow(PORTS_IN_A_ROW);
    const first = await startOnce(home, port);
    options.progress(`first start: ${shown(first, 2)} s`);
    const warm: number[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      warm.push(await startOnce(home, port));
      options.progress(`warm start ${round}: ${shown(warm.at(-1), 2)} s`);
    }
    return {
      scenario: 'startup',
      figures: { first_seconds: first, warm_seconds: median(warm), warm },
      table: table(
        ['npm start to ready', 'seconds'],
        [
          ['first, empty folder', shown(first, 2)],
          ['warm', shown(median(warm), 2)],
        ],
      ),
      verdicts: [atMost('warm start, s', median(warm), 6)],
      errors: [],
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Seconds to the first output line that begins with `ready`; the sandbox is ended by SIGTERM afterwards. */
async function startOnce(home: string, port: number): Promise<number> {
  const started_ms = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: REPOSITORY,
    env: { ...process.env, HELIU_HOME: home, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that npm, its shell and the sandbox all get the signal, as from a terminal.
    detached: true,
  });
  const ended = once(child, 'exit');
  try {
    await readyLine(child);
    return (performance.now() - started_ms) / 1000;
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
}

async function readyLine(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let text = '';
  const read = (chunk: Buffer): void => {
    text += chunk.toString();
    if (/^\W*ready\b/im.test(text)) resolve();
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('exit', (code) =>
    reject(new Error(`npm start ended with ${code} before it was ready:\n${text.slice(-2000)}`)),
  );
  const timer = setTimeout(
    () => reject(new Error(`not ready after ${PATIENCE_MS / 1000} s:\n${text.slice(-2000)}`)),
    PATIENCE_MS,
  );
  await promise.finally(() => clearTimeout(timer));
}
