/** The operator's command line, run on a world's database. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { World } from './world.ts';

const PROGRAM = join(import.meta.dirname, '..', 'gateway', 'bin', 'heliu.js');

type Configured = Pick<World, 'config' | 'database_url'>;

/** The environment of a process that works on a world's database with its master key. */
export function environmentOf({ config, database_url }: Configured): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HELIU_HOME: config.home,
    DATABASE_URL: database_url,
    HELIU_MASTER_KEY: config.master_key?.toString('base64') ?? '',
    NODE_COMPILE_CACHE: join(import.meta.dirname, '..', 'node_modules', '.cache', 'heliu-cli'),
  };
}

/** Runs `heliu … --json` and answers the document that it printed, whatever its exit code. */
export async function heliu(world: Configured, ...words: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    const env = environmentOf(world);
    execFile(process.execPath, [PROGRAM, ...words, '--json'], { env }, (_error, out, err) =>
      resolve({ stdout: out, stderr: err }),
    );
  });
  const printed = stdout === '' ? stderr : stdout;
  try {
    return JSON.parse(printed) as Record<string, unknown>;
  } catch {
    throw new Error(`heliu ${words.join(' ')} printed no document:\n${printed}`);
  }
}
