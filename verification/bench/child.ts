import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * The bench's own helper processes (stub, load generator, reference, merchant) and how it talks to them: commands over
 * the IPC channel, only before and after what is measured.
 */

interface CommandMessage {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

type AnswerMessage =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: string };

/** A running helper process. */
export interface Child {
  readonly pid: number;
  /** Runs a command there; rejects with what went wrong there, or when the process ends first. */
  call<Result>(command: string, argument?: unknown): Promise<Result>;
  /** Ends the process and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a helper process.
 *
 * @param script the file beside the caller, `new URL('./x.ts', import.meta.url)`
 * @param environment added to our own
 */
export async function startChild(script: URL, environment: Readonly<Record<string, string>> = {}): Promise<Child> {
  const child = fork(fileURLToPath(script), { env: { ...process.env, ...environment }, serialization: 'advanced' });
  const ended = once(child, 'exit');
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', (message: AnswerMessage) => {
    const waiting = pending.get(message.id);
    pending.delete(message.id);
    if ('problem' in message) waiting?.reject(new Error(message.problem));
    else waiting?.resolve(message.value);
  });
  child.once('exit', (code, signal) => {
    for (const waiting of pending.values()) {
      waiting.reject(new Error(`${script.pathname.split('/').at(-1)} ended (${signal ?? code})`));
    }
    pending.clear();
  });
  await once(child, 'spawn');
  return new CommandedChild(child, pending, ended);
}

class CommandedChild implements Child {
  readonly #child: ChildProcess;
  readonly #pending: Map<number, PromiseWithResolvers<unknown>>;
  readonly #ended: Promise<unknown>;
  #last = 0;

  constructor(child: ChildProcess, pending: Map<number, PromiseWithResolvers<unknown>>, ended: Promise<unknown>) {
    this.#child = child;
    this.#pending = pending;
    this.#ended = ended;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  call<Result>(command: string, argument?: unknown): Promise<Result> {
    const id = ++this.#last;
    const waiting = Promise.withResolvers<unknown>();
    this.#pending.set(id, waiting);
    this.#child.send({ id, command, argument } satisfies CommandMessage);
    // Both ends of the channel are files of this folder; the result types are written beside the handlers.
    return waiting.promise as Promise<Result>;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    await this.#ended;
  }
}

/** The other side: answers commands until the parent is gone. */
export function serveCommands(handlers: Readonly<Record<string, (argument: never) => Promise<unknown>>>): void {
  process.on('message', (message: CommandMessage) => {
    void answer(handlers, message).then((reply) => process.send?.(reply));
  });
  process.once('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => process.exit(0));
}

async function answer(
  handlers: Readonly<Record<string, (argument: never) => Promise<unknown>>>,
  message: CommandMessage,
): Promise<AnswerMessage> {
  try {
    const handler = handlers[message.command];
    if (handler === undefined) throw new Error(`no command ${message.command}`);
    return { id: message.id, value: await handler(message.argument as never) };
  } catch (problem) {
    return { id: message.id, problem: problem instanceof Error ? (problem.stack ?? problem.message) : String(problem) };
  }
}
