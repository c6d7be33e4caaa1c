import { describe, expect, test } from 'vitest';
import { memoryJournal } from '../../src/kernel/journal.ts';
import type { IncomingRequest } from '../../src/kernel/ports.ts';
import { createWechatConfig, wechatSandboxFields } from '../../src/wechat/config.ts';
import { WebAuthorization } from '../../src/wechat/oauth.ts';
import { virtualPorts } from '../support/virtual-ports.ts';

const ports = virtualPorts();
const config = await createWechatConfig(ports);
const { sp_appid, sp_app_secret } = wechatSandboxFields(config, 'http://127.0.0.1');

function request(target: string, cookie = ''): IncomingRequest {
  return { method: 'GET', target, headers: { cookie }, body: Buffer.alloc(0), peer_address: '127.0.0.1' };
}

function authorizeTarget(changes: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    appid: sp_appid,
    redirect_uri: 'https://pay.example.com/back?id=1',
    response_type: 'code',
    scope: 'snsapi_base',
    state: 'abc123',
    ...changes,
  });
  return `/connect/oauth2/authorize?${query.toString()}`;
}

function authorize(authorization: WebAuthorization, cookie = ''): URL {
  const answer = authorization.answer(request(authorizeTarget(), cookie));
  expect(answer?.status).toBe(302);
  return new URL(answer?.headers['Location'] ?? '');
}

function exchange(authorization: WebAuthorization, changes: Readonly<Record<string, string>>): Record<string, unknown> {
  const query = new URLSearchParams({
    appid: sp_appid,
    secret: sp_app_secret,
    code: '',
    grant_type: 'authorization_code',
    ...changes,
  });
  const answer = authorization.answer(request(`/sns/oauth2/access_token?${query.toString()}`));
  return JSON.parse(answer?.body.toString() ?? '{}') as Record<string, unknown>;
}

describe('网页授权', () => {
  test('comes back at once with a code, beside what the address had, and the state', () => {
    const back = authorize(new WebAuthorization({ ports, journal: memoryJournal(), config }));
    expect(back.searchParams.get('id')).toBe('1');
    expect(back.searchParams.get('state')).toBe('abc123');
    expect(back.searchParams.get('code')).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a code tells the payer once, and after a restart it is spent still', () => {
    const journal = memoryJournal();
    const authorization = new WebAuthorization({ ports, journal, config });
    const code = authorize(authorization).searchParams.get('code') ?? '';
    expect(exchange(authorization, { code })).toMatchObject({
      openid: expect.stringMatching(/^o/),
      scope: 'snsapi_base',
    });
    expect(exchange(authorization, { code })).toMatchObject({ errcode: 40163 });
    expect(exchange(new WebAuthorization({ ports, journal, config }), { code })).toMatchObject({ errcode: 40163 });
  });

  test('the payer who is logged in is the one who is told', () => {
    const authorization = new WebAuthorization({ ports, journal: memoryJournal(), config });
    const openid = (cookie: string) =>
      exchange(authorization, { code: authorize(authorization, cookie).searchParams.get('code') ?? '' })['openid'];
    expect(openid('payer=anna')).toBe(openid('payer=anna'));
    expect(openid('payer=anna')).not.toBe(openid('payer=ben'));
    expect(openid('')).not.toBe(openid('payer=anna'));
  });

  test.each([
    [{ code: 'unknown' }, 40029],
    [{ secret: 'wrong' }, 40125],
    [{ appid: 'wx0000000000000000' }, 40013],
    [{ grant_type: 'client_credential' }, 40002],
  ])('refuses %j with %i', (changes, errcode) => {
    const authorization = new WebAuthorization({ ports, journal: memoryJournal(), config });
    const code = authorize(authorization).searchParams.get('code') ?? '';
    expect(exchange(authorization, { code, ...changes })).toMatchObject({ errcode });
  });

  test('a code is good for five minutes', async () => {
    const authorization = new WebAuthorization({ ports, journal: memoryJournal(), config });
    const code = authorize(authorization).searchParams.get('code') ?? '';
    await ports.advance(5 * 60_000);
    expect(exchange(authorization, { code })).toMatchObject({ errcode: 40029 });
  });

  test.each([
    ['another order of the parameters', `/connect/oauth2/authorize?state=a&appid=${sp_appid}`],
    ['an unknown application', authorizeTarget({ appid: 'wx0000000000000000' })],
    ['a scope that asks', authorizeTarget({ scope: 'snsapi_userinfo' })],
    ['a state of other characters', authorizeTarget({ state: 'a-b' })],
    ['an address that is no page', authorizeTarget({ redirect_uri: 'javascript:alert(1)' })],
  ])('does not open for %s', (_name, target) => {
    const authorization = new WebAuthorization({ ports, journal: memoryJournal(), config });
    const answer = authorization.answer(request(target));
    expect(answer?.status).toBe(200);
    expect(answer?.headers['Location']).toBeUndefined();
  });
});
