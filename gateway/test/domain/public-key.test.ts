import { describe, expect, test } from 'vitest';
import { publicKeyPem } from '../../src/domain/public-key.ts';

const BODY = 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA7uqBPS4a0zL1Q0nJ2r8TQwIDAQAB';
const PEM = `-----BEGIN PUBLIC KEY-----\n${BODY.slice(0, 64)}\n${BODY.slice(64)}\n-----END PUBLIC KEY-----\n`;

describe('a public key is taken', () => {
  test.each([
    ['as PEM', PEM],
    ['as PEM with the line ends of Windows', PEM.replaceAll('\n', '\r\n')],
    ['as PEM on one line, as a form field leaves it', PEM.replaceAll('\n', ' ')],
    ['as PEM with white space around it', `\n  ${PEM}\n`],
    ['as its body in one line', BODY],
    ['as its body in several lines', `${BODY.slice(0, 20)}\n${BODY.slice(20)}\n`],
  ])('%s', (_name, uploaded) => {
    expect(publicKeyPem(uploaded)).toBe(PEM);
  });

  test('in PKCS#1 under its own name', () => {
    const uploaded = PEM.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY');
    expect(publicKeyPem(uploaded)).toBe(uploaded);
  });
});

test.each([
  ['nothing', ''],
  ['an empty frame', '-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----'],
  ['a frame with two names', PEM.replace('END PUBLIC', 'END RSA PUBLIC')],
  ['a certificate', PEM.replaceAll('PUBLIC KEY', 'CERTIFICATE')],
  ['words', 'my key, please'],
])('%s is no public key', (_name, uploaded) => {
  expect(publicKeyPem(uploaded)).toBeNull();
});

/** Processor time of a call, in milliseconds: what others do on this machine does not count. */
function costOf(call: () => unknown): number {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

// A merchant's login may upload 4096 characters; backtracking over them took ten seconds and more, for every request of everybody.
test.each([
  ['a frame that never closes', `-----BEGIN PUBLIC KEY-----${' '.repeat(4_000)}x`],
  ['a body that goes wrong at its end', `A${' '.repeat(4_000)}!`],
])('%s is refused at once', (_name, uploaded) => {
  expect(costOf(() => expect(publicKeyPem(uploaded)).toBeNull())).toBeLessThan(1_000);
});
