import { gzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import type { HttpRequest } from '../../src/ports.ts';
import { client } from './clients.ts';
import { closedPort, echoServer, expectNoAnswer, httpServer, rawAnswer, tcpServer } from './servers.ts';

function get(port: number, overrides: Partial<HttpRequest> = {}): HttpRequest {
  const url = `http://127.0.0.1:${port}/v3/orders?mchid=1`;
  return { method: 'GET', url, headers: {}, body: null, timeout_ms: 10_000, max_bytes: 1_000, ...overrides };
}

describe('an answer', () => {
  test('carries status, headers joined with a comma, and the body', async () => {
    const server = await httpServer((_request, response) => {
      response.writeHead(201, [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-Serial', '77'],
      ]);
      response.write('half ');
      setImmediate(() => response.end('and half'));
    });
    const answer = await client().send(get(server.port));
    expect(answer.status).toBe(201);
    expect(answer.headers['set-cookie']).toBe('a=1, b=2');
    expect(answer.headers['x-serial']).toBe('77');
    expect(answer.body.toString()).toBe('half and half');
  });

  test('comes to exactly the request that was asked for', async () => {
    const server = await echoServer(({ method, url, headers }, body) => JSON.stringify({ method, url, headers, body }));
    const headers = { 'Content-Type': 'application/json', Authorization: 'signed', 'Accept-Encoding': 'br, gzip' };
    const answer = await client().send(get(server.port, { method: 'POST', headers, body: '{"合流":1}' }));
    const seen: unknown = JSON.parse(answer.body.toString());
    expect(seen).toMatchObject({ method: 'POST', url: '/v3/orders?mchid=1', body: '{"合流":1}' });
    expect(seen).toMatchObject({
      headers: {
        'content-type': 'application/json',
        authorization: 'signed',
        'accept-encoding': 'identity',
        'user-agent': 'heliu',
        'content-length': '12',
        host: `127.0.0.1:${server.port}`,
      },
    });
  });

  test('keeps the user agent that a channel chooses', async () => {
    const server = await httpServer((request, response) => response.end(request.headers['user-agent']));
    const answer = await client().send(get(server.port, { headers: { 'User-Agent': 'mine' } }));
    expect(answer.body.toString()).toBe('mine');
  });

  test('is not decompressed, whatever the peer does', async () => {
    const packed = gzipSync('signed over these bytes');
    const server = await httpServer((_request, response) => {
      response.setHeader('content-encoding', 'gzip').end(packed);
    });
    expect((await client().send(get(server.port))).body).toEqual(packed);
  });

  test('may be a redirect, which is not followed', async () => {
    const target = await httpServer((_request, response) => response.end('followed'));
    const server = await httpServer((_request, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${target.port}/` }).end('moved');
    });
    const answer = await client().send(get(server.port));
    expect(answer).toMatchObject({ status: 302 });
    expect(answer.body.toString()).toBe('moved');
    expect(target.connections()).toBe(0);
  });

  test('may be preceded by early hints, whose headers are not its own', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nContent-Length: 5000\r\nX-Hint: 1\r\n\r\n';
    const server = await rawAnswer(`${hints}HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nthe answer`);
    const answer = await client().send(get(server.port));
    expect(answer.status).toBe(200);
    expect(answer.headers).toEqual({ 'content-length': '10' });
    expect(answer.body.toString()).toBe('the answer');
  });

  test('may be as long as max_bytes', async () => {
    const server = await httpServer((_request, response) => response.end('x'.repeat(1_000)));
    expect((await client().send(get(server.port))).body).toHaveLength(1_000);
  });
});

describe('not_sent: the peer saw nothing', () => {
  test('when nothing listens on the port', async () => {
    await expectNoAnswer(client().send(get(await closedPort())), 'not_sent: connection_refused');
  });

  test('when the name does not resolve', async () => {
    const url = 'http://name.invalid/';
    await expectNoAnswer(client().send(get(0, { url })), 'not_sent: name_not_resolved');
  });

  test.each(['no url', 'ftp://127.0.0.1/', 'file:///etc/passwd'])('when the URL is %j', async (url) => {
    await expectNoAnswer(client().send(get(0, { url })), 'not_sent: invalid_request');
  });

  test('when a header cannot be sent', async () => {
    const server = await httpServer((_request, response) => response.end());
    const request = get(server.port, { headers: { 'x-note': 'two\r\nlines: 1' } });
    await expectNoAnswer(client().send(request), 'not_sent: invalid_request');
  });

  test('when no connection became free in time; it is not sent later either', async () => {
    const urls: (string | undefined)[] = [];
    let answerFirst = (): void => {};
    const server = await httpServer((request, response) => {
      urls.push(request.url);
      if (request.url === '/first') answerFirst = () => response.end();
      else response.end();
    });
    const http = client({ connections_per_origin: 1, connect_timeout_ms: 50 });
    const url = `http://127.0.0.1:${server.port}`;
    const first = http.send(get(0, { url: `${url}/first` }));
    await expectNoAnswer(http.send(get(0, { url: `${url}/second` })), 'not_sent: connect_timeout');
    answerFirst();
    await first;
    await http.send(get(0, { url: `${url}/third` }));
    expect(urls).toEqual(['/first', '/third']);
    expect(server.connections()).toBe(1);
  });

  test('when too many wait already', async () => {
    const server = await httpServer(() => {});
    const http = client({ connections_per_origin: 1, max_waiting_per_origin: 1 });
    const running = http.send(get(server.port, { timeout_ms: 100 }));
    const waiting = http.send(get(server.port, { timeout_ms: 100 }));
    await expectNoAnswer(http.send(get(server.port)), 'not_sent: too_many_waiting');
    await expectNoAnswer(running, 'lost: timeout');
    await expectNoAnswer(waiting, 'lost: timeout');
  });

  test('when the client is closed', async () => {
    const server = await httpServer((_request, response) => response.end());
    const http = client();
    await http.send(get(server.port));
    await http.close();
    await expectNoAnswer(http.send(get(server.port)), 'not_sent: client_closed');
    await expectNoAnswer(http.send(get(await closedPort())), 'not_sent: client_closed');
  });
});

describe('lost: the peer may have acted', () => {
  test('when the connection is reset after the request', async () => {
    const server = await tcpServer((socket, received) => {
      if (received !== '') socket.resetAndDestroy();
    });
    await expectNoAnswer(client().send(get(server.port)), 'lost: connection_lost');
  });

  test('when the connection is closed without an answer', async () => {
    const server = await rawAnswer('', (socket) => socket.end());
    await expectNoAnswer(client().send(get(server.port)), 'lost: connection_lost');
  });

  test('when the connection is closed in the middle of the headers', async () => {
    const server = await rawAnswer('HTTP/1.1 200 OK\r\nContent-', (socket) => socket.end());
    await expectNoAnswer(client().send(get(server.port)), 'lost: connection_lost');
  });

  test('when the body is shorter than announced', async () => {
    const server = await rawAnswer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!', (socket) => socket.end());
    await expectNoAnswer(client().send(get(server.port)), 'lost: connection_lost');
  });

  test('when a chunked body ends before its last chunk', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive!\r\n';
    const server = await rawAnswer(chunked, (socket) => socket.end());
    await expectNoAnswer(client().send(get(server.port)), 'lost: connection_lost');
  });

  test('when the answer is not HTTP', async () => {
    const server = await rawAnswer('SSH-2.0-OpenSSH_9.2\r\n');
    await expectNoAnswer(client().send(get(server.port)), 'lost: bad_answer');
  });

  test('when the server hangs', async () => {
    const server = await httpServer(() => {});
    await expectNoAnswer(client().send(get(server.port, { timeout_ms: 50 })), 'lost: timeout');
    await vi.waitUntil(() => server.open() === 0);
  });

  test('when the body drips without end, although each byte comes in time', async () => {
    let written = 0;
    const server = await httpServer((_request, response) => {
      const drip = setInterval(() => response.write(String(++written % 10)), 10);
      response.once('close', () => clearInterval(drip));
    });
    await expectNoAnswer(client().send(get(server.port, { timeout_ms: 200 })), 'lost: timeout');
    expect(written).toBeGreaterThan(3);
    await vi.waitUntil(() => server.open() === 0);
  });

  test('when the body is announced to be too large', async () => {
    const server = await rawAnswer('HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n');
    await expectNoAnswer(client().send(get(server.port)), 'lost: too_large');
  });

  test('when the body turns out too large; it is not read to its end', async () => {
    const server = await httpServer((_request, response) => {
      const pour = (): void => {
        while (response.write('x'.repeat(500)));
        response.once('drain', pour);
      };
      pour();
    });
    await expectNoAnswer(client().send(get(server.port)), 'lost: too_large');
    await vi.waitUntil(() => server.open() === 0);
  });

  test('when the headers are too large', async () => {
    const server = await rawAnswer(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`);
    await expectNoAnswer(client().send(get(server.port)), 'lost: too_large');
  });
});

describe('the time limit', () => {
  test('starts with the first byte sent: waiting for a connection is not counted', async () => {
    const server = await httpServer((request, response) => {
      if (request.url === '/slow') setTimeout(() => response.end('slow'), 300);
      else response.end('quick');
    });
    const http = client({ connections_per_origin: 1 });
    const url = `http://127.0.0.1:${server.port}`;
    const slow = http.send(get(0, { url: `${url}/slow` }));
    const quick = await http.send(get(0, { url, timeout_ms: 150 }));
    expect(quick.body.toString()).toBe('quick');
    expect((await slow).body.toString()).toBe('slow');
  });
});
