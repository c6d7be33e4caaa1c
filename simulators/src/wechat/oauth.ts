import { createHash } from 'node:crypto';
import type { Journal } from '../kernel/journal.ts';
import type { Answer, IncomingRequest, SimulatorPorts } from '../kernel/ports.ts';
import type { WechatConfig, WechatMerchant } from './config.ts';
import { openidOf } from './numbers.ts';

/** Upstream has it on https://open.weixin.qq.com. */
export const AUTHORIZE_PATH = '/connect/oauth2/authorize';
/** Upstream has it on https://api.weixin.qq.com. */
export const ACCESS_TOKEN_PATH = '/sns/oauth2/access_token';

/** "code只能使用一次，5分钟未被使用自动过期" (网页授权). */
const CODE_LIFETIME_MS = 5 * 60_000;

/** "a-zA-Z0-9的参数值，最多128字节". */
const STATE = /^[A-Za-z0-9]{0,128}$/;

/** The link is matched as a whole: "微信会对授权链接做正则强匹配校验，如果链接的参数顺序不对，授权页面将无法正常访问". */
const PARAMETERS = ['appid', 'redirect_uri', 'response_type', 'scope', 'state'];

interface Code {
  readonly code: string;
  readonly appid: string;
  readonly openid: string;
  readonly made_at_ms: number;
  readonly used: boolean;
}

interface CodeRecord {
  readonly snapshot_of: string;
  readonly record: 'wechat.oauth_code';
  readonly value: Code;
}

/** AppSecret of an application: as long as a real one, and the same after every start. */
export function appSecretOf(merchant: WechatMerchant, appid: string): string {
  return createHash('sha256').update(`app_secret ${appid} ${merchant.api_v3_key}`).digest('hex').slice(0, 32);
}

export interface Authorizing {
  readonly ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>;
  readonly journal: Journal;
  readonly config: WechatConfig;
}

/**
 * 网页授权, snsapi_base (developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html): nothing is asked,
 * the browser comes back at once. Who is logged in to this WeChat is said by the cookie `payer` on this origin; without one
 * it is the payer of every other order here.
 */
export class WebAuthorization {
  readonly #world: Authorizing;
  readonly #codes = new Map<string, Code>();

  constructor(world: Authorizing) {
    this.#world = world;
    for (const record of world.journal.load()) {
      if (isCodeRecord(record)) this.#codes.set(record.value.code, record.value);
    }
  }

  /** The answer to a request for one of the two paths; undefined for any other. */
  answer(request: IncomingRequest): Answer | undefined {
    const url = new URL(request.target, 'http://wechat.invalid');
    if (request.method !== 'GET') return undefined;
    if (url.pathname === AUTHORIZE_PATH) return this.#authorize(url.searchParams, request);
    if (url.pathname === ACCESS_TOKEN_PATH) return this.#exchange(url.searchParams);
    return undefined;
  }

  #authorize(query: URLSearchParams, request: IncomingRequest): Answer {
    const appid = query.get('appid') ?? '';
    const redirect_uri = query.get('redirect_uri') ?? '';
    if ([...query.keys()].join() !== PARAMETERS.join()) return refusal('链接的参数或其顺序不对');
    if (!this.#secretOf(appid)) return refusal('AppID 参数错误');
    if (query.get('response_type') !== 'code' || query.get('scope') !== 'snsapi_base') return refusal('Scope 参数错误');
    if (!STATE.test(query.get('state') ?? '')) return refusal('state 参数错误');
    if (!/^https?:\/\//.test(redirect_uri) || !URL.canParse(redirect_uri)) return refusal('redirect_uri 参数错误');
    const code = this.#world.ports.randomBytes(16).toString('hex');
    this.#save({ code, appid, openid: openidFor(appid, request), made_at_ms: this.#world.ports.now(), used: false });
    const target = new URL(redirect_uri);
    target.searchParams.append('code', code);
    target.searchParams.append('state', query.get('state') ?? '');
    return { status: 302, headers: { Location: target.href }, body: Buffer.alloc(0) };
  }

  #exchange(query: URLSearchParams): Answer {
    const appid = query.get('appid') ?? '';
    const secret = this.#secretOf(appid);
    if (!secret) return error(40013, 'invalid appid');
    if (query.get('secret') !== secret) return error(40125, 'invalid appsecret');
    if (query.get('grant_type') !== 'authorization_code') return error(40002, 'invalid grant_type');
    const known = this.#codes.get(query.get('code') ?? '');
    const fresh = known && this.#world.ports.now() < known.made_at_ms + CODE_LIFETIME_MS;
    if (!known || known.appid !== appid || !fresh) return error(40029, 'invalid code');
    if (known.used) return error(40163, 'code been used');
    this.#save({ ...known, used: true });
    return json({
      access_token: this.#world.ports.randomBytes(32).toString('base64url'),
      expires_in: 7200,
      refresh_token: this.#world.ports.randomBytes(32).toString('base64url'),
      openid: known.openid,
      scope: 'snsapi_base',
    });
  }

  #secretOf(appid: string): string | undefined {
    const owner = this.#world.config.merchants.find((merchant) => merchant.appids.includes(appid));
    return owner && appSecretOf(owner, appid);
  }

  #save(value: Code): void {
    this.#codes.set(value.code, value);
    const snapshot_of = `wechat.oauth_code:${value.code}`;
    this.#world.journal.append({ snapshot_of, record: 'wechat.oauth_code', value } satisfies CodeRecord);
  }
}

function openidFor(appid: string, request: IncomingRequest): string {
  const payer = /(?:^|;\s*)payer=(\w{1,32})/.exec(request.headers['cookie'] ?? '')?.[1];
  return openidOf(payer === undefined ? appid : `${appid} ${payer}`);
}

function isCodeRecord(record: object): record is CodeRecord {
  return 'record' in record && record.record === 'wechat.oauth_code';
}

/** Upstream answers text/plain, always with 200. */
function json(body: unknown): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/plain' }, body: Buffer.from(JSON.stringify(body)) };
}

function error(errcode: number, errmsg: string): Answer {
  return json({ errcode, errmsg });
}

function refusal(reason: string): Answer {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': "default-src 'none'" },
    body: Buffer.from(`<!doctype html><meta charset="utf-8"><title>微信</title><h1>${reason}</h1>`),
  };
}
