import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  MerchantClient,
  newNonce,
  newTestMerchant,
  openJwt,
  signJwt,
  type Json,
  type MerchantAnswer,
} from '../merchant.ts';
import { startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

function newNumber(): string {
  numbers += 1;
  return `protocol.${numbers}`;
}

function order(fields: Json = {}): Json {
  return {
    pay_type: 'wechat.scan',
    mch_trade_id: newNumber(),
    total_fee: 1,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    ...fields,
  };
}

/** What must be true of every refusal: plain JSON, the code, words, and nothing of our inside. */
function expectRefusal(answer: MerchantAnswer, code: number, words: RegExp, status = 200): void {
  expect({ status: answer.status, code: answer.code }).toEqual({ status, code });
  expect(answer.text.startsWith('{')).toBe(true);
  expect(answer.msg).toMatch(words);
  expect(answer.text).not.toMatch(/\bat \S+ \(|node_modules|SELECT|INSERT|constraint|-----BEGIN|postgres/i);
}

async function recorded(mch_trade_id: unknown): Promise<boolean> {
  return (await world.merchant.call('/v2/pay/query', { mch_trade_id })).code !== 301;
}

describe('what real merchants send is accepted', () => {
  const accepted: [string, () => Promise<MerchantAnswer>][] = [
    [
      'every claim as a string',
      () => world.merchant.call('/v2/pay', order({ total_fee: '1', time_start: '1530759545', op_user_id: '301' })),
    ],
    [
      'numbers where the document says string',
      () => world.merchant.call('/v2/pay', order({ mch_trade_id: Date.now(), op_user_id: 301 })),
    ],
    [
      'extra claims',
      () => world.merchant.call('/v2/pay', order({ iss: 'someone', iat: 1, unheard_of: { nested: [1] } })),
    ],
    ['empty optional fields', () => world.merchant.call('/v2/pay', order({ attach: '', store_id: null }))],
    [
      'exp in the future and nbf in the past',
      () => world.merchant.call('/v2/pay', order({ exp: 4_000_000_000, nbf: '1500000000' })),
    ],
    ['members of the JWT header in another order', () => send(order(), { header: { typ: 'JWT', alg: 'RS256' } })],
    ['no typ in the JWT header', () => send(order(), { header: { alg: 'RS256' } })],
    ['white space and a newline around the token', () => send(order(), { wrap: (token) => ` \n${token}\r\n` })],
    ['text/plain; charset=UTF-8', () => send(order(), { headers: { 'content-type': 'text/plain; charset=UTF-8' } })],
    ['application/octet-stream', () => send(order(), { headers: { 'content-type': 'application/octet-stream' } })],
    [
      'application/x-www-form-urlencoded',
      () => send(order(), { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    ],
    ['application/json', () => send(order(), { headers: { 'content-type': 'application/json' } })],
    ['no Content-Type at all', () => sendBytes(order())],
  ];

  it.each(accepted)('%s', async (_name, call) => {
    expect(await call()).toMatchObject({ status: 200, code: 0, signed: true });
  });

  it('a success carries the documented envelope', async () => {
    const answer = await world.merchant.call('/v2/pay', order());
    expect(Object.keys(answer.body)).toEqual(['code', 'msg', 'data', 'nonce_str', 'time_elapsed']);
    expect(answer.body['nonce_str']).toMatch(/^[0-9a-f]{24}$/);
    expect(typeof answer.body['time_elapsed']).toBe('number');
    expect(answer.data).toMatchObject({
      code_url: expect.stringMatching(/^weixin:\/\/wxpay\/bizpayurl\?pr=/),
      trade_id: expect.stringMatching(/^[0-9a-f]{24}$/),
    });
  });

  it('alipay.scan answers in the shape of its example: msg, pay_type, trade_state 6, trade_info', async () => {
    const answer = await world.merchant.call('/v2/pay', order({ pay_type: 'alipay.scan' }));
    expect(answer).toMatchObject({
      msg: '10000,Success',
      data: { pay_type: 'alipay.scan', trade_state: 6, trade_info: '支付中, 10000,Success' },
    });
    expect(String(answer.data['code_url'])).toMatch(/^https:\/\/qr\.alipay\.com\//);
  });
});

interface Sending {
  readonly header?: Json;
  readonly wrap?: (token: string) => string;
  readonly headers?: Record<string, string>;
}

function send(claims: Json, sending: Sending = {}): Promise<MerchantAnswer> {
  const token = signJwt({ nonce_str: newNonce(), ...claims }, world.merchant.merchant.private_key, sending.header);
  return world.merchant.send('/v2/pay', sending.wrap?.(token) ?? token, sending.headers);
}

function sendBytes(claims: Json): Promise<MerchantAnswer> {
  const token = signJwt({ nonce_str: newNonce(), ...claims }, world.merchant.merchant.private_key);
  return world.merchant.send('/v2/pay', new TextEncoder().encode(token), {});
}

describe('the checks run in the documented order, each with its code', () => {
  it('1 merchant_id missing: 103', async () => {
    expectRefusal(await world.merchant.send('/v2/pay?', 'x'), 103, /merchant_id/);
  });

  it('2 merchant_id malformed: 102', async () => {
    for (const id of ['123', '12345678901234567', 'abcdefghijklmnop', "1' OR '1'='1"]) {
      expectRefusal(
        await world.merchant.send(`/v2/pay?merchant_id=${encodeURIComponent(id)}`, 'x'),
        102,
        /merchant_id must be 16 digits/,
      );
    }
    expectRefusal(
      await world.merchant.send('/v2/pay?merchant_id=1111111111111111&merchant_id=2222222222222222', 'x'),
      102,
      /merchant_id/,
    );
  });

  it('3 merchant unknown: 200, before the body is looked at', async () => {
    expectRefusal(
      await world.merchant.send('/v2/pay?merchant_id=1111111111111111', 'no jwt'),
      200,
      /merchant_id does not exist/,
    );
  });

  it('4 body is no JWT, or its parts are no JSON objects: 100', async () => {
    const encode = (text: string): string => Buffer.from(text).toString('base64url');
    const bodies = [
      '',
      '   ',
      'hello',
      'a.b',
      'a.b.c.d',
      '{"pay_type":"wechat.scan"}',
      `${encode('[]')}.${encode('{}')}.x`,
      `${encode('{"alg":"RS256"}')}.${encode('[1]')}.x`,
      `${encode('{"alg":"RS256"}')}.${encode('{')}.x`,
      `${encode('{"alg":"RS256"}')}.${encode('null')}.x`,
    ];
    for (const body of bodies) expectRefusal(await world.merchant.send('/v2/pay', body), 100, /JWT/);
  });

  it('5 signature missing, wrong, of another key, or by another algorithm: 101', async () => {
    const claims: Json = { ...order(), nonce_str: newNonce() };
    const token = signJwt(claims, world.merchant.merchant.private_key);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const hs256 = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
    const mac = createHmac('sha256', world.merchant.merchant.public_key)
      .update(`${hs256}.${payload}`)
      .digest('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const rs512 = Buffer.from('{"alg":"RS512"}').toString('base64url');
    const forged = [
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${Buffer.from(JSON.stringify({ ...claims, total_fee: 2 })).toString('base64url')}.${signature}`,
      signJwt(claims, other),
      `${hs256}.${payload}.${mac}`,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${rs512}.${payload}.${sign('RSA-SHA512', Buffer.from(`${rs512}.${payload}`), world.merchant.merchant.private_key).toString('base64url')}`,
    ];
    for (const body of forged) expectRefusal(await world.merchant.send('/v2/pay', body), 101, /sign|alg/);
    expectRefusal(await send(order(), { header: { alg: 'RS256', crit: ['b64'], b64: false } }), 101, /crit/);
    // Signed as we ask for, under a header that says otherwise: it is not the token that says how it is verified.
    for (const alg of ['none', 'HS256', 'RS512', 'PS256', 'rs256', '', null])
      expectRefusal(await send(order(), { header: { alg } }), 101, /alg/);
    expect(await recorded(claims['mch_trade_id'])).toBe(false);
  });

  it('5 a token of another merchant is not this merchant’s: 101', async () => {
    const stranger = new MerchantClient(world.url, world.platform_public_key, {
      ...newTestMerchant(),
      merchant_id: world.merchant.merchant.merchant_id,
    });
    expectRefusal(await stranger.call('/v2/pay', order()), 101, /not that of this merchant/);
  });

  it('6 exp passed or nbf in the future: 105', async () => {
    expectRefusal(await world.merchant.call('/v2/pay', order({ exp: 1_500_000_000 })), 105, /exp/);
    expectRefusal(await world.merchant.call('/v2/pay', order({ exp: '1500000000' })), 105, /exp/);
    expectRefusal(await world.merchant.call('/v2/pay', order({ nbf: 4_000_000_000 })), 105, /nbf/);
    expectRefusal(await world.merchant.call('/v2/pay', order({ exp: 'tomorrow' })), 102, /exp/);
  });

  const required = ['pay_type', 'mch_trade_id', 'total_fee', 'body'];
  it.each(required)('8 a missing %s: 103 by name', async (name) => {
    expectRefusal(
      await world.merchant.call('/v2/pay', order({ [name]: undefined })),
      103,
      new RegExp(`^${name} is required`),
    );
    expectRefusal(await world.merchant.call('/v2/pay', order({ [name]: '' })), 103, new RegExp(`^${name} is required`));
  });

  const malformed: [string, unknown][] = [
    ['total_fee', '1.0'],
    ['total_fee', '1e2'],
    ['total_fee', 1.5],
    ['total_fee', -1],
    ['total_fee', 0],
    ['total_fee', '0'],
    ['total_fee', '-1'],
    ['total_fee', ' 1'],
    ['total_fee', '0x10'],
    ['total_fee', '１２'],
    ['total_fee', true],
    ['total_fee', [1]],
    ['total_fee', 10_000_000_001],
    ['total_fee', '99999999999999999999'],
    ['mch_trade_id', 'has space'],
    ['mch_trade_id', 'x'.repeat(65)],
    ['mch_trade_id', { a: 1 }],
    ['mch_trade_id', 'nul\u0000'],
    ['body', 'x'.repeat(513)],
    ['body', 'broken \uD800 unicode'],
    ['body', 'line\nbreak'],
    ['attach', 'x'.repeat(513)],
    ['nonce_str', 'x'.repeat(65)],
    ['spbill_create_ip', 'localhost'],
    ['spbill_create_ip', '1.2.3'],
    ['time_expire', '153075957'],
    ['time_expire', 1_530_759_574_000],
    ['time_expire', 1_530_759_574],
    ['notify_url', 'ftp://example.com/'],
    ['notify_url', 'https://example.com/notify?a=1'],
    ['notify_url', 'https://example.com/notify#part'],
    ['notify_url', 'https://user:pass@example.com/'],
    ['notify_url', 'javascript:alert(1)'],
    ['notify_url', 'not a url'],
    ['notify_url', `https://example.com/${'x'.repeat(300)}`],
    ['pay_type', 'wechat.unheard'],
    ['pay_type', '__proto__'],
  ];
  it.each(malformed)('8 a malformed %s (%j): 102 by name, and nothing is recorded', async (name, value) => {
    const claims = order({ [name]: value });
    expectRefusal(await world.merchant.call('/v2/pay', claims), 102, new RegExp(`^${name}`));
    if (name !== 'mch_trade_id') expect(await recorded(claims['mch_trade_id'])).toBe(false);
  });

  it('8 nonce_str missing under the policy "required": 103', async () => {
    expectRefusal(await world.merchant.call('/v2/pay', order({ nonce_str: null })), 103, /^nonce_str is required/);
  });

  it.each(['/v2/pay', '/v2/pay/query', '/v2/pay/refund', '/v2/pay/refund_query'])(
    '10 a nonce seen before on %s: 104',
    async (path) => {
      const nonce_str = newNonce();
      expect((await world.merchant.call('/v2/pay', order({ nonce_str }))).code).toBe(0);
      const claims: Json = { ...order({ nonce_str }), mch_refund_id: newNumber(), refund_fee: 1, refund_desc: 'x' };
      expectRefusal(await world.merchant.call(path, claims), 104, /nonce_str/);
      if (path === '/v2/pay') expect(await recorded(claims['mch_trade_id'])).toBe(false);
    },
  );

  it('10 the very same request replayed: 104', async () => {
    const token = signJwt({ ...order(), nonce_str: newNonce() }, world.merchant.merchant.private_key);
    expect((await world.merchant.send('/v2/pay', token)).code).toBe(0);
    expectRefusal(await world.merchant.send('/v2/pay', token), 104, /nonce_str/);
  });

  it('two requests with one nonce at the same time: one is 104', async () => {
    const nonce_str = newNonce();
    const answers = await Promise.all([1, 2, 3, 4].map(() => world.merchant.call('/v2/pay', order({ nonce_str }))));
    expect(answers.map((one) => one.code).toSorted((a, b) => a - b)).toEqual([0, 104, 104, 104]);
  });

  it('301 for an order or refund number that does not exist', async () => {
    expectRefusal(await world.merchant.call('/v2/pay/query', { mch_trade_id: 'nowhere' }), 301, /mch_trade_id/);
    expectRefusal(
      await world.merchant.call('/v2/pay/refund', {
        mch_trade_id: 'nowhere',
        mch_refund_id: 'r',
        refund_fee: 1,
        refund_desc: 'x',
      }),
      301,
      /mch_trade_id/,
    );
    expectRefusal(
      await world.merchant.call('/v2/pay/refund_query', { mch_refund_id: 'nowhere' }),
      301,
      /mch_refund_id/,
    );
    expectRefusal(await world.merchant.call('/v2/pay/refund_query', {}), 103, /mch_refund_id/);
  });

  it('302 for a refund of an order that is not paid', async () => {
    const claims = order();
    await world.merchant.call('/v2/pay', claims);
    expectRefusal(
      await world.merchant.call('/v2/pay/refund', {
        mch_trade_id: claims['mch_trade_id'],
        mch_refund_id: newNumber(),
        refund_fee: 1,
        refund_desc: 'x',
      }),
      302,
      /not paid/,
    );
  });
});

describe('the transport speaks the same JSON', () => {
  it('404 for a path that does not exist', async () => {
    expectRefusal(await world.merchant.send('/v2/nothing', 'x'), 404, /no such path/, 404);
  });

  it('405 with Allow for a method that a path does not take', async () => {
    const response = await fetch(`${world.url}/v2/pay`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await response.json()).toMatchObject({ code: 405 });
  });

  it('413 for a body over the limit', async () => {
    expectRefusal(await world.merchant.send('/v2/pay', 'x'.repeat(65 * 1024)), 413, /too large/, 413);
  });
});

describe('a merchant’s settings take effect within a second', () => {
  async function change(path: string, body: Json): Promise<void> {
    const response = await fetch(`${world.url}/cms/merchants/${world.merchant.merchant.merchant_id}${path}`, {
      method: 'PUT',
      headers: { authorization: await world.login() },
      body: JSON.stringify(body),
    });
    expect(await response.json()).toMatchObject({ code: 0 });
  }

  async function becomes(code: number, call: () => Promise<MerchantAnswer>): Promise<void> {
    const deadline_ms = Date.now() + 1_000;
    let answer = await call();
    while (answer.code !== code && Date.now() < deadline_ms) answer = await call();
    expect(answer.code).toBe(code);
  }

  it('status suspended answers 201 (7), and active trades again', async () => {
    await change('', { status: 'suspended' });
    await becomes(201, () => world.merchant.call('/v2/pay', order()));
    await change('', { status: 'active' });
    await becomes(0, () => world.merchant.call('/v2/pay', order()));
  });

  it('nonce_policy if_present takes a request without nonce_str, and still refuses a repeated one', async () => {
    await change('', { nonce_policy: 'if_present' });
    await becomes(0, () => world.merchant.call('/v2/pay', order({ nonce_str: null })));
    const nonce_str = newNonce();
    await world.merchant.call('/v2/pay', order({ nonce_str }));
    expectRefusal(await world.merchant.call('/v2/pay', order({ nonce_str })), 104, /nonce_str/);
    await change('', { nonce_policy: 'required' });
    await becomes(103, () => world.merchant.call('/v2/pay', order({ nonce_str: null })));
  });

  it('a replaced key: the new one signs, the old one is 101', async () => {
    const next = { ...newTestMerchant(), merchant_id: world.merchant.merchant.merchant_id };
    const one_line = next.public_key.split('\n').slice(1, -2).join('');
    await change('/public_key', { public_key: one_line });
    const client = new MerchantClient(world.url, world.platform_public_key, next);
    await becomes(0, () => client.call('/v2/pay', order()));
    expectRefusal(await world.merchant.call('/v2/pay', order()), 101, /sign/);
    await change('/public_key', { public_key: world.merchant.merchant.public_key });
    await becomes(0, () => world.merchant.call('/v2/pay', order()));
  });

  it('the platform’s key is public, at both paths, and opens the answers', async () => {
    for (const path of ['/cms/pooul_public_key', '/platform_public_key']) {
      const body = (await (await fetch(`${world.url}${path}`)).json()) as Json;
      expect(body).toEqual({ code: 0, msg: 'success', data: world.platform_public_key });
    }
    const answer = await world.merchant.call('/v2/pay', order());
    expect(openJwt(answer.text, world.platform_public_key)).toMatchObject({ code: 0 });
  });
});
