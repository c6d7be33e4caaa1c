import { describe, expect, test } from 'vitest';
import { makeCertificate, makeKey, type TestKey } from './support/certificate.ts';
import { API_V3_KEY, bench, NOW_MS, orderObject, PLATFORM_SERIAL, reference } from './support/account.ts';
import { encrypt, type Behaviour, type SeenRequest, type SignedBy } from './support/upstream.ts';

const { upstream, open, clock, platform } = bench();
const YEAR_MS = 31_536_000_000;
const NEW_SERIAL = '50062CE505775F070CAB06E697F1BBD1AD4F4D87';
const PUBLIC_KEY_ID = 'PUB_KEY_ID_0114232134912410000000000000';
const NO_KEYS = { platform_keys: {} };
const rotated: SignedBy = { key: makeKey(), serial: NEW_SERIAL };
const publicKey: SignedBy = { key: makeKey(), serial: PUBLIC_KEY_ID };

interface Listed {
  readonly key: TestKey;
  readonly serial: string;
  readonly until_ms?: number;
  readonly api_v3_key?: string;
}

/** The body of GET /v3/certificates. */
function certificateList(...listed: readonly Listed[]): object {
  return {
    data: listed.map(({ key, serial, until_ms = NOW_MS + YEAR_MS, api_v3_key = API_V3_KEY }) => ({
      serial_no: serial,
      effective_time: '2026-02-01T00:00:00+08:00',
      expire_time: '2031-02-01T00:00:00+08:00',
      encrypt_certificate: encrypt(api_v3_key, makeCertificate(key, serial, NOW_MS - YEAR_MS, until_ms), 'certificate'),
    })),
  };
}

/** Certificates to whoever asks for them, a paid order to everybody else. */
function serve(certificates: Behaviour, signed_by?: SignedBy): void {
  const paid = { status: 200, body: orderObject(), ...(signed_by ? { signed_by } : {}) };
  upstream.behave = (request: SeenRequest) => (request.path === '/v3/certificates' ? certificates : paid);
}

const fetches = () => upstream.paths.filter((path) => path === 'GET /v3/certificates').length;
const current: SignedBy = { key: platform, serial: PLATFORM_SERIAL };

describe('platform certificates', () => {
  test('an answer under a new serial is believed after the certificates have been fetched, once', async () => {
    serve({ status: 200, body: certificateList(current, rotated) }, rotated);
    const client = open();
    expect((await client.query(reference)).outcome).toBe('paid');
    expect((await client.query(reference)).outcome).toBe('paid');
    expect(fetches()).toBe(1);
    expect(upstream.requests[1]).toMatchObject({ path: '/v3/certificates', signed: true });
  });

  test('during a rotation old and new certificates are believed side by side', async () => {
    serve({ status: 200, body: certificateList(rotated) }, rotated);
    const client = open();
    expect((await client.query(reference)).outcome).toBe('paid');
    serve('drop', current);
    expect((await client.query(reference)).outcome).toBe('paid');
  });

  test('a callback under a new serial is believed too', async () => {
    serve({ status: 200, body: certificateList(rotated) });
    const body = { id: 'EV-1', event_type: 'COUPON.USE', resource: {} };
    const callback = await open().readCallback(upstream.sign({ body, signed_by: rotated }));
    expect(callback.kind).toBe('unhandled');
  });

  test('many answers under a new serial share one fetch', async () => {
    serve({ status: 200, body: certificateList(rotated) }, rotated);
    const client = open();
    const reports = await Promise.all(Array.from({ length: 8 }, () => client.query(reference)));
    expect(reports.map((report) => report.outcome)).toEqual(Array(8).fill('paid'));
    expect(fetches()).toBe(1);
  });

  test('invented serials cause no more than one fetch a minute', async () => {
    serve({ status: 200, body: certificateList(current) });
    const client = open();
    const forge = (serial: string) =>
      client.readCallback(upstream.sign({ body: {}, signed_by: { key: rotated.key, serial } }));
    expect(await forge('0A')).toEqual({ kind: 'rejected', reason: 'unknown_serial' });
    expect(await forge('0B')).toEqual({ kind: 'rejected', reason: 'unknown_serial' });
    expect(fetches()).toBe(1);
    clock.time_ms += 60_000;
    await forge('0C');
    expect(fetches()).toBe(2);
  });

  test('an account without any platform key starts by fetching them', async () => {
    serve({ status: 200, body: certificateList(current) });
    expect((await open(NO_KEYS).query(reference)).outcome).toBe('paid');
  });

  test('a certificate from the settings is believed until it expires, and its successor is fetched', async () => {
    const until_ms = NOW_MS + 86_400_000;
    const pem = makeCertificate(platform, PLATFORM_SERIAL, NOW_MS - YEAR_MS, until_ms);
    const certificates: Behaviour = { status: 200, body: certificateList(rotated), signed_by: rotated };
    serve(certificates, current);
    const client = open({ platform_keys: { [PLATFORM_SERIAL.toLowerCase()]: pem } });
    expect((await client.query(reference)).outcome).toBe('paid');
    expect(fetches()).toBe(0);
    clock.time_ms = until_ms;
    expect(await client.query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
    expect(fetches()).toBe(1);
    serve(certificates, rotated);
    expect((await client.query(reference)).outcome).toBe('paid');
  });

  test('a fetched certificate is forgotten when it expires', async () => {
    const until_ms = NOW_MS + 3_600_000;
    serve({ status: 200, body: certificateList({ ...rotated, until_ms }), signed_by: rotated }, rotated);
    const client = open(NO_KEYS);
    expect((await client.query(reference)).outcome).toBe('paid');
    clock.time_ms = until_ms;
    serve('drop', rotated);
    expect(await client.query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });

  const stranger: SignedBy = { key: makeKey(), serial: NEW_SERIAL };
  test.each<[string, () => Behaviour]>([
    ['unsigned', () => ({ status: 200, body: certificateList(rotated), signed_by: null })],
    ['signed by nobody they name', () => ({ status: 200, body: certificateList(rotated), signed_by: publicKey })],
    [
      'signed by another key than they hold',
      () => ({ status: 200, body: certificateList(rotated), signed_by: stranger }),
    ],
    [
      'not encrypted by our APIv3 key',
      () => ({ status: 200, body: certificateList({ ...rotated, api_v3_key: 'x'.repeat(32) }), signed_by: rotated }),
    ],
    [
      'partly unreadable',
      () => ({
        status: 200,
        body: certificateList(rotated, { ...stranger, api_v3_key: 'x'.repeat(32) }),
        signed_by: rotated,
      }),
    ],
    ['five minutes old', () => ({ status: 200, body: certificateList(rotated), timestamp_s: NOW_MS / 1000 - 301 })],
    ['not a list', () => ({ status: 200, body: { data: {} }, signed_by: rotated })],
    ['refused', () => ({ status: 403, body: certificateList(rotated), signed_by: rotated })],
    ['not answered', () => 'drop'],
  ])('certificates are not believed when they are %s', async (_what, certificates) => {
    serve(certificates(), rotated);
    expect(await open(NO_KEYS).query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });
});

describe('WeChat Pay public keys', () => {
  const settings = { platform_keys: { [PUBLIC_KEY_ID]: publicKey.key.public_pem }, prefer_serial: PUBLIC_KEY_ID };

  test('an account in public-key mode asks for that key and believes it', async () => {
    serve('drop', publicKey);
    expect((await open(settings).query(reference)).outcome).toBe('paid');
    expect(upstream.last.headers['wechatpay-serial']).toBe(PUBLIC_KEY_ID);
    expect(fetches()).toBe(0);
  });

  test('another public key cannot be fetched and is not believed', async () => {
    serve({ status: 200, body: certificateList(current) }, { key: platform, serial: 'PUB_KEY_ID_0999' });
    expect(await open(settings).query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
    expect(fetches()).toBe(0);
  });

  test('a certificate serial is not believed when the merchant has no platform certificates', async () => {
    serve({ status: 404, body: { code: 'RESOURCE_NOT_EXISTS', message: '无可用的平台证书' }, signed_by: publicKey });
    expect(await open(settings).query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });

  test('during the migration callbacks under a platform certificate are believed as well', async () => {
    serve({ status: 200, body: certificateList(current), signed_by: publicKey });
    const body = { id: 'EV-1', event_type: 'COUPON.USE', resource: {} };
    expect((await open(settings).readCallback(upstream.sign({ body }))).kind).toBe('unhandled');
  });
});

describe('channel test', () => {
  test.each([
    ['certificates', 200, {}, true],
    ['no certificates, in public-key mode', 404, { code: 'RESOURCE_NOT_EXISTS' }, true],
    ['no permission, in public-key mode', 403, { code: 'NO_AUTH' }, true],
    ['our signature refused', 401, { code: 'SIGN_ERROR', message: '签名错误' }, false],
    ['an unknown merchant', 404, { code: 'MCH_NOT_EXISTS', message: '商户号不存在' }, false],
    ['a failure', 500, { code: 'SYSTEM_ERROR', message: '' }, false],
  ])('%s', async (_what, status, body, ok) => {
    upstream.answers({ status, body });
    expect((await open().test()).ok).toBe(ok);
  });

  test('says why when nothing answers', async () => {
    upstream.answers('drop');
    expect(await open().test()).toEqual({ ok: false, message: 'unknown: connection_lost' });
  });
});
