import type { Answer, SimulatorPorts } from '../kernel/ports.ts';
import { canonicalJson } from './canonical-json.ts';
import type { PlatformKey } from './config.ts';
import type { Keyring } from './keyring.ts';
import { signatureHeaders } from './signing.ts';
import type { WechatError } from './wechat-error.ts';

/** What answers are made with: the ports, and the key that the request asked for. */
export interface AnswerMaker {
  readonly ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>;
  readonly keyring: Keyring;
  readonly key: PlatformKey;
}

/** 200 with a JSON body, or 204 without one; both are signed (doc 4013053249). */
export function successAnswer(maker: AnswerMaker, body: object | undefined): Answer {
  return body === undefined
    ? signedAnswer(maker, 204, Buffer.alloc(0))
    : signedAnswer(maker, 200, Buffer.from(canonicalJson(body)));
}

export function errorAnswer(maker: AnswerMaker, error: WechatError): Answer {
  const body = Buffer.from(canonicalJson({ code: error.code, message: error.message, detail: error.detail }));
  if (error.signed) return signedAnswer(maker, error.status, body);
  return { status: error.status, headers: commonHeaders(maker.ports, body), body };
}

/** Unknown paths and wrong methods: no body, no signature, before authentication (observed on the real host). */
export function emptyAnswer(ports: Pick<SimulatorPorts, 'randomBytes'>, status: 404 | 405): Answer {
  const body = Buffer.alloc(0);
  return { status, headers: commonHeaders(ports, body), body };
}

function signedAnswer(maker: AnswerMaker, status: number, body: Buffer): Answer {
  const headers = {
    ...commonHeaders(maker.ports, body),
    ...signatureHeaders(maker.ports, maker.keyring, maker.key, body),
  };
  return { status, headers, body };
}

function commonHeaders(ports: Pick<SimulatorPorts, 'randomBytes'>, body: Buffer): Record<string, string> {
  return {
    ...(body.length > 0 ? { 'Content-Type': 'application/json; charset=utf-8' } : {}),
    'Cache-Control': 'no-cache, must-revalidate',
    'X-Content-Type-Options': 'nosniff',
    'Content-Language': 'zh-CN',
    'Request-ID': `${ports.randomBytes(24).toString('hex').toUpperCase()}-0`,
  };
}
