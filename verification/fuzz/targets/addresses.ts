/** URLs and addresses that merchants and networks give, amounts as text, keys and certificates that people upload. */
import { BlockList, isIP } from 'node:net';
import { toFen } from '../../../gateway/src/channels/bank/camt/entry.ts';
import { ChannelMisconfigured } from '../../../gateway/src/channels/channel.ts';
import {
  certificateSn,
  readCertificates,
  rootCertificateSn,
  rsaKeyOf,
} from '../../../gateway/src/channels/alipay/x509.ts';
import { readPlatformKey } from '../../../gateway/src/channels/wechat/keyring.ts';
import { fenToYuan, yuanToFen } from '../../../gateway/src/domain/money.ts';
import { checkNotifyUrl } from '../../../gateway/src/domain/notify-url.ts';
import { publicKeyPem } from '../../../gateway/src/domain/public-key.ts';
import { refusedRange } from '../../../gateway/src/notifications/address-guard.ts';
import { parseYuan } from '../../../simulators/src/alipay/money.ts';
import { createAuthority } from '../../../simulators/src/wechat/credentials.ts';
import { ACCOUNTS, NOW_MS, peer, PUBLIC_PEM } from '../peers.ts';
import { must, mustBeFen, mustEqual, type TargetMaker } from '../target.ts';

/** Ranges that no notification may go to, as the IANA registries of special-purpose addresses name them. */
const SPECIAL = {
  4: blockList(
    'ipv4',
    [
      ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
      ['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
      ['224.0.0.0/4', '240.0.0.0/4'],
    ].flat(),
  ),
  6: blockList(
    'ipv6',
    [
      [
        '::/96',
        '::ffff:0:0/96',
        '64:ff9b:1::/48',
        '100::/64',
        '2001:db8::/32',
        '2002::/16',
        'fc00::/7',
        'fe80::/10',
        'ff00::/8',
      ],
    ].flat(),
  ),
};

function blockList(family: 'ipv4' | 'ipv6', ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = '', bits] = range.split('/');
    list.addSubnet(net, Number(bits), family);
  }
  return list;
}

const url: TargetMaker = {
  name: 'notify-url',
  open: () => ({
    name: 'notify-url',
    about:
      'a notify_url and the address in it: what is taken is what URL understands, and no special address is let through',
    watched: ['domain/notify-url.ts', 'notifications/address-guard.ts', 'ipaddr.js'],
    seeds: [
      [
        'https://md.pooul.com/v2_test/notify',
        'http://[2001:db8::1]:8080/x',
        'http://8.8.8.8/',
        'http://10.0.0.1/',
        'http://192.168.0.1:8080/x',
        'http://100.64.0.1/',
        'http://172.16.0.1/',
        'http://0x7f.1/',
        'http://2130706433/',
      ],
      [
        'http://[64:ff9b::8.8.8.8]/',
        'http://[2400:3200::5efe:10.0.0.1]/',
        'https://例え.jp/通知',
        'http://a.b:80/',
        '::ffff:10.0.0.1',
        'fe80::1%eth0',
      ],
    ]
      .flat()
      .map((text) => Buffer.from(text)),
    words: [
      'http://',
      'https://',
      'localhost',
      '169.254.169.254',
      '::1',
      '[::]',
      '%2e',
      '。',
      '：',
      '：25',
      ':25',
      'user@',
      'xn--',
      '::ffff:',
      '0:0',
      '64:ff9b::',
      '%eth0',
    ],
    run(input) {
      const text = input.toString('utf8');
      mustBeGuarded(text);
      const problem = checkNotifyUrl(text);
      must(problem === null || (problem.startsWith('must') && problem.length < 100), `problem ${problem}`);
      if (problem !== null) return;
      const parsed = new URL(text);
      must(
        /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.search === '' && parsed.hash === '',
        'URL sees another',
      );
      must(text.length <= 256 && /^[^\s\\]+$/.test(text), 'what is taken has white space');
      mustBeGuarded(parsed.hostname.replace(/^\[|\]$/g, ''));
    },
  }),
};

/** What the guard lets through is an address, and none of the special ones. */
function mustBeGuarded(address: string): void {
  const range = refusedRange(address, { allow_loopback: false });
  const family = isIP(address);
  if (range !== null) return must(/^[a-zA-Z0-9_]+$/.test(range), `range ${range}`);
  must(family === 4 || family === 6, 'no address was let through');
  must(!SPECIAL[family].check(address, `ipv${family}`), `${address} was let through`);
}

/** Yuan as fen, by whole numbers of any size; null where a text is no amount. */
function exactly(text: string, decimals: RegExp): bigint | null {
  const match = decimals.exec(text);
  return match ? BigInt(`${match[1] ?? ''}${(match[2] ?? '').slice(0, 2).padEnd(2, '0')}`) : null;
}

const money: TargetMaker = {
  name: 'money',
  open: () => ({
    name: 'money',
    about: 'amounts as text, by exact arithmetic: Alipay’s, the bank’s, and what our own writing of them gives back',
    watched: ['domain/money.ts', 'camt/entry.ts', 'alipay/money.ts'],
    seeds: ['76.22', '0.01', '999999999999.99', '1234567890123.45000', '5', '0', '100000000', '1.', '.5', '1.005'].map(
      (text) => Buffer.from(text),
    ),
    words: ['.', '0', '9', '00', '999999999999', '-', '+', 'e', ','],
    run(input) {
      const text = input.toString('utf8');
      const alipay = yuanToFen(text);
      mustEqual(
        alipay === null ? null : String(alipay),
        exactly(text, /^(\d{1,12})(?:\.(\d{1,2}))?$/)?.toString() ?? null,
        'yuanToFen',
      );
      const bank = toFen(text);
      mustEqual(
        bank === null ? null : String(bank),
        exactly(text, /^(\d{1,13})(?:\.(\d{0,2}0{0,3}))?$/)?.toString() ?? null,
        'toFen',
      );
      mustEqual(parseYuan(text) ?? null, alipay, 'the simulator');
      for (const fen of [alipay, bank]) {
        if (fen === null) continue;
        mustBeFen(fen, 'amount');
        if (fen <= 99_999_999_999_999) mustEqual(yuanToFen(fenToYuan(fen)), fen, 'written and read again');
      }
    },
  }),
};

/** Runs; what an operator is told who gave something wrong is an answer like any other. */
function told<Value>(work: () => Value): Value | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof ChannelMisconfigured) return null;
    throw error;
  }
}

const keys: TargetMaker = {
  name: 'keys',
  async open() {
    const ports = { now: () => NOW_MS, randomBytes: (length: number) => Buffer.alloc(length, 7) };
    const { ca_certificate } = await createAuthority(ports);
    return {
      name: 'keys',
      about: 'keys and certificates that operators and merchants upload: taken, or refused by the name of the field',
      watched: [
        'alipay/x509.ts',
        'alipay/sign.ts',
        'alipay/config.ts',
        'wechat/keyring.ts',
        'wechat/sign.ts',
        'domain/public-key.ts',
        'bank/sign.ts',
      ],
      seeds: [
        PUBLIC_PEM,
        ca_certificate,
        PUBLIC_PEM.split('\n').slice(1, -2).join(''),
        `${ca_certificate}${ca_certificate}`,
      ].map((text) => Buffer.from(text)),
      words: [
        '-----BEGIN CERTIFICATE-----',
        '-----END CERTIFICATE-----',
        '-----BEGIN PUBLIC KEY-----',
        '-----BEGIN RSA PUBLIC KEY-----',
        'PRIVATE KEY',
      ],
      run(input) {
        const text = input.toString('utf8');
        const certificates = told(() => readCertificates(text, 'field')) ?? [];
        for (const certificate of certificates) {
          must(/^[0-9a-f]{32}$/.test(certificateSn(certificate)), 'certificateSn');
          rsaKeyOf(certificate);
        }
        rootCertificateSn(certificates);
        told(() => readPlatformKey('5157F09EFDC096DE', text));
        const pem = publicKeyPem(text);
        must(pem === null || publicKeyPem(pem) === pem, 'a key that was taken is not taken again');
        told(() =>
          ACCOUNTS.alipay.channel.open(
            {
              account_id: 'a',
              channel: 'alipay',
              settings: { ...ACCOUNTS.alipay.settings, alipay_public_key: text },
              secrets: ACCOUNTS.alipay.secrets,
            },
            peer().ports,
          ),
        );
        told(() =>
          ACCOUNTS.bank.channel.open(
            {
              account_id: 'b',
              channel: 'bank',
              settings: { ...ACCOUNTS.bank.settings, bank_keys: { k1: text } },
              secrets: ACCOUNTS.bank.secrets,
            },
            peer().ports,
          ),
        );
      },
    };
  },
};

export const ADDRESS_TARGETS: readonly TargetMaker[] = [url, money, keys];
