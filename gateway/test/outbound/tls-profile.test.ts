import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { NoAnswer, type HttpRequest, type TlsProfile } from '../../src/ports.ts';
import { selfSigned, type TestCertificate } from './certificate.ts';
import { client } from './clients.ts';
import { echoServer, expectNoAnswer, httpsServer, mutualTlsServer } from './servers.ts';

const server_certificate = selfSigned(['127.0.0.1']);
const ours = selfSigned(['merchant.example']);
const theirs = selfSigned(['other.example']);

function profile(id: string, own: TestCertificate | null, trusted = [server_certificate]): TlsProfile {
  return {
    id,
    identity: own && { certificate_pem: own.certificate_pem, private_key_pem: own.key_pem },
    trusted_certificates: trusted.map((one) => one.certificate_pem),
  };
}

function get(port: number, tls?: TlsProfile, scheme = 'https'): HttpRequest {
  const url = `${scheme}://127.0.0.1:${port}/`;
  return { method: 'GET', url, headers: {}, body: null, timeout_ms: 10_000, max_bytes: 1_000, tls };
}

const fingerprint = (of: TestCertificate): string => new X509Certificate(of.certificate_pem).fingerprint256;

describe('mutual TLS', () => {
  test('each account shows its own certificate, over connections of its own that are kept', async () => {
    const server = await mutualTlsServer(server_certificate, [ours.certificate_pem, theirs.certificate_pem]);
    const http = client();
    const seen: string[] = [];
    for (const tls of [profile('ours', ours), profile('theirs', theirs), profile('ours', ours)])
      seen.push((await http.send(get(server.port, tls))).body.toString());
    expect(seen).toEqual([fingerprint(ours), fingerprint(theirs), fingerprint(ours)]);
    expect(server.connections()).toBe(2);
  });

  test('who shows no certificate, or one that nobody signed, gets no answer; who shows the right one does all the same', async () => {
    const server = await mutualTlsServer(server_certificate, [ours.certificate_pem]);
    const http = client();
    for (const tls of [profile('nobody', null), profile('theirs', theirs)])
      await expect(http.send(get(server.port, tls))).rejects.toBeInstanceOf(NoAnswer);
    expect((await http.send(get(server.port, profile('ours', ours)))).body.toString()).toBe(fingerprint(ours));
  });

  test('a request without a profile shows no certificate, even after one that did', async () => {
    const server = await mutualTlsServer(server_certificate, [ours.certificate_pem]);
    const http = client({ trusted_certificates: [server_certificate.certificate_pem] });
    await http.send(get(server.port, profile('ours', ours)));
    await expect(http.send(get(server.port))).rejects.toBeInstanceOf(NoAnswer);
  });
});

describe('an authority of one account', () => {
  test('is trusted for that account and for no other', async () => {
    const server = await httpsServer(server_certificate, (_request, response) => response.end('hello'));
    const http = client();
    const trusting = profile('trusting', null);
    expect((await http.send(get(server.port, trusting))).body.toString()).toBe('hello');
    await expectNoAnswer(http.send(get(server.port)), 'not_sent: tls_failed');
    await expectNoAnswer(http.send(get(server.port, profile('strict', ours, [theirs]))), 'not_sent: tls_failed');
  });

  test('is trusted beside those of the operator, not instead of them', async () => {
    const server = await httpsServer(server_certificate, (_request, response) => response.end('hello'));
    const http = client({ trusted_certificates: [server_certificate.certificate_pem] });
    expect((await http.send(get(server.port, profile('more', ours, [theirs])))).status).toBe(200);
  });

  test('does not make a certificate good for another host', async () => {
    const elsewhere = selfSigned(['pay.example']);
    const server = await httpsServer(elsewhere, (_request, response) => response.end());
    await expectNoAnswer(
      client().send(get(server.port, profile('trusting', ours, [elsewhere]))),
      'not_sent: tls_failed',
    );
  });
});

test('certificates that OpenSSL cannot use are told before anything is sent', async () => {
  let requests = 0;
  const server = await httpsServer(server_certificate, () => (requests += 1));
  const broken = { ...ours, key_pem: theirs.key_pem };
  await expectNoAnswer(client().send(get(server.port, profile('broken', broken))), 'not_sent: tls_unusable');
  expect(requests).toBe(0);
});

test('over plain HTTP a profile changes nothing', async () => {
  const server = await echoServer(() => 'plain');
  expect((await client().send(get(server.port, profile('ours', ours), 'http'))).body.toString()).toBe('plain');
});
