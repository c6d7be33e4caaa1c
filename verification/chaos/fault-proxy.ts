/**
 * Stands in a TCP connection between two processes and spoils it as networks do: slowly, in the middle of a message, or without
 * a word. It knows nothing of what is said, so that it stands before HTTP and PostgreSQL alike.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** `to_server`: what the one who connects says. */
export type Direction = 'to_server' | 'to_client';

export type Fault =
  | { readonly kind: 'delay'; readonly delay_ms: number }
  | { readonly kind: 'throttle'; readonly bytes_per_second: number }
  /** The connection is reset once so many bytes have passed in that direction, counted from the first after the fault began. */
  | { readonly kind: 'cut'; readonly direction: Direction; readonly after_bytes: number }
  /** Every connection is reset, also each new one. */
  | { readonly kind: 'reset' }
  /** Nothing passes. What was sent arrives when the fault is over, however long its sender has been gone. */
  | { readonly kind: 'blackhole' }
  | { readonly kind: 'garbage'; readonly direction: Direction }
  /** What was asked is asked a second time on a connection of its own, once the first answer has begun. */
  | { readonly kind: 'duplicate' };

/** Ports of 127.0.0.1 in the order in which they are tried: the first one that takes the connection gets it. */
export type Targets = () => readonly number[];

const SMALL_CHUNK_BYTES = 256;

export class FaultProxy {
  readonly #server: Server;
  readonly #targets: Targets;
  readonly #links = new Set<Link>();
  #fault: Fault | null = null;
  #over = Promise.withResolvers<void>();
  /** Connections that a fault has cut or reset, and requests that it has sent twice. */
  struck = 0;

  private constructor(targets: Targets) {
    this.#targets = targets;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#accept(client));
  }

  static async listen(targets: Targets): Promise<FaultProxy> {
    const proxy = new FaultProxy(targets);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get fault(): Fault | null {
    return this.#fault;
  }

  /** Resolves when the fault that is in force now is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** The fault in force from now on, for connections that are there as for new ones; null: none. */
  set(fault: Fault | null): void {
    this.#fault = fault;
    this.#over.resolve();
    this.#over = Promise.withResolvers();
    for (const link of this.#links) {
      link.passed = { to_server: 0, to_client: 0 };
      if (fault?.kind === 'reset') link.strike();
    }
  }

  async #accept(client: Socket): Promise<void> {
    client.on('error', () => undefined);
    if (this.#fault?.kind === 'reset') {
      this.struck += 1;
      client.resetAndDestroy();
      return;
    }
    const server = await connectToFirst(this.#targets());
    if (server === null) {
      client.resetAndDestroy();
      return;
    }
    const link = new Link(this, client, server);
    this.#links.add(link);
    await link.run();
    this.#links.delete(link);
  }

  async close(): Promise<void> {
    this.set(null);
    for (const link of this.#links) link.abort();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Null when none of them takes the connection. */
async function connectToFirst(ports: readonly number[]): Promise<Socket | null> {
  for (const port of ports) {
    const socket = await connectTo(port);
    if (socket !== null) return socket;
  }
  return null;
}

async function connectTo(port: number): Promise<Socket | null> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.on('error', () => undefined);
  return connected ? socket : null;
}

/** One connection through the proxy. */
class Link {
  passed: Record<Direction, number> = { to_server: 0, to_client: 0 };
  readonly #proxy: FaultProxy;
  readonly #client: Socket;
  readonly #server: Socket;
  /** What has been asked since the last answer began. */
  #asked: Buffer[] = [];

  constructor(proxy: FaultProxy, client: Socket, server: Socket) {
    this.#proxy = proxy;
    this.#client = client;
    this.#server = server;
  }

  async run(): Promise<void> {
    await Promise.all([
      this.#flow('to_server', this.#client, this.#server),
      this.#flow('to_client', this.#server, this.#client),
    ]);
  }

  abort(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }

  strike(): void {
    this.#proxy.struck += 1;
    this.abort();
  }

  async #flow(direction: Direction, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) await this.#pass(direction, chunk, to);
      to.end();
    } catch {
      // Either end was reset: so is the other.
      this.abort();
    }
  }

  async #pass(direction: Direction, chunk: Buffer, to: Socket): Promise<void> {
    while (this.#proxy.fault?.kind === 'blackhole') await this.#proxy.over;
    const fault = this.#proxy.fault;
    if (fault?.kind === 'delay') await Promise.race([wait(fault.delay_ms), this.#proxy.over]);
    if (fault?.kind === 'throttle') return this.#trickle(chunk, fault.bytes_per_second, to);
    if (fault?.kind === 'cut' && fault.direction === direction)
      return this.#cut(direction, chunk, fault.after_bytes, to);
    if (fault?.kind === 'duplicate') this.#keep(direction, chunk);
    const is_noise = fault?.kind === 'garbage' && fault.direction === direction;
    if (is_noise) this.#proxy.struck += 1;
    await send(to, is_noise ? randomBytes(chunk.length) : chunk);
  }

  async #trickle(chunk: Buffer, bytes_per_second: number, to: Socket): Promise<void> {
    for (let at = 0; at < chunk.length; at += SMALL_CHUNK_BYTES) {
      await Promise.race([wait((1000 * SMALL_CHUNK_BYTES) / bytes_per_second), this.#proxy.over]);
      await send(to, chunk.subarray(at, at + SMALL_CHUNK_BYTES));
    }
  }

  async #cut(direction: Direction, chunk: Buffer, after_bytes: number, to: Socket): Promise<void> {
    const left = after_bytes - this.passed[direction];
    this.passed[direction] += chunk.length;
    if (chunk.length < left) return send(to, chunk);
    if (left > 0) await send(to, chunk.subarray(0, left));
    this.strike();
  }

  /** Gathers what is asked; the first byte of the answer sends it once more. */
  #keep(direction: Direction, chunk: Buffer): void {
    if (direction === 'to_server') {
      this.#asked.push(chunk);
      return;
    }
    const asked = Buffer.concat(this.#asked.splice(0));
    if (asked.length > 0) void this.#askAgain(asked);
  }

  async #askAgain(asked: Buffer): Promise<void> {
    const again = await connectTo(this.#server.remotePort ?? 0);
    if (again === null) return;
    this.#proxy.struck += 1;
    again.write(asked);
    await Promise.race([once(again, 'data'), wait(2_000)]).catch(() => undefined);
    again.destroy();
  }
}

async function send(to: Socket, bytes: Buffer): Promise<void> {
  if (to.destroyed) throw new Error('the other end is gone');
  if (!to.write(bytes)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
}
