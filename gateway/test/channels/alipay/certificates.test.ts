import { AlipaySdk } from 'alipay-sdk';
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { AlipayKeys } from '../../../src/channels/alipay/certificates.ts';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import { openAccount } from '../../../src/channels/alipay/config.ts';
import { certificateSn, readCertificates, rootCertificateSn } from '../../../src/channels/alipay/x509.ts';
import { issue, type Name, type TestCertificate } from './certificate-authority.ts';
import {
  answerText,
  APP_ID,
  makePorts,
  NOW_MS,
  OUT_TRADE_NO,
  patience,
  reference,
  rsa2,
  secrets,
  startUpstream,
  type Reply,
} from './support.ts';

const QUERY = 'alipay.trade.query';
const DOWNLOAD = 'alipay.open.app.alipaycert.download';
const DAY_MS = 86_400_000;
const dates = { valid_from_ms: NOW_MS - DAY_MS, valid_to_ms: NOW_MS + 365 * DAY_MS };

const authority = (common_name: string): Name => ['CN', 'Ant Financial', 'Certification Authority', common_name];
const holder = (common_name: string): Name => ['CN', '杭州测试有限公司', 'Alipay', common_name];
const ALIPAY = holder('支付宝(中国)网络技术有限公司-2088102146225135');

const root = issue({ name: authority('Root R1'), authority: true, ...dates });
const class_1 = issue({ name: authority('Class 1 R1'), issuer: root, authority: true, ...dates });
const class_2 = issue({ name: authority('Class 2 R1'), issuer: root, authority: true, ...dates });
const elliptic_root = issue({ name: authority('SM2 Root'), authority: true, elliptic: true, ...dates });
const old = issue({ name: ALIPAY, issuer: class_2, ...dates });
const fresh = issue({ name: ALIPAY, issuer: class_2, ...dates });
const of_app = issue({ name: holder('2088102146225135-2021000000000001'), issuer: class_1, ...dates });
const of_stranger = issue({ name: holder('2088000000000000-2021000000000009'), issuer: class_1, ...dates });

const ROOT_FILE = [elliptic_root, root, class_1].map(({ pem }) => pem).join('\n');
const sn = ({ pem }: TestCertificate) => certificateSn(new X509Certificate(pem));

const node = JSON.stringify({
  code: '10000',
  msg: 'Success',
  out_trade_no: OUT_TRADE_NO,
  trade_no: '2026030122001412341234',
  trade_status: 'TRADE_SUCCESS',
  total_amount: '76.22',
});

/** An answer signed by a certificate's key that names that certificate. */
const signedBy = (certificate: TestCertificate, named = sn(certificate)): Reply => ({
  body: answerText(QUERY, node, certificate.key, `,"alipay_cert_sn":"${named}"`),
});

/** Alipay's answer to a download: signed with the new certificate, which we cannot check beforehand. */
function downloadOf(certificate: TestCertificate, ...chain: readonly TestCertificate[]): Reply {
  const pem = [certificate, ...chain].map((one) => one.pem).join('');
  const text = JSON.stringify({
    code: '10000',
    msg: 'Success',
    alipay_cert_content: Buffer.from(pem).toString('base64'),
  });
  return { body: answerText(DOWNLOAD, text, certificate.key, `,"alipay_cert_sn":"${sn(certificate)}"`) };
}

const settingsFor = (gateway_url: string) => ({
  mode: 'certificate',
  gateway_url,
  app_id: APP_ID,
  app_cert: of_app.pem,
  alipay_cert: old.pem,
  alipay_root_cert: ROOT_FILE,
});

async function open(...replies: readonly Reply[]) {
  const upstream = await startUpstream();
  const ports = makePorts();
  const settings = { ...settingsFor(upstream.url), ...patience(...replies) };
  const channel = alipay.open({ account_id: 'a1', channel: 'alipay', settings, secrets }, ports);
  const downloads = () => upstream.asked.filter(({ method }) => method === DOWNLOAD);
  return { channel, upstream, ports, downloads };
}

describe('certificate numbers', () => {
  const sdk = new AlipaySdk({
    appId: APP_ID,
    privateKey: secrets.app_private_key,
    keyType: 'PKCS8',
    appCertContent: of_app.pem,
    alipayPublicCertContent: old.pem,
    alipayRootCertContent: ROOT_FILE,
  });

  test('are those the official SDK computes, of RSA certificates alone in the root file', () => {
    expect(sn(of_app)).toBe(sdk.config.appCertSn);
    expect(sn(old)).toBe(sdk.config.alipayCertSn);
    const roots = readCertificates(ROOT_FILE, 'alipay_root_cert');
    expect(roots).toHaveLength(3);
    expect(rootCertificateSn(roots)).toBe(sdk.config.alipayRootCertSn);
    expect(rootCertificateSn(roots)).toBe(`${sn(root)}_${sn(class_1)}`);
  });

  test('go with every request, under its signature', async () => {
    const { channel, upstream } = await open();
    upstream.reply(QUERY, signedBy(old));
    await channel.query(reference);
    expect(upstream.asked[0]?.verified).toBe(true);
    expect(upstream.asked[0]?.params.get('app_cert_sn')).toBe(sn(of_app));
    expect(upstream.asked[0]?.params.get('alipay_root_cert_sn')).toBe(`${sn(root)}_${sn(class_1)}`);
  });
});

describe('answers', () => {
  test('of the configured certificate are verified without a download, named or not', async () => {
    const { channel, upstream, downloads } = await open();
    upstream.reply(QUERY, signedBy(old), { body: answerText(QUERY, node, old.key) });
    expect(await channel.query(reference)).toMatchObject({ outcome: 'paid' });
    expect(await channel.query(reference)).toMatchObject({ outcome: 'paid' });
    expect(downloads()).toEqual([]);
  });

  test('of a new certificate are verified after one download, for any number of answers at once and later', async () => {
    const { channel, upstream, downloads } = await open();
    upstream.reply(QUERY, signedBy(fresh));
    upstream.reply(DOWNLOAD, downloadOf(fresh, class_2));
    const reports = await Promise.all([channel.query(reference), channel.query(reference), channel.query(reference)]);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['paid', 'paid', 'paid']);
    expect(await channel.query(reference)).toMatchObject({ outcome: 'paid' });
    expect(downloads()).toHaveLength(1);
    expect(downloads()[0]).toMatchObject({ verified: true, biz: { alipay_cert_sn: sn(fresh) } });
  });

  test('of the old certificate stay good after the change', async () => {
    const { channel, upstream } = await open();
    upstream.reply(QUERY, signedBy(fresh), signedBy(old));
    upstream.reply(DOWNLOAD, downloadOf(fresh, class_2));
    expect(await channel.query(reference)).toMatchObject({ outcome: 'paid' });
    expect(await channel.query(reference)).toMatchObject({ outcome: 'paid' });
  });

  test('that name one certificate and are signed with another are not believed', async () => {
    const { channel, upstream } = await open();
    upstream.reply(QUERY, signedBy(fresh, sn(old)));
    expect(await channel.query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });
});

describe('a downloaded certificate is not believed', () => {
  const own_root = issue({ name: authority('Root R1'), authority: true, ...dates });
  const own_class = issue({ name: authority('Class 2 R1'), issuer: own_root, authority: true, ...dates });
  const forged = issue({ name: ALIPAY, issuer: own_class, ...dates });
  const self_signed = issue({ name: ALIPAY, ...dates });
  const expired = issue({
    name: ALIPAY,
    issuer: class_2,
    valid_from_ms: NOW_MS - 2 * DAY_MS,
    valid_to_ms: NOW_MS - DAY_MS,
  });
  const early = issue({
    name: ALIPAY,
    issuer: class_2,
    valid_from_ms: NOW_MS + DAY_MS,
    valid_to_ms: NOW_MS + 2 * DAY_MS,
  });
  const expired_class = issue({
    name: authority('Class 3 R1'),
    issuer: root,
    authority: true,
    valid_from_ms: NOW_MS - 2 * DAY_MS,
    valid_to_ms: NOW_MS - DAY_MS,
  });
  const of_expired_class = issue({ name: ALIPAY, issuer: expired_class, ...dates });
  const by_an_app = issue({ name: ALIPAY, issuer: of_stranger, ...dates });
  const elliptic = issue({ name: ALIPAY, issuer: class_2, elliptic: true, ...dates });

  test.each<[string, TestCertificate, Reply]>([
    ['from another authority of the same names', forged, downloadOf(forged, own_class, own_root)],
    ['signed by itself', self_signed, downloadOf(self_signed)],
    ['expired', expired, downloadOf(expired, class_2)],
    ['not valid yet', early, downloadOf(early, class_2)],
    ['from an expired authority', of_expired_class, downloadOf(of_expired_class, expired_class)],
    ['with its issuer missing', fresh, downloadOf(fresh)],
    ['issued by a certificate that is no authority', by_an_app, downloadOf(by_an_app, of_stranger)],
    ["of another merchant's application, whose key its owner has", of_stranger, downloadOf(of_stranger)],
    ['of our own application', of_app, downloadOf(of_app)],
    ['that is another than asked for', fresh, downloadOf(old, class_2)],
    [
      'that is no certificate',
      fresh,
      { body: answerText(DOWNLOAD, `{"code":"10000","alipay_cert_content":"${Buffer.from('x').toString('base64')}"}`) },
    ],
    ['that does not come', fresh, { broken: 'hang' }],
    ['that comes with an error', fresh, { body: answerText(DOWNLOAD, '{"code":"40004","sub_code":"CERT_NOT_EXIST"}') }],
    ['that comes with a 500', fresh, { body: '', status: 500 }],
  ])('%s', async (_name, certificate, download) => {
    const { channel, upstream, downloads } = await open(download);
    upstream.reply(QUERY, signedBy(certificate));
    upstream.reply(DOWNLOAD, download);
    expect(await channel.query(reference)).toMatchObject({ outcome: 'unknown', reason: 'unknown_certificate' });
    expect(downloads()).toHaveLength(1);
  });

  test('without an RSA key', async () => {
    const { channel, upstream } = await open();
    upstream.reply(QUERY, { body: answerText(QUERY, node, old.key, `,"alipay_cert_sn":"${sn(elliptic)}"`) });
    upstream.reply(DOWNLOAD, {
      body: answerText(
        DOWNLOAD,
        JSON.stringify({
          code: '10000',
          alipay_cert_content: Buffer.from(elliptic.pem + class_2.pem).toString('base64'),
        }),
      ),
    });
    expect(await channel.query(reference)).toMatchObject({ outcome: 'unknown', reason: 'unknown_certificate' });
  });
});

describe('downloads are few', () => {
  const notice = (certificate: TestCertificate, named: string, signs_sn = false) => {
    const form: Record<string, string> = {
      app_id: APP_ID,
      notify_id: 'n1',
      notify_type: 'trade_status_sync',
      out_trade_no: OUT_TRADE_NO,
      total_amount: '76.22',
      trade_no: '2026030122001412341234',
      trade_status: 'TRADE_SUCCESS',
    };
    if (signs_sn) form['alipay_cert_sn'] = named;
    const content = Object.keys(form)
      .sort()
      .map((name) => `${name}=${form[name]}`)
      .join('&');
    const sign = rsa2(content, certificate.key);
    return {
      headers: {},
      body: new URLSearchParams({ ...form, alipay_cert_sn: named, sign, sign_type: 'RSA2' }).toString(),
    };
  };

  test('callbacks are verified by the certificate they name, whether or not its number is signed', async () => {
    const { channel, upstream, downloads } = await open();
    upstream.reply(DOWNLOAD, downloadOf(fresh, class_2));
    for (const certificate of [old, fresh]) {
      for (const signs_sn of [false, true]) {
        expect(await channel.readCallback(notice(certificate, sn(certificate), signs_sn))).toMatchObject({
          kind: 'payment',
        });
      }
    }
    expect(downloads()).toHaveLength(1);
  });

  test('invented numbers cause one a minute, and none when they cannot be numbers', async () => {
    const { channel, upstream, ports, downloads } = await open();
    upstream.reply(DOWNLOAD, { body: answerText(DOWNLOAD, '{"code":"40004"}') });
    const invent = (digit: string) => channel.readCallback(notice(old, digit.repeat(32)));
    const refused = { kind: 'rejected', reason: 'unknown_certificate' };
    expect(await channel.readCallback(notice(old, '../../etc'))).toEqual(refused);
    expect(downloads()).toHaveLength(0);
    expect(await Promise.all([invent('a'), invent('b'), invent('c')])).toEqual([refused, refused, refused]);
    expect(await invent('d')).toEqual(refused);
    expect(downloads()).toHaveLength(1);
    ports.clock.at_ms += 60_000;
    expect(await invent('e')).toEqual(refused);
    expect(downloads()).toHaveLength(2);
  });

  test('and do not keep a genuine answer from having its certificate fetched', async () => {
    const { channel, upstream } = await open();
    upstream.reply(DOWNLOAD, { body: answerText(DOWNLOAD, '{"code":"40004"}') }, downloadOf(fresh, class_2));
    await channel.readCallback(notice(old, 'a'.repeat(32)));
    upstream.reply(QUERY, signedBy(fresh));
    expect(await channel.query(reference)).toMatchObject({ outcome: 'paid' });
  });

  test('an answer and a callback that name the same new certificate share one download', async () => {
    const upstream = await startUpstream();
    const account = openAccount({ account_id: 'a1', channel: 'alipay', settings: settingsFor(upstream.url), secrets });
    let downloads = 0;
    const keys = new AlipayKeys(account, makePorts().clock, async () => {
      downloads += 1;
      return fresh.pem + class_2.pem;
    });
    const found = await Promise.all([keys.find(sn(fresh), 'answer'), keys.find(sn(fresh), 'callback')]);
    expect(found.map((key) => key?.asymmetricKeyType)).toEqual(['rsa', 'rsa']);
    expect(downloads).toBe(1);
  });
});
