/**
 * Stands between a gateway and a channel's simulator, so that a test can act at an exact moment of a call: when the channel
 * has not seen it yet, or when the channel has acted and its answer is still on the way.
 */
import {
  Agent,
  createServer,
  request as send,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call that passes by. */
export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** What a test does meanwhile; the call waits for it. */
export type Hook = (passing: Passing) => Promise<void> | void;

export class ChannelProxy {
  /** Runs before the channel sees the call. */
  before: Hook = () => undefined;
  /** Runs after the channel has acted, before its answer goes on. */
  after: Hook = () => undefined;
  /** What goes on of the body of its answer. */
  spoil: (passing: Passing, body: Buffer) => Buffer = (_passing, body) => body;
  readonly #origin: string;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(origin: string) {
    this.#origin = origin;
    this.#server = createServer((message, response) => {
      void this.#pass(message, response).catch(() => response.destroy());
    });
  }

  /** @param origin where calls go on to, e.g. http://127.0.0.1:8082 */
  static async listen(origin: string): Promise<ChannelProxy> {
    const proxy = new ChannelProxy(origin);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #pass(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(message);
    const passing = { method: message.method ?? '', path: message.url ?? '', body: body.toString() };
    await this.before(passing);
    // Whoever called is gone: what the channel has not seen by now it never sees.
    if (message.socket.destroyed) return;
    const answer = await this.#forward(message, response, body);
    const answer_body = this.spoil(passing, await bytesOf(answer));
    await this.after(passing);
    // Its length is told anew: the body may be another one.
    const { 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, headers).end(answer_body);
  }

  #forward(message: IncomingMessage, response: ServerResponse, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const forwarded = send(`${this.#origin}${message.url ?? '/'}`, {
        method: message.method,
        headers: { ...message.headers, host: new URL(this.#origin).host },
        agent: this.#agent,
      });
      forwarded.once('response', resolve);
      forwarded.once('error', reject);
      // Whoever asked has given up: a channel that stays silent must not be waited for.
      response.once('close', () => forwarded.destroy());
      forwarded.end(body);
    });
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
