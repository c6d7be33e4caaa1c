import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { Scenario } from '../scenario.ts';

/** More than are needed to use up what is left. */
const CONNECTIONS = 200;

/** How many more than it has open the node may open. */
const SPARE = 12;

export const exhaustHandles: Scenario = {
  name: 'exhaust-handles',
  about: 'a node may open no more files or connections, and strangers hold all that are left',
  async run({ world, load, random, lasting, note }) {
    await load.moreSuccesses(20);
    const node = world.node(random.below(2));
    const open = (await readdir(`/proc/${node.process.pid}/fd`)).length;
    await node.limitHandles(open + SPARE);
    const strangers = Array.from({ length: CONNECTIONS }, () => stranger(node.port));
    // What the node has open to others is cut: it must open anew what it cannot open.
    world.ways.databases[world.nodes.indexOf(node)]?.set({ kind: 'reset' });
    await lasting(500);
    world.ways.databases[world.nodes.indexOf(node)]?.set(null);
    await lasting(3_000);
    note(`${node.name}: ${open + SPARE} handles`);
    for (const one of strangers) one.destroy();
    await node.limitHandles(null);
    await load.moreSuccesses(20);
  },
};

function stranger(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  void once(socket, 'close').catch(() => undefined);
  return socket;
}
