import { createConnection } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { BODY_LIMIT_BYTES, listen } from '../../src/kernel/http-server.ts';
import type { Listening } from '../../src/kernel/http-server.ts';
import { nodePorts } from '../../src/kernel/node-ports.ts';
import type { Handler, IncomingRequest, Reply } from '../../src/kernel/ports.ts';
import { startReceiver } from '../support/receiver.ts';
import { virtualPorts } from '../support/virtual-ports.ts';

let server: Listening | undefined;
afterEach(() => server?.close());

const answer = (status: number, body = '', delay_ms = 0): Reply => ({
  kind: 'answer',
  delay_ms,
  answer: { status, headers: { 'X-Kind': 'test' }, body: Buffer.from(body) },
});
const serve = async (handler: Handler, ports?: ReturnType<typeof virtualPorts>): Promise<string> => {
  server = await listen(handler, { host: '127.0.0.1', port: 0, ...(ports ? { ports } : {}) });
  return `http://127.0.0.1:${server.port}`;
};

/** Sends bytes as they are and collects what comes back until the server closes. */
const speak = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port: server?.port ?? 0 }, () => socket.write(bytes));
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString('utf8')));
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });

describe('the server', () => {
  test('hands over target, body and headers as received', async () => {
    let seen: IncomingRequest | undefined;
    await serve(async (request) => {
      seen = request;
      return answer(200, 'ok');
    });
    const heard = await speak(
      'PUT /a%2Fb//c?x=%20&&y=1 HTTP/1.1\r\nHost: h\r\nX-Upper: V\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\u0001\u0002\u0003',
    );
    expect(seen).toMatchObject({ method: 'PUT', target: '/a%2Fb//c?x=%20&&y=1', headers: { 'x-upper': 'V' } });
    expect(seen?.body).toEqual(Buffer.from([1, 2, 3]));
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK\r\nX-Kind: test\r\ncontent-length: 2\r\n/);
  });

  test('sends 204 without a body or a length', async () => {
    await serve(async () => answer(204, 'ignored'));
    const heard = await speak('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1\.1 204 /);
    expect(heard.toLowerCase()).not.toContain('content-length');
    expect(heard.endsWith('\r\n\r\n')).toBe(true);
  });

  test('takes a body of 1 MiB and refuses a larger one', async () => {
    const url = await serve(async (request) => answer(200, String(request.body.length)));
    const fits = await fetch(url, { method: 'POST', body: Buffer.alloc(BODY_LIMIT_BYTES) });
    expect(await fits.text()).toBe(String(BODY_LIMIT_BYTES));
    const large = await fetch(url, { method: 'POST', body: Buffer.alloc(BODY_LIMIT_BYTES + 1) });
    expect(large.status).toBe(413);
  });

  test('answers after the delay of the ports', async () => {
    const ports = virtualPorts();
    const url = await serve(async () => answer(200, 'late', 5_000), ports);
    let heard = '';
    const asked = fetch(url).then(async (response) => (heard = await response.text()));
    await expect.poll(() => ports.waits()).toEqual([5_000]);
    await ports.advance(4_999);
    expect(heard).toBe('');
    await ports.advance(1);
    expect(await asked).toBe('late');
  });

  test('forgets a delayed answer when the client leaves', async () => {
    const ports = virtualPorts();
    const url = await serve(async () => answer(200, 'late', 5_000), ports);
    const leave = new AbortController();
    const asked = fetch(url, { signal: leave.signal });
    await expect.poll(() => ports.waits()).toEqual([5_000]);
    leave.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => ports.waits()).toEqual([]);
  });

  test('resets the connection', async () => {
    await serve(async () => ({ kind: 'reset', delay_ms: 0 }));
    await expect(speak('GET / HTTP/1.1\r\nHost: h\r\n\r\n')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('stays silent until it is closed', async () => {
    let asked: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (asked = resolve));
    await serve(async () => {
      asked();
      return { kind: 'silence' };
    });
    const heard = speak('GET / HTTP/1.1\r\nHost: h\r\n\r\n').catch(() => '');
    await arrived;
    await server?.close();
    server = undefined;
    expect(await heard).toBe('');
  });

  test('says so when the simulator itself is defective', async () => {
    const url = await serve(async () => {
      throw new Error('broken inside');
    });
    const response = await fetch(url);
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining('simulator defect: Error: broken inside'),
    ]);
  });

  test('reports a port in use', async () => {
    await serve(async () => answer(200));
    await expect(listen(async () => answer(200), { host: '127.0.0.1', port: server?.port ?? 0 })).rejects.toMatchObject(
      { code: 'EADDRINUSE' },
    );
  });
});

describe('the real ports', () => {
  test('send a request with its body and return the answer, without following redirects', async () => {
    const receiver = await startReceiver(() => 302);
    const sent = await nodePorts().send({
      method: 'POST',
      url: `${receiver.url}/notify`,
      headers: { 'X-A': 'b' },
      body: Buffer.from('钱'),
      timeout_ms: 5_000,
    });
    expect(sent.status).toBe(302);
    expect(receiver.received[0]?.headers).toMatchObject({ 'x-a': 'b', 'content-length': '3' });
    await receiver.close();
  });

  test('give up after the timeout, and when nobody listens', async () => {
    const url = await serve(async () => ({ kind: 'silence' }));
    const request = { method: 'POST', url, headers: {}, body: Buffer.alloc(0), timeout_ms: 50 };
    await expect(nodePorts().send(request)).rejects.toThrow();
    await server?.close();
    server = undefined;
    await expect(nodePorts().send(request)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('run a task once after its delay, unless cancelled or closed', async () => {
    const ports = nodePorts();
    const ran: string[] = [];
    ports.schedule(0, () => void ran.push('cancelled')).cancel();
    await new Promise<void>((resolve) => {
      ports.schedule(1, () => void ran.push('first'));
      ports.schedule(2, resolve);
    });
    expect(ran).toEqual(['first']);
    const closed = nodePorts();
    closed.schedule(1, () => void ran.push('closed'));
    closed.close();
    await new Promise<void>((resolve) => void ports.schedule(5, resolve));
    expect(ran).toEqual(['first']);
  });
});
