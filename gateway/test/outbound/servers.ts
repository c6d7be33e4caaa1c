/** Real servers that misbehave as told. Each closes itself, connections included, when the test file ends. */
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, expect } from 'vitest';
import { NoAnswer } from '../../src/ports.ts';
import type { TestCertificate } from './certificate.ts';

const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
});

export interface TestServer {
  readonly port: number;
  /** Connections accepted so far. */
  connections(): number;
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

/** An HTTP server on a loopback address. */
export function httpServer(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<TestServer> {
  return listening(createHttpServer(listener), host, port);
}

export function httpsServer(certificate: TestCertificate, listener: RequestListener): Promise<TestServer> {
  const { certificate_pem: cert, key_pem: key } = certificate;
  return listening(createHttpsServer({ cert, key }, listener), '127.0.0.1', 0);
}

/** An https server that admits only who shows a certificate that one of these authorities has signed; it answers with its name. */
export function mutualTlsServer(certificate: TestCertificate, authorities: readonly string[]): Promise<TestServer> {
  const { certificate_pem: cert, key_pem: key } = certificate;
  const server = createHttpsServer({ cert, key, ca: [...authorities], requestCert: true }, (request, response) => {
    const { fingerprint256 } = (request.socket as TLSSocket).getPeerCertificate();
    response.end(fingerprint256);
  });
  return listening(server, '127.0.0.1', 0);
}

/** An HTTP server that answers each request with what this makes of it and of its body. */
export function echoServer(answer: (request: IncomingMessage, body: string) => string): Promise<TestServer> {
  return httpServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => response.end(answer(request, body)));
  });
}

/** A server for HTTP/2 that speaks HTTP/1.1 with those that ask for it. */
export function http2Server(
  certificate: TestCertificate,
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Promise<TestServer> {
  const { certificate_pem: cert, key_pem: key } = certificate;
  return listening(createSecureServer({ cert, key, allowHTTP1: true }, listener), '127.0.0.1', 0);
}

/** A TCP server: `onBytes` is called with all that has arrived so far: once on connecting, then whenever bytes arrive. */
export function tcpServer(onBytes: (socket: Socket, received: string) => void): Promise<TestServer> {
  const server = createTcpServer((socket) => {
    let received = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      onBytes(socket, received);
    });
    onBytes(socket, received);
  });
  return listening(server, '127.0.0.1', 0);
}

/** A server that answers a request without a body with these bytes as they are, then does `after`. */
export function rawAnswer(answer: string, after: (socket: Socket) => void = () => {}): Promise<TestServer> {
  return tcpServer((socket, received) => {
    if (!received.endsWith('\r\n\r\n')) return;
    socket.write(answer);
    after(socket);
  });
}

async function listening(server: Server, host: string, port: number): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  let closed: Promise<void> | null = null;
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    return closed;
  };
  closers.push(close);
  const { port: bound_port } = server.address() as AddressInfo;
  return { port: bound_port, connections: () => connections, open: () => sockets.size, close };
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await tcpServer(() => {});
  await server.close();
  return server.port;
}

/** Expects a `NoAnswer`, written `kind: reason`. */
export async function expectNoAnswer(sent: Promise<unknown>, expected: string): Promise<void> {
  const outcome = await sent.then(
    () => 'an answer',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(NoAnswer);
  if (outcome instanceof NoAnswer) expect(`${outcome.kind}: ${outcome.reason}`).toBe(expected);
}
