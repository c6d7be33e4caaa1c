import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { nodePorts } from './node-ports.ts';
import type { Answer, Handler, Reply, SimulatorPorts } from './ports.ts';

/** Requests with a larger body are answered 413. */
export const BODY_LIMIT_BYTES = 1024 * 1024;

export interface ListenOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Serves HTTPS instead, and asks clients for a certificate without insisting on one. */
  readonly tls?: TlsOptions;
  /** For the delays of replies; real timers when absent. */
  readonly ports?: Pick<SimulatorPorts, 'schedule'>;
}

/** All texts are PEM. */
export interface TlsOptions {
  readonly certificate: string;
  readonly private_key: string;
  /** Issuers that are named to clients which choose among several certificates; any certificate is taken. */
  readonly client_ca: string;
}

export interface Listening {
  readonly port: number;
  /** Ends every connection, the silent ones too, and stops listening. */
  close(): Promise<void>;
}

/**
 * Serves a handler over HTTP/1.1 with the raw target and body, and does to the connection what the reply says.
 * @throws the listen error, for example EADDRINUSE
 */
export function listen(handler: Handler, options: ListenOptions): Promise<Listening> {
  const ports = options.ports ?? nodePorts();
  const sockets = new Set<Socket>();
  const server = serverOf(options.tls, (message, response) => {
    serve(handler, { ports, sockets }, message, response).catch((error: unknown) => {
      // A defect of the simulator itself: say so plainly instead of looking like one of the channel's errors.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`simulator defect: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise<void>((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

function serverOf(
  tls: TlsOptions | undefined,
  take: (message: IncomingMessage, response: ServerResponse) => void,
): ReturnType<typeof createServer> | ReturnType<typeof createTlsServer> {
  if (!tls) return createServer(take);
  const { certificate, private_key, client_ca } = tls;
  // What a certificate is worth is for the handler to say: a channel knows its merchants' certificates one by one.
  const asking = { requestCert: true, rejectUnauthorized: false } as const;
  return createTlsServer({ ...asking, cert: certificate, key: private_key, ca: client_ca }, take);
}

interface Serving {
  readonly ports: Pick<SimulatorPorts, 'schedule'>;
  /** TCP connections, also those under TLS. */
  readonly sockets: ReadonlySet<Socket>;
}

async function serve(
  handler: Handler,
  { ports, sockets }: Serving,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(message);
  if (body === 'too_large') {
    response.writeHead(413, { 'content-type': 'text/plain', connection: 'close' });
    response.end('body larger than 1 MiB\n');
    return;
  }
  if (body === 'gone') return;
  const reply = await handler({
    method: message.method ?? 'GET',
    target: message.url ?? '/',
    headers: flatHeaders(message),
    body,
    peer_address: message.socket.remoteAddress,
    client_certificate: certificateOf(message.socket),
  });
  perform(
    reply,
    ports,
    message.socket instanceof TLSSocket ? tcpUnder(message.socket, sockets) : message.socket,
    response,
  );
}

function perform(
  reply: Reply,
  ports: Pick<SimulatorPorts, 'schedule'>,
  socket: Socket,
  response: ServerResponse,
): void {
  if (reply.kind === 'silence') return;
  const act = reply.kind === 'reset' ? () => void socket.resetAndDestroy() : () => write(reply.answer, response);
  if (reply.delay_ms <= 0) {
    act();
    return;
  }
  const timer = ports.schedule(reply.delay_ms, act);
  response.once('close', () => timer.cancel());
}

/** SHA-256 of the certificate that the client has presented and proven; undefined when it presented none. */
function certificateOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { raw } = socket.getPeerCertificate() as { raw?: Buffer };
  return raw && createHash('sha256').update(raw).digest('hex');
}

/** The TCP connection that TLS runs on: only that one can be reset. */
function tcpUnder(secured: TLSSocket, sockets: ReadonlySet<Socket>): Socket {
  const under = [...sockets].find(
    (socket) => socket.remotePort === secured.remotePort && socket.remoteAddress === secured.remoteAddress,
  );
  return under ?? secured;
}

function write(answer: Answer, response: ServerResponse): void {
  const withBody = answer.status !== 204 && answer.status !== 304;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(withBody ? { 'content-length': String(answer.body.length) } : {}),
  });
  response.end(withBody ? answer.body : undefined);
}

function readBody(message: IncomingMessage): Promise<Buffer | 'too_large' | 'gone'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      // What is too much is read to its end but not kept: a client that is still writing would miss the answer.
      if (length > BODY_LIMIT_BYTES) chunks.length = 0;
      else chunks.push(chunk);
    });
    message.once('end', () => resolve(length > BODY_LIMIT_BYTES ? 'too_large' : Buffer.concat(chunks)));
    message.once('error', () => resolve('gone'));
    message.once('close', () => resolve('gone'));
  });
}

function flatHeaders(message: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
