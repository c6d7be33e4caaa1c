/** The channels' simulators as a process of their own; what they know survives it in their journal. */
import { join } from 'node:path';
import { readAnnouncement, type SandboxFile } from '../../sandbox/src/sandbox-file.ts';
import type { Json } from '../merchant.ts';
import { RunningProcess } from './running-process.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'simulators', 'src', 'main.ts');

/** Upstream waits fifteen seconds and more before it repeats a callback; here a hundredth of that. */
const CADENCE_SCALE = 0.01;

/** Longer than the simulators need for anything, unless they are stopped. */
const CONTROL_TIMEOUT_MS = 3_000;

/** The simulators refused what a customer wanted: the code is used up, or its order is over. */
export class ControlRefused extends Error {
  override readonly name = 'ControlRefused';
}

export class SimulatorsProcess {
  readonly log_file: string;
  readonly #env: Readonly<Record<string, string>>;
  #process: RunningProcess;
  #announced: SandboxFile['simulators'];

  private constructor(env: Readonly<Record<string, string>>, log_file: string, started: Started) {
    this.#env = env;
    this.log_file = log_file;
    this.#process = started.process;
    this.#announced = started.announced;
  }

  /** @param port the first of seven */
  static async start(home: string, port: number, log_file: string): Promise<SimulatorsProcess> {
    const env = { HELIU_HOME: home, PORT: String(port) };
    return new SimulatorsProcess(env, log_file, await spawnSimulators(env, log_file));
  }

  get process(): RunningProcess {
    return this.#process;
  }

  /** Addresses and the keys that the gateway's accounts need: secrets. */
  get announced(): SandboxFile['simulators'] {
    return this.#announced;
  }

  /** Another process in the place of one that has ended, with what its journal has kept. */
  async startAgain(): Promise<void> {
    if (this.#process.is_running) return;
    const started = await spawnSimulators(this.#env, this.log_file);
    this.#process = started.process;
    this.#announced = started.announced;
  }

  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Json> {
    return control(this.#announced.url, method, path, body);
  }
}

interface Started {
  readonly process: RunningProcess;
  readonly announced: SandboxFile['simulators'];
}

async function spawnSimulators(env: Readonly<Record<string, string>>, log_file: string): Promise<Started> {
  const process = new RunningProcess({ name: 'simulators', script: [PROGRAM], env, log_file, ipc: true });
  const announced = readAnnouncement(await process.firstMessage());
  await control(announced.url, 'POST', '/control/cadence', { scale: CADENCE_SCALE });
  return { process, announced };
}

async function control(origin: string, method: string, path: string, body: unknown): Promise<Json> {
  const response = await fetch(`${origin}${path}`, {
    method,
    signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Json;
  if (!response.ok) throw new ControlRefused(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}
