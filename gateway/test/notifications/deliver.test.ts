import { afterAll, describe, expect, test } from 'vitest';
import { deliverOnce } from '../../src/notifications/deliver.ts';
import { createGuardedClient } from '../../src/notifications/guarded-client.ts';
import { createSystemClock } from '../../src/outbound/system-clock.ts';
import type { HttpClient, HttpRequest } from '../../src/ports.ts';
import { closedPort, echoServer, httpServer } from '../outbound/servers.ts';
import { TestClock } from './test-clock.ts';

const clock = createSystemClock();
const http = createGuardedClient({ allow_loopback: true, clock });
afterAll(() => http.close());

const token = 'eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2ln';

async function deliverTo(status: number, body: string | Buffer, headers: Record<string, string> = {}) {
  const server = await httpServer((_request, response) => response.writeHead(status, headers).end(body));
  return deliverOnce({ http, clock }, { url: `http://127.0.0.1:${server.port}/notify`, token });
}

test('a notification is a POST of the token as text/plain', async () => {
  let seen: unknown = null;
  const server = await echoServer(({ method, url, headers }, body) => {
    seen = { method, url, type: headers['content-type'], body };
    return 'success';
  });
  const report = await deliverOnce({ http, clock }, { url: `http://127.0.0.1:${server.port}/notify`, token });
  expect(report).toMatchObject({ delivered: true, status: 200 });
  expect(seen).toEqual({ method: 'POST', url: '/notify', type: 'text/plain', body: token });
});

describe('delivered', () => {
  test.each([
    [200, 'success'],
    [200, 'SUCCESS'],
    [200, 'Success'],
    [200, ' success\r\n'],
    [200, '\n\tsuccess'],
    [200, '\ufeffsuccess'],
    [201, 'success'],
    [299, 'success'],
  ])('status %d with %j', async (status, body) => {
    expect(await deliverTo(status, body)).toMatchObject({ delivered: true, status });
  });
});

describe('not delivered', () => {
  test.each([
    [200, '', 'answer_not_success'],
    [200, 'fail', 'answer_not_success'],
    [200, 'successful', 'answer_not_success'],
    [200, '"success"', 'answer_not_success'],
    [200, 'not success', 'answer_not_success'],
    [200, '{"code":"SUCCESS"}', 'answer_not_success'],
    [204, '', 'answer_not_success'],
    [301, 'success', 'redirect'],
    [307, 'success', 'redirect'],
    [304, '', 'redirect'],
    [400, 'success', 'http_400'],
    [404, 'no such page', 'http_404'],
    [500, 'success', 'http_500'],
    [503, 'busy', 'http_503'],
  ])('status %d with %j: %3$s', async (status, body, reason) => {
    const report = await deliverTo(status, body, status < 400 && status >= 300 ? { location: '/elsewhere' } : {});
    expect(report).toMatchObject({ delivered: false, reason, status, answer: body });
  });

  test('keeps the first 200 characters of the answer, printable', async () => {
    expect(await deliverTo(500, '好'.repeat(300))).toMatchObject({ answer: '好'.repeat(200) });
    expect(await deliverTo(500, '🙂'.repeat(300))).toMatchObject({ answer: '🙂'.repeat(200) });
    const odd = 'a\0b\x1b[31mc\r\nd\u202ee\u2028f';
    expect(await deliverTo(500, odd)).toMatchObject({ answer: 'a b [31mc  d e f' });
    expect(await deliverTo(500, Buffer.from([0x41, 0xff, 0xfe]))).toMatchObject({ answer: 'A\ufffd\ufffd' });
  });

  test.each([
    ['a refused connection', async () => `http://127.0.0.1:${await closedPort()}/`, 'connection_refused'],
    ['an inner address', async () => 'http://10.0.0.1/notify', 'blocked_address'],
    ['a URL of another scheme', async () => 'ftp://127.0.0.1/', 'blocked_url'],
  ])('%s gives its reason and no answer', async (_what, url, reason) => {
    const report = await deliverOnce({ http, clock }, { url: await url(), token });
    expect(report).toEqual({ delivered: false, reason, duration_ms: expect.any(Number) });
  });

  test('a connection that is cut off', async () => {
    const server = await httpServer((request) => request.socket.destroy());
    const report = await deliverOnce({ http, clock }, { url: `http://127.0.0.1:${server.port}/`, token });
    expect(report).toMatchObject({ delivered: false, reason: 'connection_lost' });
  });

  test('an answer that is too long', async () => {
    expect(await deliverTo(200, 'success'.repeat(20_000))).toMatchObject({ delivered: false, reason: 'too_large' });
  });
});

describe('towards its client', () => {
  test('asks for five seconds and 64 KiB, and says how long it took', async () => {
    const test_clock = new TestClock();
    const requests: HttpRequest[] = [];
    const recording: HttpClient = {
      send: async (request) => {
        requests.push(request);
        test_clock.time_ms += 123;
        return { status: 200, headers: {}, body: Buffer.from('success') };
      },
    };
    const report = await deliverOnce({ http: recording, clock: test_clock }, { url: 'http://shop.example/', token });
    expect(report).toEqual({ delivered: true, status: 200, duration_ms: 123 });
    expect(requests).toMatchObject([{ timeout_ms: 5_000, max_bytes: 65_536 }]);
  });

  test('does not take a bug for a failed delivery', async () => {
    const broken: HttpClient = { send: () => Promise.reject(new TypeError('a bug')) };
    const sent = deliverOnce({ http: broken, clock }, { url: 'http://shop.example/', token });
    await expect(sent).rejects.toThrow(new TypeError('a bug'));
  });
});
