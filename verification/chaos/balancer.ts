/** Looks at /readyz of every node, as a balancer does, and says in which order they are to be tried. */
import { setTimeout as wait } from 'node:timers/promises';
import type { GatewayNode } from './gateway-node.ts';

const PROBE_EVERY_MS = 100;

export class Balancer {
  readonly #nodes: readonly GatewayNode[];
  readonly #ready: Set<GatewayNode>;
  #turn = 0;
  #stopped = false;
  readonly #probing: readonly Promise<void>[];

  constructor(nodes: readonly GatewayNode[]) {
    this.#nodes = nodes;
    this.#ready = new Set(nodes);
    this.#probing = nodes.map((node) => this.#probe(node));
  }

  /** Ports of the nodes that are ready, each first in turn; of all of them when none is: they answer for themselves. */
  ports(): number[] {
    this.#turn += 1;
    const ready = this.#nodes.filter((node) => this.#ready.has(node));
    const tried = ready.length > 0 ? ready : this.#nodes;
    return tried.map((_node, index) => tried[(index + this.#turn) % tried.length]?.port ?? 0);
  }

  async #probe(node: GatewayNode): Promise<void> {
    while (!this.#stopped) {
      if ((await node.readyStatus()) === 200) this.#ready.add(node);
      else this.#ready.delete(node);
      await wait(PROBE_EVERY_MS);
    }
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#probing);
  }
}
