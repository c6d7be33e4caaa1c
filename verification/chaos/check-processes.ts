/** What must hold of the processes: alive, truthful about being ready, and silent about secrets. */
import { readFile } from 'node:fs/promises';
import type { Violation } from './check-books.ts';
import type { World } from './world.ts';

/** What Node writes when nobody has caught an error. */
const UNCAUGHT =
  /unhandled ?(?:promise)? ?rejection|uncaught ?exception|node:internal\/process\/promises|throw er; \/\/ Unhandled/i;

export async function checkProcesses(world: World): Promise<Violation[]> {
  const found: string[] = [];
  for (const one of world.processes) {
    if (!one.is_running) found.push(`${one.name} is not running (${one.unwanted_end ?? 'ended by us'})`);
  }
  if (world.database.has_ended) found.push('the database server is not running');
  for (const node of world.nodes) {
    const status = await node.readyStatus();
    if (status !== 200) found.push(`${node.name} says ${status} at /readyz though all is well`);
  }
  const logs = await Promise.all(world.log_files.map(async (path) => [path, await readLog(path)] as const));
  found.push(...logs.flatMap(([path, text]) => checkLog(path, text, world.secrets)));
  return found.map((text) => ({ text, trade_id: null }));
}

/** @param secrets of which none may stand in the log; none is repeated in what is answered */
export function checkLog(path: string, text: string, secrets: readonly string[]): string[] {
  const found = secrets.flatMap((secret, index) =>
    secret.length > 0 && text.includes(secret) ? [`${path} holds a secret (number ${index + 1} of the list)`] : [],
  );
  const uncaught = text.split('\n').find((line) => UNCAUGHT.test(line));
  return uncaught === undefined ? found : [...found, `${path}: ${uncaught.slice(0, 300)}`];
}

async function readLog(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
