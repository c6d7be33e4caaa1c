import type { Child } from './child.ts';

interface Part {
  stop(): Promise<void>;
  kill?(): void;
  /** Resolves with a sentence when the part has ended. */
  readonly broken?: Promise<string>;
}

/** What has been started, in that order. */
export class RunningParts {
  readonly #parts: Part[] = [];
  readonly #break: (reason: string) => void;
  /** Resolves when a part ended without being asked to. */
  readonly broken: Promise<string>;
  #stopping: Promise<void> | null = null;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.broken = promise;
    this.#break = resolve;
  }

  add(part: Part): void {
    this.#parts.push(part);
    void part.broken?.then((reason) => (this.#stopping === null ? this.#break(reason) : undefined));
  }

  addChild(child: Child): void {
    const broken = child.ended.then(
      async (how) => `The ${child.name} ended (${how}). The end of its log:\n${await child.lastWords()}`,
    );
    this.add({ stop: () => child.stop(), kill: () => child.kill(), broken });
  }

  /** The last started first, one after the other; what fails to stop does not keep the others. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const part of this.#parts.toReversed()) {
      await part.stop().catch((error: unknown) => console.error(error));
    }
  }

  kill(): void {
    for (const part of this.#parts) part.kill?.();
  }
}
