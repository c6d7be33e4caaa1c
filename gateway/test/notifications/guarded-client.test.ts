import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClosableHttpClient } from '../../src/outbound/http-client.ts';
import { createGuardedClient, type GuardedClientOptions } from '../../src/notifications/guarded-client.ts';
import type { HttpRequest } from '../../src/ports.ts';
import { selfSigned } from '../outbound/certificate.ts';
import { closedPort, expectNoAnswer, httpServer, httpsServer, type TestServer } from '../outbound/servers.ts';
import { TestClock } from './test-clock.ts';

let clock = new TestClock();
beforeEach(() => {
  clock = new TestClock();
});

const clients: ClosableHttpClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((made) => made.close()));
});

/** A client of the sandbox: loopback is allowed, so that a server of this test can stand for a merchant's. */
function client(options: Partial<GuardedClientOptions> = {}): ClosableHttpClient {
  const made = createGuardedClient({ allow_loopback: true, clock, ...options });
  clients.push(made);
  return made;
}

/** A resolver that gives these answers one after another, the last one for ever, and counts the questions. */
function answering(...answers: readonly (readonly string[])[]): GuardedClientOptions['resolve'] & { asked: string[] } {
  const asked: string[] = [];
  const resolve = async (host: string): Promise<readonly string[]> => {
    asked.push(host);
    return answers[Math.min(asked.length, answers.length) - 1] ?? [];
  };
  return Object.assign(resolve, { asked });
}

function post(url: string, overrides: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'POST', url, headers: {}, body: 'token', timeout_ms: 5_000, max_bytes: 1_000_000, ...overrides };
}

function merchant(host = '127.0.0.1', port = 0): Promise<TestServer & { hosts: (string | undefined)[] }> {
  const hosts: (string | undefined)[] = [];
  const server = httpServer(
    (request, response) => {
      hosts.push(request.headers.host);
      response.end('success');
    },
    host,
    port,
  );
  return server.then((started) => Object.assign(started, { hosts }));
}

describe('the connection', () => {
  test('goes to the address that was checked, and the Host header keeps the name', async () => {
    const server = await merchant();
    const resolve = answering(['127.0.0.1']);
    const url = `http://merchant.invalid:${server.port}/notify`;
    const answer = await client({ resolve }).send(post(url));
    expect(answer.body.toString()).toBe('success');
    expect(server.hosts).toEqual([`merchant.invalid:${server.port}`]);
    expect(resolve.asked).toEqual(['merchant.invalid']);
  });

  test('keeps the name for TLS too: as server name and against the certificate', async () => {
    const certificate = selfSigned(['merchant.invalid']);
    let server_name: unknown = null;
    const server = await httpsServer(certificate, (request, response) => {
      server_name = (request.socket as TLSSocket & { servername?: string }).servername;
      response.end('success');
    });
    const http = client({ resolve: answering(['127.0.0.1']), trusted_certificates: [certificate.certificate_pem] });
    expect((await http.send(post(`https://merchant.invalid:${server.port}/`))).status).toBe(200);
    expect(server_name).toBe('merchant.invalid');
    await expectNoAnswer(http.send(post(`https://other.invalid:${server.port}/`)), 'not_sent: tls_failed');
  });

  test('is tried with every address that was checked', async () => {
    const server = await merchant('127.0.0.9');
    const http = client({ resolve: answering(['127.0.0.9', '127.0.0.8']) });
    expect((await http.send(post(`http://merchant.invalid:${server.port}/`))).status).toBe(200);
  });

  test('is kept for the next notification, and so is the resolution', async () => {
    const server = await merchant();
    const resolve = answering(['127.0.0.1', '127.0.0.2'], ['127.0.0.2', '127.0.0.1']);
    const http = client({ resolve });
    for (let sent = 0; sent < 20; sent += 1) {
      clock.time_ms += 2_000;
      await http.send(post(`http://merchant.invalid:${server.port}/notify/${sent}`));
    }
    expect(resolve.asked).toHaveLength(2);
    expect(server.connections()).toBe(1);
    expect(clock.pending()).toBe(0);
  });

  test('of many notifications at once is asked about once', async () => {
    const server = await merchant();
    const resolve = answering(['127.0.0.1']);
    const http = client({ resolve, connections_per_target: 4 });
    const url = `http://merchant.invalid:${server.port}/`;
    await Promise.all(Array.from({ length: 100 }, () => http.send(post(url))));
    expect(resolve.asked).toHaveLength(1);
    expect(server.connections()).toBe(4);
  });

  test('to an address in the URL needs no lookup', async () => {
    const server = await merchant();
    const resolve = answering([]);
    await client({ resolve }).send(post(`http://127.0.0.1:${server.port}/`));
    expect(resolve.asked).toEqual([]);
  });

  test('is found by the resolver of the system when no other is given', async () => {
    const server = await merchant();
    expect((await client().send(post(`http://localhost:${server.port}/`))).status).toBe(200);
    await expectNoAnswer(
      client({ allow_loopback: false }).send(post('http://localhost/')),
      'not_sent: blocked_address',
    );
    expect(server.connections()).toBe(1);
  });
});

describe('DNS rebinding', () => {
  test('changes nothing: the address that was checked is the one connected to', async () => {
    const checked = await merchant('127.0.0.2');
    const other = await merchant('127.0.0.3', checked.port);
    const resolve = answering(['127.0.0.2'], ['127.0.0.3']);
    const http = client({ resolve });
    const url = `http://merchant.invalid:${checked.port}/`;
    for (let sent = 0; sent < 3; sent += 1) await http.send(post(url));
    expect([checked.hosts.length, other.hosts.length, resolve.asked.length]).toEqual([3, 0, 1]);
  });

  test('is followed to another allowed address once the resolution is old', async () => {
    const before = await merchant('127.0.0.2');
    const after = await merchant('127.0.0.3', before.port);
    const http = client({ resolve: answering(['127.0.0.2'], ['127.0.0.3']) });
    const url = `http://merchant.invalid:${before.port}/`;
    await http.send(post(url));
    clock.time_ms += 30_000;
    await http.send(post(url));
    expect([before.hosts.length, after.hosts.length]).toEqual([1, 1]);
  });

  test('is refused when the name is asked about again, although a connection is still open', async () => {
    const server = await merchant();
    const resolve = answering(['127.0.0.1'], ['10.0.0.1']);
    const http = client({ resolve });
    const url = `http://merchant.invalid:${server.port}/`;
    await http.send(post(url));
    clock.time_ms += 29_999;
    await http.send(post(url));
    clock.time_ms += 1;
    await expectNoAnswer(http.send(post(url)), 'not_sent: blocked_address');
    expect(server.hosts).toHaveLength(2);
  });

  test('is not helped by a clock that was set back', async () => {
    const server = await merchant();
    const http = client({ resolve: answering(['127.0.0.1'], ['10.0.0.1']) });
    const url = `http://merchant.invalid:${server.port}/`;
    await http.send(post(url));
    clock.time_ms -= 1;
    await expectNoAnswer(http.send(post(url)), 'not_sent: blocked_address');
  });
});

describe('refused with blocked_address, nothing being sent', () => {
  test.each([
    [['10.0.0.1']],
    [['127.0.0.1', '192.168.1.1']],
    [['169.254.169.254', '127.0.0.1']],
    [['127.0.0.1', '::ffff:10.0.0.1']],
    [['fd00::1']],
    [['127.0.0.1', 'not an address']],
  ])('a name with the addresses %j', async (addresses) => {
    const server = await merchant();
    const http = client({ resolve: answering(addresses) });
    await expectNoAnswer(http.send(post(`http://merchant.invalid:${server.port}/`)), 'not_sent: blocked_address');
    expect(server.connections()).toBe(0);
  });

  test.each([
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    '１２７.０.０.１',
    '①②⑦.0.0.1',
    '%31%32%37.0.0.1',
    '0',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ])('loopback outside the sandbox, written %s', async (host) => {
    const server = await merchant();
    const http = client({ allow_loopback: false });
    await expectNoAnswer(http.send(post(`http://${host}:${server.port}/`)), 'not_sent: blocked_address');
    expect(server.connections()).toBe(0);
  });

  test.each(['10.1', '167772161', '0xa9fea9fe', '169.254.169.254', '192.168.257', '0300.0250.1.1', '[fe80::1]'])(
    'an inner address, written %s, in the sandbox too',
    async (host) => {
      await expectNoAnswer(client().send(post(`http://${host}/latest/meta-data`)), 'not_sent: blocked_address');
    },
  );

  test('an international name that comes down to an inner address', async () => {
    const resolve = answering(['172.16.0.1']);
    await expectNoAnswer(client({ resolve }).send(post('http://ⓛocalhost/')), 'not_sent: blocked_address');
    await expectNoAnswer(client({ resolve }).send(post('http://商店.中国/')), 'not_sent: blocked_address');
    expect(resolve.asked).toEqual(['localhost', 'xn--czrs0t.xn--fiqs8s']);
  });
});

describe('refused with blocked_url', () => {
  test.each([
    'file:///etc/passwd',
    'ftp://shop.example/',
    'gopher://shop.example/',
    'http://user:password@shop.example/',
    'http://shop.example./',
    'http://shop.example:22/',
    'nothing',
  ])('%s', async (url) => {
    const resolve = answering(['127.0.0.1']);
    await expectNoAnswer(client({ resolve }).send(post(url)), 'not_sent: blocked_url');
    expect(resolve.asked).toEqual([]);
  });
});

describe('a name that does not resolve', () => {
  test('is not sent, and is asked about again after five seconds', async () => {
    const server = await merchant();
    let known = false;
    const asked: string[] = [];
    const resolve = async (host: string): Promise<readonly string[]> => {
      asked.push(host);
      if (!known) throw new Error('ENOTFOUND');
      return ['127.0.0.1'];
    };
    const http = client({ resolve });
    const url = `http://merchant.invalid:${server.port}/`;
    await expectNoAnswer(http.send(post(url)), 'not_sent: name_not_resolved');
    known = true;
    clock.time_ms += 4_999;
    await expectNoAnswer(http.send(post(url)), 'not_sent: name_not_resolved');
    clock.time_ms += 1;
    expect((await http.send(post(url))).status).toBe(200);
    expect(asked).toHaveLength(2);
  });

  test('because it has no address', async () => {
    const http = client({ resolve: answering([]) });
    await expectNoAnswer(http.send(post('http://merchant.invalid/')), 'not_sent: name_not_resolved');
  });

  test('because the resolver hangs, is given up with the time limit', async () => {
    const http = client({ resolve: () => new Promise(() => {}) });
    const sent = http.send(post('http://merchant.invalid/', { timeout_ms: 60_000 }));
    await vi.waitUntil(() => clock.pending() === 1);
    expect(clock.delays_ms).toEqual([5_000]);
    clock.fire();
    await expectNoAnswer(sent, 'not_sent: name_not_resolved');
  });
});

describe('the time limit', () => {
  test('covers the lookup: what it took is missing afterwards', async () => {
    const server = await httpServer(() => {});
    const resolve = async (): Promise<readonly string[]> => {
      clock.time_ms += 4_900;
      return ['127.0.0.1'];
    };
    const before_ms = performance.now();
    const sent = client({ resolve }).send(post(`http://merchant.invalid:${server.port}/`));
    await expectNoAnswer(sent, 'lost: timeout');
    expect(performance.now() - before_ms).toBeLessThan(2_000);
  });

  test('is never more than five seconds, whatever is asked for', async () => {
    const server = await httpServer(() => {});
    const before_ms = performance.now();
    const sent = client().send(post(`http://127.0.0.1:${server.port}/`, { timeout_ms: 60_000 }));
    await expectNoAnswer(sent, 'lost: timeout');
    const took_ms = performance.now() - before_ms;
    expect(took_ms).toBeGreaterThan(4_900);
    expect(took_ms).toBeLessThan(8_000);
  });

  test('cuts off a body that drips', async () => {
    const server = await httpServer((_request, response) => {
      const drip = setInterval(() => response.write('s'), 10);
      response.once('close', () => clearInterval(drip));
    });
    const sent = client().send(post(`http://127.0.0.1:${server.port}/`, { timeout_ms: 150 }));
    await expectNoAnswer(sent, 'lost: timeout');
    await vi.waitUntil(() => server.open() === 0);
  });

  test('of a notification that waits for a connection ends as not sent', async () => {
    const server = await httpServer(() => {});
    const http = client({ connections_per_target: 1 });
    const url = `http://127.0.0.1:${server.port}/`;
    const first = http.send(post(url, { timeout_ms: 400 }));
    await expectNoAnswer(http.send(post(url, { timeout_ms: 50 })), 'not_sent: connect_timeout');
    await expectNoAnswer(first, 'lost: timeout');
  });
});

describe('an answer', () => {
  test('of 64 KiB is read, a longer one is cut off', async () => {
    let length = 64 * 1024;
    const server = await httpServer((_request, response) => {
      response.write('x'.repeat(length - 1));
      response.end('x');
    });
    const http = client();
    expect((await http.send(post(`http://127.0.0.1:${server.port}/`))).body).toHaveLength(64 * 1024);
    length += 1;
    await expectNoAnswer(http.send(post(`http://127.0.0.1:${server.port}/`)), 'lost: too_large');
  });

  test('that redirects inwards is not followed', async () => {
    const inner = await merchant();
    const server = await httpServer((_request, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${inner.port}/` }).end();
    });
    expect((await client().send(post(`http://127.0.0.1:${server.port}/`))).status).toBe(307);
    expect(inner.connections()).toBe(0);
  });
});

test('nothing listens at the merchant: connection_refused', async () => {
  const sent = client().send(post(`http://127.0.0.1:${await closedPort()}/`));
  await expectNoAnswer(sent, 'not_sent: connection_refused');
});

test('the number of merchants with open connections is bounded', async () => {
  const server = await merchant();
  const resolve = async (host: string): Promise<readonly string[]> => [isIP(host) === 0 ? '127.0.0.1' : host];
  const http = client({ resolve, max_targets: 3 });
  for (let index = 0; index < 10; index += 1) await http.send(post(`http://shop-${index}.invalid:${server.port}/`));
  expect(server.connections()).toBe(10);
  await vi.waitUntil(() => server.open() === 3);
});
