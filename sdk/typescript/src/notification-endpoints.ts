/**
 * The notification handler for the frameworks that merchants use. Their types are described here as far as they are needed,
 * so that none of them is a dependency.
 */
import { BODY_LIMIT_BYTES, type NotificationAnswer } from './handle-notification.ts';

/** What node:http and Express hand to a handler. */
export interface NodeRequest extends AsyncIterable<unknown> {
  /** What a body parser of Express has read already. */
  readonly body?: unknown;
}

export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/** What Fastify hands to a plugin. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    options: { parseAs: 'string'; bodyLimit?: number },
    parser: (request: never, body: string, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  post(path: string, handler: (request: { body: unknown }, reply: FastifyReplyLike) => Promise<unknown>): unknown;
}

export interface FastifyReplyLike {
  code(status: number): FastifyReplyLike;
  header(name: string, value: string): FastifyReplyLike;
  send(body: string): unknown;
}

const HEADERS = { 'content-type': 'text/plain; charset=utf-8' };
const TOO_LARGE: NotificationAnswer = { status: 413, body: 'too large' };
const ALREADY_PARSED: NotificationAnswer = {
  status: 500,
  body: 'the body was parsed before: mount this before body parsers',
};

/** The endpoint that your notify_url leads to, for several frameworks. */
export class NotificationEndpoint {
  readonly #handle: (body: string) => Promise<NotificationAnswer>;

  constructor(handle: (body: string) => Promise<NotificationAnswer>) {
    this.#handle = handle;
  }

  /** Handles a body that you have read yourself; never throws. Answer with its status and its body. */
  handle(body: string): Promise<NotificationAnswer> {
    return this.#handle(body);
  }

  /** For node:http: `createServer(endpoint.node())`, or inside of your own routing. */
  node(): (request: NodeRequest, response: NodeResponse) => void {
    const respond = async (request: NodeRequest, response: NodeResponse): Promise<void> => {
      const { status, body } = await this.#answer(request);
      response.writeHead(status, HEADERS);
      response.end(body);
    };
    return (request, response) => void respond(request, response);
  }

  /** For Express: `app.post('/notify', endpoint.express())`, with or without `express.text()` before it. */
  express(): (request: NodeRequest, response: NodeResponse) => void {
    return this.node();
  }

  /** For Fastify: `app.register(endpoint.fastify('/notify'))`. The body is read as text in this plugin alone. */
  fastify(path: string): (app: FastifyLike, options: unknown, done: () => void) => void {
    return (app, _options, done) => {
      app.removeAllContentTypeParsers();
      const options = { parseAs: 'string', bodyLimit: BODY_LIMIT_BYTES } as const;
      app.addContentTypeParser('*', options, (_request, body, parsed) => parsed(null, body));
      app.post(path, async (request, reply) => {
        const { status, body } = await this.#handle(typeof request.body === 'string' ? request.body : '');
        return reply.code(status).header('content-type', HEADERS['content-type']).send(body);
      });
      done();
    };
  }

  /** For frameworks that take a Request and give a Response: Hono, Next.js, Bun, Deno, Cloudflare Workers. */
  fetch(): (request: Request) => Promise<Response> {
    return async (request) => {
      const { status, body } = await this.#answer({ [Symbol.asyncIterator]: () => chunksOf(request.body) });
      return new Response(body, { status, headers: HEADERS });
    };
  }

  async #answer(request: NodeRequest): Promise<NotificationAnswer> {
    const { body } = request;
    if (typeof body === 'string') return this.#handle(body);
    if (body instanceof Uint8Array) return this.#handle(new TextDecoder().decode(body));
    // express.json() and its like leave an object behind, and no bytes to verify. An untouched body is undefined or {}.
    if (typeof body === 'object' && body !== null && Object.keys(body).length > 0) return ALREADY_PARSED;
    const text = await readText(request).catch(() => '');
    return text === null ? TOO_LARGE : this.#handle(text);
  }
}

/** The body as text; null when it is too large. */
async function readText(chunks: AsyncIterable<unknown>): Promise<string | null> {
  const decoder = new TextDecoder();
  let length = 0;
  let text = '';
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') text += chunk;
    else if (chunk instanceof Uint8Array) text += decoder.decode(chunk, { stream: true });
    length += (chunk as string | Uint8Array).length;
    if (length > BODY_LIMIT_BYTES) return null;
  }
  return text + decoder.decode();
}

/** The chunks of a stream. Not every runtime can iterate over one. */
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const next = await reader?.read();
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    await reader?.cancel();
  }
}
