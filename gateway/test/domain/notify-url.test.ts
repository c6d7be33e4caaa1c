import { describe, expect, test } from 'vitest';
import { checkNotifyUrl, checkTarget } from '../../src/domain/notify-url.ts';

describe('a notify_url may be', () => {
  test.each([
    'http://pay.pooul.com/notify',
    'https://md.pooul.com/v2_test/notify',
    'https://md.pooul.com',
    'HTTPS://MD.POOUL.COM/Notify',
    'http://shop.example:8080/notify',
    'http://shop.example:88/notify',
    'http://8.8.8.8/notify',
    'http://[2400:3200::1]/notify',
    'http://127.0.0.1:8085/notify',
    'http://my_shop.example/notify',
    'https://商店.中国/notify',
    'https://shop.example/通知',
    'https://shop.example/a@b;c=d,e%3Ff',
    'http://localhost/notify',
  ])('%s', (url) => {
    expect(checkNotifyUrl(url)).toBeNull();
  });

  test('256 characters long', () => {
    expect(checkNotifyUrl('https://shop.example/'.padEnd(256, 'x'))).toBeNull();
  });
});

describe('a notify_url must not', () => {
  const begin = 'must begin with http:// or https://';
  const host = 'must have a valid host and port';
  const credentials = 'must not carry a user name or password';
  const characters = 'must not contain white space, control characters or backslashes';
  test.each([
    ['be empty', '', begin],
    ['be a path', '/notify', begin],
    ['have another scheme', 'ftp://shop.example/', begin],
    ['be a script', 'javascript:alert(1)', begin],
    ['lack the slashes', 'http:shop.example/notify', begin],
    ['lack one slash', 'http:/shop.example/notify', begin],
    ['be 257 characters long', 'https://shop.example/'.padEnd(257, 'x'), 'must be at most 256 characters'],
    ['carry parameters', 'http://shop.example/notify?a=1', 'must not carry a query string'],
    ['carry an empty query string', 'http://shop.example/notify?', 'must not carry a query string'],
    ['carry a query string behind the host', 'http://shop.example?a', 'must not carry a query string'],
    ['carry a fragment', 'http://shop.example/notify#paid', 'must not carry a fragment'],
    ['carry an empty fragment', 'http://shop.example/notify#', 'must not carry a fragment'],
    ['carry a user name', 'http://admin@shop.example/', credentials],
    ['carry a password', 'http://admin:secret@shop.example/', credentials],
    ['carry an empty user name', 'http://@shop.example/', credentials],
    ['contain a line break', 'http://shop.exa\nmple/', characters],
    ['contain a tab', 'ht\ttp://shop.example/', characters],
    ['begin with a space', ' http://shop.example/', characters],
    ['contain NUL', 'http://shop.example/\0', characters],
    ['contain an ideographic space', 'http://shop.example/a　b', characters],
    ['contain a backslash', 'http://shop.example\\@10.0.0.1/', characters],
    ['lack the host', 'http:///', host],
    ['lack the host before the port', 'http://:80/', host],
    ['have an empty label', 'http://shop..example/', host],
    ['have a label that begins with a hyphen', 'http://-shop.example/', host],
    ['have a label of 64 characters', `http://${'x'.repeat(64)}.example/`, host],
    ['have a percent sign in its host', 'http://shop%2eexample%00/', host],
    ['have an impossible IPv4 address', 'http://1.2.3.456/', host],
    ['have an impossible IPv6 address', 'http://[1::2::3]/', host],
    ['have an impossible port', 'http://shop.example:65536/', host],
    ['end its host in a dot', 'http://shop.example./', 'must have a host that does not end in a dot'],
    ['speak to a mail server', 'http://shop.example:25/', 'must not use port 25'],
    ['speak to no port', 'http://shop.example:0/', 'must not use port 0'],
    ['speak to an IRC server', 'https://shop.example:6667/', 'must not use port 6667'],
  ])('%s', (_what, url, rule) => {
    expect(checkNotifyUrl(url)).toBe(rule);
  });
});

describe('the target of a notification', () => {
  test.each([
    ['ftp://shop.example/', 'must begin with http:// or https://'],
    ['http://u:p@shop.example/', 'must not carry a user name or password'],
    ['http://shop.example./', 'must have a host that does not end in a dot'],
    ['http://shop.example:22/', 'must not use port 22'],
  ])('%s is refused by the same rules', (url, rule) => {
    expect(checkTarget(new URL(url))).toBe(rule);
  });
});
