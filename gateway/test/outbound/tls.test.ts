import { afterEach, describe, expect, test, vi } from 'vitest';
import type { HttpRequest } from '../../src/ports.ts';
import { selfSigned } from './certificate.ts';
import { client } from './clients.ts';
import { expectNoAnswer, http2Server, httpServer, httpsServer, tcpServer } from './servers.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

function get(port: number): HttpRequest {
  const url = `https://127.0.0.1:${port}/secret-path`;
  return { method: 'GET', url, headers: {}, body: null, timeout_ms: 10_000, max_bytes: 1_000 };
}

describe('TLS', () => {
  test('works with a certificate that the operator trusts, and the connection is kept', async () => {
    const certificate = selfSigned(['127.0.0.1']);
    const server = await httpsServer(certificate, (_request, response) => response.end('over TLS'));
    const http = client({ trusted_certificates: [certificate.certificate_pem] });
    expect((await http.send(get(server.port))).body.toString()).toBe('over TLS');
    await http.send(get(server.port));
    expect(server.connections()).toBe(1);
  });

  test('carries HTTP/1.1 even to a server that prefers HTTP/2', async () => {
    const certificate = selfSigned(['127.0.0.1']);
    const server = await http2Server(certificate, (request, response) => response.end(request.httpVersion));
    const http = client({ trusted_certificates: [certificate.certificate_pem] });
    expect((await http.send(get(server.port))).body.toString()).toBe('1.1');
  });

  test.each([
    ['nobody signed', { hosts: ['127.0.0.1'], trusted: false, env: '' }],
    ['is for another host', { hosts: ['pay.example'], trusted: true, env: '' }],
    ['nobody signed, although the environment says not to verify', { hosts: ['127.0.0.1'], trusted: false, env: '0' }],
  ])('refuses a certificate that %s, and nothing has been sent', async (_name, { hosts, trusted, env }) => {
    if (env !== '') vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', env);
    const certificate = selfSigned(hosts);
    let requests = 0;
    const server = await httpsServer(certificate, (_request, response) => {
      requests += 1;
      response.end();
    });
    const http = client({ trusted_certificates: trusted ? [certificate.certificate_pem] : [] });
    await expectNoAnswer(http.send(get(server.port)), 'not_sent: tls_failed');
    expect(requests).toBe(0);
  });

  test('is not spoken by the peer: not sent', async () => {
    const server = await httpServer((_request, response) => response.end());
    await expectNoAnswer(client().send(get(server.port)), 'not_sent: tls_failed');
  });

  test('handshake cut off by the peer: not sent', async () => {
    const server = await tcpServer((socket, received) => {
      if (received !== '') socket.resetAndDestroy();
    });
    await expectNoAnswer(client().send(get(server.port)), 'not_sent: tls_failed');
  });

  test('handshake that the peer never answers: not sent, within the time for connecting', async () => {
    let seen = '';
    const server = await tcpServer((_socket, received) => (seen = received));
    await expectNoAnswer(client({ connect_timeout_ms: 100 }).send(get(server.port)), 'not_sent: connect_timeout');
    expect(seen).not.toContain('secret-path');
  });
});
