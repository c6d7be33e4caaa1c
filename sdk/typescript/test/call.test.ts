import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ChannelRefused, Heliu, isRefused, OutcomeUnknown, Refused } from '../src/index.ts';
import {
  BE_SILENT,
  client,
  HANG_UP,
  merchant_keys,
  MERCHANT_ID,
  platform_keys,
  platformToken,
  refusal,
  startGateway,
  success,
  type Reply,
} from './test-gateway.ts';

const NUMBER = 'shop.1';
const ORDER = { pay_type: 'wechat.scan', mch_trade_id: NUMBER, total_fee: 221, body: 'coffee' } as const;
const PLACED = {
  code_url: 'weixin://wxpay/bizpayurl?pr=oB8TuWO',
  trade_id: 'a',
  mch_trade_id: NUMBER,
  merchant_id: MERCHANT_ID,
};

describe('a call', () => {
  test('is a JWT of the merchant, with a nonce of its own, and answers what the platform signed', async () => {
    const gateway = await startGateway(success(PLACED));
    const { heliu } = client(`${gateway.url}/`);
    const placed = await heliu.pay(ORDER);
    const code_url: string = placed.code_url;
    expect(code_url).toBe(PLACED.code_url);
    await heliu.pay({ ...ORDER, pay_type: 'wechat.scan' });
    const [first, second] = gateway.sent;
    expect(first).toMatchObject({
      path: '/v2/pay',
      merchant_id: MERCHANT_ID,
      content_type: 'text/plain',
      claims: ORDER,
    });
    expect(first?.claims['nonce_str']).toMatch(/^[0-9a-f]{32}$/);
    expect(second?.claims['nonce_str']).not.toBe(first?.claims['nonce_str']);
  });

  test.each([
    ['query', '/v2/pay/query', { mch_trade_id: NUMBER }],
    ['close', '/v2/pay/close', { mch_trade_id: NUMBER }],
    ['reverse', '/v2/pay/reverse', { mch_trade_id: NUMBER }],
    ['writeOff', '/v2/pay/writeoff', { mch_trade_id: NUMBER }],
    ['refund', '/v2/pay/refund', { mch_trade_id: NUMBER, mch_refund_id: 'r', refund_fee: 1, refund_desc: 'cold' }],
    ['queryRefund', '/v2/pay/refund_query', { mch_refund_id: 'r' }],
    ['createPreorder', '/v2/pay/pre_order', { mch_pre_id: 'p', total_fee: 1, body: 'b' }],
    ['queryPreorder', '/v2/pay/pre_order_detail', { mch_pre_id: 'p' }],
  ] as const)('%s goes to %s', async (method, path, fields) => {
    const gateway = await startGateway(success({ told: true }));
    const { heliu } = client(gateway.url);
    const call = heliu[method].bind(heliu) as (given: object) => Promise<unknown>;
    expect(await call(fields)).toEqual({ told: true });
    expect(gateway.sent).toEqual([expect.objectContaining({ path, claims: expect.objectContaining(fields) })]);
  });

  test('keeps the path of a gateway behind a proxy', async () => {
    const gateway = await startGateway(success(PLACED));
    const { heliu } = client(`${gateway.url}/heliu/`);
    await heliu.query({ mch_trade_id: NUMBER });
    expect(gateway.sent[0]?.path).toBe('/heliu/v2/pay/query');
  });

  test('can be watched, decoded, without the payment code', async () => {
    const gateway = await startGateway(success({ ...PLACED, trade_state: 0, trade_info: '' }));
    const { heliu, exchanges } = client(gateway.url);
    await heliu.pay({ ...ORDER, pay_type: 'common.micro', auth_code: '134567890123456789' });
    await heliu.query({ mch_trade_id: NUMBER });
    expect(exchanges).toMatchObject([
      { path: '/v2/pay', claims: { auth_code: '…' }, request_body: null, answer: { code: 0 }, http_status: 200 },
      { path: '/v2/pay/query', attempt: 1, request_body: expect.stringMatching(/^eyJ/), error: null },
    ]);
    expect(JSON.stringify(exchanges)).not.toContain('134567890123456789');
    expect(gateway.sent[0]?.claims['auth_code']).toBe('134567890123456789');
  });
});

test('an observer that fails changes nothing in what came of a call', async () => {
  const gateway = await startGateway(success(PLACED), refusal(202, 'no route'));
  const { heliu } = client(gateway.url, {
    observe() {
      throw new Error('the log is full');
    },
  });
  expect(await heliu.pay(ORDER)).toEqual(PLACED);
  await expect(heliu.pay(ORDER)).rejects.toMatchObject({ reason: 'no_route' });
});

describe('a refusal', () => {
  test('has its code, its name and the gateway’s words, and is not asked for again', async () => {
    const gateway = await startGateway(refusal(202, 'no route for alipay.scan'));
    const { heliu } = client(gateway.url);
    const error: unknown = await heliu.pay(ORDER).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({
      code: 'ERR_HELIU_REFUSED',
      api_code: 202,
      reason: 'no_route',
      msg: 'no route for alipay.scan',
      message: 'code 202: no route for alipay.scan',
    });
    expect(isRefused(error, 'no_order', 'no_route')).toBe(true);
    expect(isRefused(error, 'no_order')).toBe(false);
    expect(isRefused(error)).toBe(true);
    expect(gateway.sent).toHaveLength(1);
  });

  test('of a later version is a refusal too', async () => {
    const gateway = await startGateway(refusal(777, 'new'));
    await expect(client(gateway.url).heliu.pay(ORDER)).rejects.toMatchObject({ api_code: 777, reason: 'unlisted' });
  });

  test('of the channel has the channel’s code', async () => {
    const gateway = await startGateway(refusal(600, 'AUTH_CODE_INVALID: 付款码无效: 请重试'));
    const error: unknown = await client(gateway.url)
      .heliu.pay(ORDER)
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ChannelRefused);
    expect(error).toMatchObject({
      code: 'ERR_HELIU_CHANNEL_REFUSED',
      reason: 'channel_refused',
      err_code: 'AUTH_CODE_INVALID',
      err_msg: '付款码无效: 请重试',
      not_sent: false,
    });
    expect(gateway.sent).toHaveLength(1);
  });

  test('that says that nothing was sent is tried again', async () => {
    const gateway = await startGateway(refusal(600, 'NOT_SENT: the channel cannot be reached'), success(PLACED));
    expect(await client(gateway.url).heliu.pay(ORDER)).toEqual(PLACED);
    expect(gateway.sent).toHaveLength(2);
  });
});

describe('an unknown outcome', () => {
  test('is tried again: the same number and fields, another nonce, after longer and longer pauses', async () => {
    const gateway = await startGateway(HANG_UP, refusal(601, 'timeout'), success(PLACED));
    const { heliu, clock } = client(gateway.url);
    expect(await heliu.pay(ORDER)).toEqual(PLACED);
    const [first, second, third] = gateway.sent.map(({ claims }) => claims);
    for (const claims of [first, second, third]) expect(claims).toMatchObject(ORDER);
    expect(new Set([first, second, third].map((claims) => claims?.['nonce_str'])).size).toBe(3);
    expect(clock.slept).toEqual([500, 2_000]);
  });

  test('waits as long as a busy gateway asks', async () => {
    const busy = { status: 503, body: refusal(503, 'too many'), headers: { 'retry-after': '7' } };
    const gateway = await startGateway(busy, success(PLACED));
    const { heliu, clock } = client(gateway.url);
    await heliu.pay(ORDER);
    expect(clock.slept).toEqual([7_000]);
  });

  const html = { status: 502, body: '<html>bad gateway</html>' };
  test.each<[string, Reply, string, string]>([
    ['500', refusal(500, '系统错误'), 'system_error', 'code 500: 系统错误'],
    ['601', refusal(601, 'timeout'), 'channel_timeout', 'code 601: timeout'],
    ['503', { status: 503, body: refusal(503, 'busy') }, 'overloaded', 'code 503: busy'],
    ['a broken line', HANG_UP, 'network', 'the gateway could not be reached, or the line broke'],
    [
      'a proxy’s page',
      html,
      'bad_answer',
      'HTTP 502 with a body that is no answer of the gateway: this is no compact JWS',
    ],
    ['somebody else’s JSON', '{"ok":true}', 'bad_answer', 'HTTP 200 with JSON that is no refusal'],
    ['half of an answer', '{"code":2', 'bad_answer', 'HTTP 200 with JSON that is no refusal'],
    ['a refusal with code 0', refusal(0, 'success'), 'bad_answer', 'HTTP 200 with JSON that is no refusal'],
    [
      'an answer that others signed',
      platformToken({ code: 0, msg: 'success', data: PLACED }, merchant_keys.privateKey),
      'bad_answer',
      'HTTP 200 with a body that is no answer of the gateway: the signature is not that of the platform',
    ],
    [
      'a signed answer that is no success',
      platformToken({ code: 5, data: {} }),
      'bad_answer',
      'HTTP 200 with a signed answer that is no success',
    ],
    [
      'an old answer about another order',
      success({ ...PLACED, mch_trade_id: 'shop.0' }),
      'bad_answer',
      'the answer is about another mch_trade_id than the request',
    ],
    [
      'an answer to another merchant',
      success({ ...PLACED, merchant_id: '1111111111111111' }),
      'bad_answer',
      'the answer is about another merchant_id than the request',
    ],
  ])('is what %s means', async (_what, reply, reason, message) => {
    const gateway = await startGateway(reply);
    const { heliu, exchanges } = client(gateway.url, { max_retries: 1 });
    const error: unknown = await heliu.pay(ORDER).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(error).toMatchObject({ code: 'ERR_HELIU_OUTCOME_UNKNOWN', reason, message });
    expect(gateway.sent).toHaveLength(2);
    expect(exchanges.map(({ error: told }) => told?.message)).toEqual([message, message]);
  });

  test('is what an answer about another refund means', async () => {
    const gateway = await startGateway(success({ ...PLACED, refunds: { mch_refund_id: 'r.1' } }));
    const { heliu } = client(gateway.url, { max_retries: 0 });
    const refund = { mch_trade_id: NUMBER, mch_refund_id: 'r.2', refund_fee: 1, refund_desc: 'cold' };
    await expect(heliu.refund(refund)).rejects.toMatchObject({ reason: 'bad_answer' });
  });

  test('is what a silent gateway means, after the time limit', async () => {
    const gateway = await startGateway(BE_SILENT);
    const { heliu } = client(gateway.url, { timeout_ms: 30, max_retries: 0 });
    await expect(heliu.pay(ORDER)).rejects.toMatchObject({ reason: 'timeout', message: 'no answer within 30 ms' });
  });

  test('is what silence for 30 s means when nobody sets a limit: the gateway itself may wait 20 s for its channel', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const asked = Promise.withResolvers<AbortSignal>();
    const silent = (_url: unknown, init?: RequestInit): Promise<Response> =>
      new Promise((_resolve, reject) => {
        const signal = init?.signal;
        if (!signal) throw new Error('the call has no end');
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        asked.resolve(signal);
      });
    const { heliu } = client('http://127.0.0.1:1', { fetch: silent, max_retries: 0 });
    const ended = heliu.pay(ORDER).catch((caught: unknown) => caught);
    const signal = await asked.promise;
    vi.advanceTimersByTime(29_999);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await ended).toMatchObject({ reason: 'timeout', message: 'no answer within 30000 ms' });
  });

  test('is what a redirect means: the order does not go elsewhere', async () => {
    const elsewhere = await startGateway(success(PLACED));
    const gateway = await startGateway({ status: 307, body: '', headers: { location: `${elsewhere.url}/v2/pay` } });
    const { heliu } = client(gateway.url, { max_retries: 0 });
    await expect(heliu.pay(ORDER)).rejects.toMatchObject({ reason: 'network' });
    expect(elsewhere.sent).toHaveLength(0);
  });

  test('is what ending a call means, and nothing is sent again', async () => {
    const gateway = await startGateway(BE_SILENT);
    const { heliu } = client(gateway.url);
    const ending = new AbortController();
    const paying = heliu.pay(ORDER, { signal: ending.signal });
    await gateway.arrived(1);
    ending.abort();
    await expect(paying).rejects.toMatchObject({ code: 'ERR_HELIU_OUTCOME_UNKNOWN', reason: 'aborted' });
    expect(gateway.sent).toHaveLength(1);
  });

  test('stays one when the number is taken by our own attempt, whose answer was lost', async () => {
    const gateway = await startGateway(HANG_UP, refusal(107, 'mch_trade_id is taken'));
    await expect(client(gateway.url).heliu.pay(ORDER)).rejects.toMatchObject({ reason: 'decided_meanwhile' });
  });

  test('stays one when a later attempt was one call too many', async () => {
    const gateway = await startGateway(HANG_UP, refusal(429, 'too many requests'));
    const { heliu } = client(gateway.url);
    await expect(heliu.pay(ORDER)).rejects.toMatchObject({ code: 'ERR_HELIU_OUTCOME_UNKNOWN', reason: 'network' });
    expect(gateway.sent).toHaveLength(3);
    const relieved = await startGateway(HANG_UP, refusal(429, 'too many requests'), success(PLACED));
    expect(await client(relieved.url).heliu.pay(ORDER)).toEqual(PLACED);
  });

  test.each([
    [101, 'the signature is missing or wrong'],
    [105, 'the request has expired'],
    [200, 'no such merchant'],
    [201, 'the merchant is suspended'],
  ])('stays one when code %i turns a later attempt away before anybody looked at it', async (code, msg) => {
    const gateway = await startGateway(HANG_UP, refusal(code, msg));
    await expect(client(gateway.url).heliu.pay(ORDER)).rejects.toMatchObject({ reason: 'network' });
    const first = await startGateway(refusal(code, msg));
    await expect(client(first.url).heliu.pay(ORDER)).rejects.toMatchObject({ api_code: code });
  });

  test('of a payment code is not tried again by itself: it is asked for', async () => {
    const gateway = await startGateway(HANG_UP);
    const { heliu } = client(gateway.url);
    const micro = { ...ORDER, pay_type: 'common.micro', auth_code: '134567890123456789' } as const;
    await expect(heliu.pay(micro)).rejects.toMatchObject({ reason: 'network' });
    expect(gateway.sent).toHaveLength(1);
  });
});

test('a number that was taken before the first attempt is a plain refusal', async () => {
  const gateway = await startGateway(refusal(107, 'mch_trade_id is taken'));
  await expect(client(gateway.url).heliu.pay(ORDER)).rejects.toMatchObject({ reason: 'number_repeated' });
});

describe('a client cannot be made', () => {
  const right = {
    gateway_url: 'https://pay.example.com',
    merchant_id: MERCHANT_ID,
    private_key: merchant_keys.privateKey,
    platform_public_key: platform_keys.publicKey,
  };

  test.each([
    ['a merchant_id of other than 16 digits', { merchant_id: '42' }, 'merchant_id is not 16 digits'],
    ['a gateway_url that is none', { gateway_url: 'pay.example.com' }, 'gateway_url is no URL'],
    ['a gateway_url of another protocol', { gateway_url: 'ftp://pay.example.com' }, 'gateway_url is not http or https'],
    ['a query in gateway_url', { gateway_url: 'https://a.b/?c=d' }, 'gateway_url has a query or a fragment'],
    ['the keys exchanged', { private_key: platform_keys.publicKey }, 'the private key is a public key'],
  ])('with %s', (_what, wrong, message) => {
    expect(() => new Heliu({ ...right, ...wrong })).toThrow(message);
  });
});

test('types: every pay type has its own fields and answer', async () => {
  const gateway = await startGateway(success(PLACED));
  const { heliu } = client(gateway.url);
  // @ts-expect-error a payment code order needs its code
  await heliu.pay({ ...ORDER, pay_type: 'common.micro' });
  // @ts-expect-error there is no such pay type
  await heliu.pay({ ...ORDER, pay_type: 'wechat.nonsense' });
  // @ts-expect-error amounts are numbers
  await heliu.pay({ ...ORDER, total_fee: '2.21' });
  const { mweb_url, trade_id } = await heliu.pay({
    ...ORDER,
    pay_type: 'wechat.wap',
    spbill_create_ip: '203.0.113.7',
    mch_app_type: 'WAP',
    mch_app_name: 'shop',
    mch_app_id: 'https://shop.example.com',
  });
  const texts: string[] = [mweb_url, trade_id];
  expect(texts).toEqual([undefined, 'a']);
});
