/** Ports for the tests: a clock that stands still until told otherwise, and an HTTP client on bare node:http. */
import { randomBytes, sign as signCallback } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { promisify } from 'node:util';
import { NoAnswer, type HttpAnswer, type HttpClient, type HttpRequest, type Ports } from '../../../../src/ports.ts';

export interface TestClock {
  time_ms: number;
}

export function testPorts(clock: TestClock): Ports {
  return {
    clock: {
      now_ms: () => clock.time_ms,
      setTimer() {
        throw new Error('the channel sets no timer');
      },
    },
    random: { bytes: (length) => randomBytes(length) },
    http: nodeHttp,
    signer: { signSha256: (key, data) => signAsync('sha256', Buffer.from(data), key) },
  };
}

const signAsync = promisify<string, Buffer, Parameters<typeof signCallback>[2], Buffer>(signCallback);

const nodeHttp: HttpClient = {
  send: (request) => new Promise((resolve, reject) => exchange(request, resolve, reject)),
};

function exchange(
  request: HttpRequest,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: NoAnswer) => void,
): void {
  const outgoing = httpRequest(request.url, { method: request.method, headers: request.headers, agent: false });
  outgoing.setTimeout(request.timeout_ms, () => outgoing.destroy(new NoAnswer('lost', 'timeout')));
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    if (error instanceof NoAnswer) reject(error);
    else if (error.code === 'ECONNREFUSED') reject(new NoAnswer('not_sent', 'connection_refused'));
    else reject(new NoAnswer('lost', 'connection_lost'));
  });
  outgoing.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', () => reject(new NoAnswer('lost', 'connection_lost')));
    response.on('end', () => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.headers)) headers[name] = [value].flat().join(', ');
      resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
    });
  });
  outgoing.end(request.body ?? undefined);
}
