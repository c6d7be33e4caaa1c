import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusedRange } from '../../src/notifications/address-guard.ts';

const STRICT = { allow_loopback: false };
const SANDBOX = { allow_loopback: true };

describe('refused, in the sandbox too', () => {
  test.each([
    ['0.0.0.0', 'unspecified'],
    ['0.255.255.255', 'unspecified'],
    ['10.0.0.0', 'private'],
    ['10.255.255.255', 'private'],
    ['100.64.0.0', 'carrierGradeNat'],
    ['100.127.255.255', 'carrierGradeNat'],
    ['100.100.100.200', 'carrierGradeNat'],
    ['168.63.129.16', 'cloud_control'],
    ['169.254.0.0', 'linkLocal'],
    ['169.254.169.254', 'linkLocal'],
    ['169.254.255.255', 'linkLocal'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['192.0.0.0', 'reserved'],
    ['192.0.0.192', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['192.31.196.1', 'as112'],
    ['192.52.193.1', 'amt'],
    ['192.88.99.1', 'reserved'],
    ['192.168.0.0', 'private'],
    ['192.168.255.255', 'private'],
    ['192.175.48.1', 'as112'],
    ['198.18.0.0', 'reserved'],
    ['198.19.255.255', 'reserved'],
    ['198.51.100.1', 'reserved'],
    ['203.0.113.1', 'reserved'],
    ['224.0.0.0', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['240.0.0.0', 'reserved'],
    ['255.255.255.254', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::a00:1', 'ipv4Compatible'],
    ['::808:808', 'ipv4Compatible'],
    // ipaddr.js reads this old form as an IPv4-mapped address.
    ['::10.0.0.1', 'ipv4Mapped'],
    ['::8.8.8.8', 'ipv4Mapped'],
    ['::ffff:10.0.0.1', 'ipv4Mapped'],
    ['::ffff:127.0.0.1', 'ipv4Mapped'],
    ['::ffff:8.8.8.8', 'ipv4Mapped'],
    ['::ffff:0:8.8.8.8', 'rfc6145'],
    ['64:ff9b::10.0.0.1', 'nat64_private'],
    ['64:ff9b::127.0.0.1', 'nat64_loopback'],
    ['64:ff9b::169.254.169.254', 'nat64_linkLocal'],
    ['64:ff9b:1::8.8.8.8', 'rfc6052'],
    ['64:ff9b:1:ffff:ffff:ffff:ffff:ffff', 'rfc6052'],
    ['64:ff9b:2::1', 'unassigned'],
    ['100::1', 'discard'],
    ['200::1', 'unassigned'],
    ['2001::1', 'teredo'],
    ['2001:2::1', 'benchmarking'],
    ['2001:3::1', 'amt'],
    ['2001:4:112::1', 'as112v6'],
    ['2001:10::1', 'deprecatedOrchid'],
    ['2001:20::1', 'orchid2'],
    ['2001:30::1', 'droneRemoteIdProtocolEntityTags'],
    ['2001:1ff::1', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['2002:a00:1::', '6to4'],
    ['2002:808:808::', '6to4'],
    ['2400:3200::5efe:10.0.0.1', 'isatap'],
    ['2400:3200::200:5efe:8.8.8.8', 'isatap'],
    ['2620:4f:8000::1', 'as112v6'],
    ['3fff::1', 'reserved'],
    ['3fff:fff::1', 'reserved'],
    ['4000::1', 'unassigned'],
    ['5f00::1', 'segmentRouting'],
    ['fc00::1', 'uniqueLocal'],
    ['fd00:ec2::254', 'uniqueLocal'],
    ['fdff::1', 'uniqueLocal'],
    ['fe80::1', 'linkLocal'],
    ['fe80::1%eth0', 'scoped'],
    ['fe80::1%eth0.100', 'scoped'],
    ['::1%lo', 'scoped'],
    ['2400:3200::1%eth0', 'scoped'],
    ['febf::1', 'linkLocal'],
    ['fec0::1', 'deprecatedSiteLocal'],
    ['ff02::1', 'multicast'],
    ['', 'not_an_address'],
    ['localhost', 'not_an_address'],
    ['0177.0.0.1', 'not_an_address'],
    ['2130706433', 'not_an_address'],
    ['[::1]', 'not_an_address'],
    ['10.0.0.1 ', 'not_an_address'],
  ])('%s is %s', (address, range) => {
    expect(refusedRange(address, STRICT)).toBe(range);
    expect(refusedRange(address, SANDBOX)).toBe(range);
  });
});

describe('loopback, allowed in the sandbox alone', () => {
  test.each(['127.0.0.1', '127.255.255.254', '::1'])('%s', (address) => {
    expect(refusedRange(address, STRICT)).toBe('loopback');
    expect(refusedRange(address, SANDBOX)).toBeNull();
  });
});

describe('allowed', () => {
  test.each([
    '1.0.0.0',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '114.114.114.114',
    '168.63.129.15',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2400:3200::1',
    '2606:4700:4700::1111',
    '2001:200::1',
    '2001:da8::1',
    '2003::1',
    '64:ff9b::8.8.8.8',
  ])('%s', (address) => {
    expect(refusedRange(address, STRICT)).toBeNull();
  });
});

/** Written down once more, from the IANA registries and not from the code: [first address, prefix length]. */
const REFUSED_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

function numberOf(address: string): number {
  return address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

/** Two groups of hexadecimal digits, as IPv6 writes 32 bits. */
function groups(number: number): string {
  return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
}

const refused_ipv4 = fc.constantFrom(...REFUSED_IPV4).chain(([first, length]) => {
  const begin = numberOf(first);
  return fc.integer({ min: begin, max: begin + 2 ** (32 - length) - 1 });
});

/** Every way known to us of writing an IPv4 address inside an IPv6 address. */
const FORMS: Readonly<Record<string, (number: number) => string>> = {
  mapped: (number) => `::ffff:${dotted(number)}`,
  'mapped, in hexadecimal': (number) => `::FFFF:${groups(number)}`,
  'mapped, in full': (number) => `0:0:0:0:0:ffff:${groups(number)}`,
  compatible: (number) => `::${groups(number)}`,
  'compatible, dotted': (number) => `::${dotted(number)}`,
  translated: (number) => `::ffff:0:${groups(number)}`,
  NAT64: (number) => `64:ff9b::${groups(number)}`,
  'NAT64, dotted': (number) => `64:ff9b::${dotted(number)}`,
  'NAT64, local, /48': (number) =>
    `64:ff9b:1:${(number >>> 16).toString(16)}:${((number >>> 8) & 0xff).toString(16)}::`,
  'NAT64, local, /96': (number) => `64:ff9b:1:1:1:1:${groups(number)}`,
  '6to4': (number) => `2002:${groups(number)}::1`,
  Teredo: (number) => `2001:0:4136:e378:8000:63bf:${groups(~number)}`,
  'Teredo server': (number) => `2001:0:${groups(number)}:8000:63bf:f7f7:f7f7`,
  ISATAP: (number) => `2400:3200:1:2:0:5efe:${groups(number)}`,
  'ISATAP, universal': (number) => `2400:3200:1:2:200:5efe:${groups(number)}`,
};

describe('any IPv4 address of a refused range', () => {
  test('is refused', () => {
    fc.assert(
      fc.property(refused_ipv4, (number) => {
        expect(refusedRange(dotted(number), STRICT)).not.toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(Object.entries(FORMS))('is refused inside IPv6, in the sandbox too: %s', (_name, form) => {
    fc.assert(
      fc.property(refused_ipv4, (number) => {
        const address = form(number);
        // ::0.0.0.1 is the loopback address of IPv6 itself.
        fc.pre(numberOf('0.0.0.1') !== number || form !== FORMS['compatible']);
        expect(refusedRange(address, STRICT), address).not.toBeNull();
        expect(refusedRange(address, SANDBOX), address).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});

test('any other IPv4 address is allowed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (number) => {
      fc.pre(
        !REFUSED_IPV4.some(
          ([first, length]) => number >= numberOf(first) && number < numberOf(first) + 2 ** (32 - length),
        ),
      );
      expect(refusedRange(dotted(number), STRICT)).toBeNull();
    }),
    { numRuns: 2_000 },
  );
});
