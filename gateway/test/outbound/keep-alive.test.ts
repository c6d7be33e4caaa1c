import { describe, expect, test, vi } from 'vitest';
import type { HttpRequest } from '../../src/ports.ts';
import { client } from './clients.ts';
import { expectNoAnswer, httpServer, tcpServer } from './servers.ts';

function post(port: number): HttpRequest {
  const url = `http://127.0.0.1:${port}/pay`;
  return { method: 'POST', url, headers: {}, body: '1\r\n\r\n', timeout_ms: 10_000, max_bytes: 1_000 };
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('connections', () => {
  test('are kept for the next request', async () => {
    const server = await httpServer((_request, response) => response.end());
    const http = client();
    for (let sent = 0; sent < 5; sent += 1) await http.send(post(server.port));
    expect(server.connections()).toBe(1);
  });

  test('are no more than the requests under way', async () => {
    const server = await httpServer((_request, response) => response.end());
    const http = client();
    const caller = async (): Promise<void> => {
      for (let sent = 0; sent < 30; sent += 1) await http.send(post(server.port));
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    expect(server.connections()).toBeLessThanOrEqual(8);
  });

  test('are no more than the bound, and every request is served in its turn', async () => {
    const server = await httpServer((_request, response) => setImmediate(() => response.end()));
    const http = client({ connections_per_origin: 3 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => http.send(post(server.port))));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(server.connections()).toBe(3);
  });

  test('that the peer closed while idle are replaced; nothing is lost', async () => {
    const server = await tcpServer((socket, received) => {
      if (received.endsWith('\r\n\r\n1\r\n\r\n')) socket.end(ANSWER);
    });
    const http = client();
    for (let sent = 0; sent < 5; sent += 1) expect((await http.send(post(server.port))).status).toBe(200);
    expect(server.connections()).toBe(5);
  });

  test('that the peer closes upon the next request lose it, and it is not sent again by itself', async () => {
    let requests = 0;
    const server = await tcpServer((socket, received) => {
      if (received === '') return;
      requests += 1;
      if (received.split('POST').length === 2) socket.write(ANSWER);
      else socket.destroy();
    });
    const http = client();
    await http.send(post(server.port));
    await expectNoAnswer(http.send(post(server.port)), 'lost: connection_lost');
    expect(requests).toBe(2);
    expect(server.connections()).toBe(1);
    expect((await http.send(post(server.port))).status).toBe(200);
  });

  test('to the peer used least recently are given up when there are too many peers', async () => {
    const servers = await Promise.all(
      ['first', 'second', 'third', 'fourth'].map(() => httpServer((_request, response) => response.end())),
    );
    const [first, second, third, fourth] = servers;
    if (!first || !second || !third || !fourth) throw new Error('four servers were started');
    const http = client({ max_origins: 3 });
    for (const server of [first, second, first, third, fourth]) await http.send(post(server.port));
    await vi.waitUntil(() => second.open() === 0);
    await http.send(post(first.port));
    expect(servers.map((server) => server.open())).toEqual([1, 0, 1, 1]);
    expect(first.connections()).toBe(1);
  });

  test('of a peer in use are not given up, nor what waits for them', async () => {
    const answers: (() => void)[] = [];
    const slow = await httpServer((_request, response) => answers.push(() => response.end('at last')));
    const quick = await httpServer((_request, response) => response.end());
    const http = client({ max_origins: 1, connections_per_origin: 1 });
    const running = http.send(post(slow.port));
    const waiting = http.send(post(slow.port));
    await vi.waitUntil(() => answers.length === 1);
    await http.send(post(quick.port));
    answers[0]?.();
    expect((await running).body.toString()).toBe('at last');
    await vi.waitUntil(() => answers.length === 2);
    answers[1]?.();
    expect((await waiting).body.toString()).toBe('at last');
    expect(slow.connections()).toBe(1);
  });
});

describe('close', () => {
  test('lets a running request end and closes every connection', async () => {
    let answer = (): void => {};
    let seen = false;
    const server = await httpServer((_request, response) => {
      seen = true;
      answer = () => response.end('at last');
    });
    const http = client();
    const running = http.send(post(server.port));
    await vi.waitUntil(() => seen);
    const closed = http.close();
    answer();
    expect((await running).body.toString()).toBe('at last');
    await closed;
    await vi.waitUntil(() => server.open() === 0);
  });

  test('turns away what still waits for a connection', async () => {
    const server = await httpServer(() => {});
    const http = client({ connections_per_origin: 1 });
    const running = http.send({ ...post(server.port), timeout_ms: 100 });
    const waiting = http.send(post(server.port));
    const closed = http.close();
    await expectNoAnswer(waiting, 'not_sent: client_closed');
    await expectNoAnswer(running, 'lost: timeout');
    await closed;
  });
});
