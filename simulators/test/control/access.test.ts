import { request } from 'node:http';
import { expect, test } from 'vitest';
import { requireLoopback } from '../../src/control/access.ts';
import type { IncomingRequest } from '../../src/kernel/ports.ts';
import type { RunningSimulators } from '../../src/start.ts';
import { control, start } from './support.ts';

/** node:http sends the Host that it is told; fetch does not let one choose it. */
function statusWithHost(simulators: RunningSimulators, path: string, host: string): Promise<number> {
  const { hostname, port } = new URL(simulators.addresses.control);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, headers: { host }, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

function incoming(change: Partial<IncomingRequest>): IncomingRequest {
  return {
    method: 'GET',
    target: '/control/pending',
    headers: { host: '127.0.0.1:8081' },
    body: Buffer.alloc(0),
    peer_address: '127.0.0.1',
    ...change,
  };
}

test.each(['127.0.0.1:8081', 'localhost', 'LOCALHOST:1', '[::1]:8081', '127.9.9.9'])(
  'Host %s is let in',
  async (host) => {
    expect(await statusWithHost(await start(), '/control/pending', host)).toBe(200);
  },
);

test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '10.0.0.1', '192.168.1.5:8081'])(
  'Host %s, as after DNS rebinding, is refused on the page and on the controls',
  async (host) => {
    const simulators = await start();
    expect(await statusWithHost(simulators, '/control/pending', host)).toBe(403);
    expect(await statusWithHost(simulators, '/', host)).toBe(403);
  },
);

test.each(['10.0.0.7', '192.168.1.5', '::ffff:10.0.0.7', '2001:db8::1', undefined])(
  'a peer at %s is refused',
  (peer_address) => {
    expect(() => requireLoopback(incoming({ peer_address }))).toThrow(/only this machine/);
  },
);

test.each(['127.0.0.1', '127.0.0.53', '::1', '::ffff:127.0.0.1'])('a peer at %s is let in', (peer_address) => {
  expect(() => requireLoopback(incoming({ peer_address }))).not.toThrow();
});

test('a POST from a page of another origin is refused and does nothing', async () => {
  const simulators = await start();
  const fault = { channel: 'wechat', operation: 'pay', fault: 'http_500' };
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1']) {
    const refused = await control(simulators, 'POST', '/control/faults', fault, { origin });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'forbidden', msg: expect.stringContaining('another origin') });
  }
  const crossSite = await control(simulators, 'DELETE', '/control/faults', undefined, {
    'sec-fetch-site': 'cross-site',
  });
  expect(crossSite.status).toBe(403);
  expect((await control(simulators, 'GET', '/control/faults')).body['active']).toEqual([]);
});

test('a POST from our own page is let in', async () => {
  const simulators = await start();
  const origin = simulators.addresses.control;
  const fault = { channel: 'wechat', operation: 'pay', fault: 'http_500' };
  expect((await control(simulators, 'POST', '/control/faults', fault, { origin })).status).toBe(200);
});

test('no answer allows another origin to read it', async () => {
  const answer = await control(await start(), 'GET', '/control/ledger', undefined, { origin: 'https://evil.example' });
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});

test('a call that does not exist is refused in JSON that lists those that do', async () => {
  const simulators = await start();
  for (const path of ['/control/nothing', '/favicon.ico']) {
    const answer = await control(simulators, 'POST', path, {});
    expect(answer.status).toBe(404);
    expect(answer.body['code']).toBe('not_found');
    expect(answer.body['msg']).toContain(`there is no ${path} here`);
    expect(answer.body['msg']).toContain('POST /control/scan');
  }
});

test('a wrong method is refused with the right ones', async () => {
  const answer = await control(await start(), 'PUT', '/control/faults');
  expect(answer.status).toBe(405);
  expect(answer.headers.get('allow')).toBe('GET, POST, DELETE');
  expect(answer.body['msg']).toContain('GET, POST, DELETE');
});

test.each([
  ['{"code":', 'the body is not JSON'],
  ['[1]', 'the body is not an object'],
  ['', 'code is missing'],
  ['{"cod":"weixin://wxpay/bizpayurl?pr=x"}', 'unknown field cod: send a JSON object with code, action'],
  ['{"code":"  "}', 'code is missing'],
  ['{"code":17,"action":"pay"}', 'code is missing'],
  ['{"code":"weixin://wxpay/bizpayurl?pr=x"}', 'action is missing: one of pay, cancel, wrong_password'],
  ['{"code":"weixin://wxpay/bizpayurl?pr=x","action":"steal"}', 'one of pay, cancel, wrong_password'],
])('the body %s is refused with the field and the remedy', async (body, message) => {
  const answer = await control(await start(), 'POST', '/control/scan', body);
  expect(answer.status).toBe(400);
  expect(answer.body['code']).toBe('invalid_request');
  expect(answer.body['msg']).toContain(message);
});
