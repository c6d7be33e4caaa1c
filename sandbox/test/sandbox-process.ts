import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { SandboxFile } from '../src/sandbox-file.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** A program of this repository run as a process, and what it wrote. */
export interface Run {
  readonly process: ChildProcess;
  /** Everything written so far, both streams. */
  output(): string;
  /** Resolves with the exit code when the process is gone; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Runs a command in the repository's root. */
export function run(command: readonly [string, ...string[]], environment: Readonly<Record<string, string>>): Run {
  const [program, ...rest] = command;
  // What started the tests must not look like the npm that starts a sandbox.
  const { npm_lifecycle_event: _event, DATABASE_URL: _url, ...inherited } = process.env;
  const child = spawn(program, rest, {
    cwd: ROOT,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { process: child, output: () => output, ended };
}

/** Starts a sandbox on a folder and a base port. */
export function runSandbox(home: string, port: number, extra: Readonly<Record<string, string>> = {}): Run {
  return run([process.execPath, 'sandbox/src/start.ts'], { HELIU_HOME: home, PORT: String(port), ...extra });
}

/** Waits for the line that begins with `ready`; throws with the output when the process ends before. */
export function untilReady(sandbox: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!/^ready/m.test(sandbox.output())) return;
      sandbox.process.stdout?.off('data', look);
      resolve();
    };
    sandbox.process.stdout?.on('data', look);
    void sandbox.ended.then((code) => reject(new Error(`ended with ${code}:\n${sandbox.output()}`)));
    look();
  });
}

/** Reads `sandbox.json`. */
export async function readSandboxFile(home: string): Promise<SandboxFile> {
  return JSON.parse(await readFile(join(home, 'sandbox.json'), 'utf8')) as SandboxFile;
}

/** A base port that is free together with the six after it. */
export async function freeBasePort(): Promise<number> {
  for (;;) {
    const base = randomInt(20_000, 32_000);
    const free = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
}

/** Whether nothing listens on the port of 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Processes whose command line or environment names the folder: whatever a sandbox on it has left running. */
export async function processesOf(home: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const mentions = await Promise.all(
    pids.map(async (pid) => {
      const texts = await Promise.all(
        ['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      return texts.some((text) => text.includes(home));
    }),
  );
  return pids.filter((_pid, index) => mentions[index]).map(Number);
}
