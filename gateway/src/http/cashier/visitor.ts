/** Who looks at the payment page, as far as a request tells: program, language, cookie, address. */
import type { FastifyRequest } from 'fastify';
import type { Random } from '../../ports.ts';
import type { Wallet } from '../../domain/wallet.ts';

export type Language = 'zh' | 'en';

export interface Visitor {
  /** The wallet whose own browser this is; null: any other browser. */
  readonly wallet: Wallet | null;
  readonly is_phone: boolean;
  readonly language: Language;
  /** The browser's cookie; null before it has one. */
  readonly cookie: string | null;
  readonly address: string;
}

/** Tells one browser from another, nothing else: 128 random bits, kept for a day. */
const COOKIE = 'heliu_payer';
const COOKIE_LIFETIME_S = 86_400;
const COOKIE_VALUE = new RegExp(`(?:^|;\\s*)${COOKIE}=([0-9a-f]{32})(?:;|$)`);

/** WeChat: "MicroMessenger/…" (docs of JSAPI 支付). Alipay: "AlipayClient/…", in older versions "AliApp(AP/…)". */
const WALLET_PROGRAMS: readonly (readonly [Wallet, RegExp])[] = [
  ['wechat', /MicroMessenger\//i],
  ['alipay', /AlipayClient\/|AliApp\(AP\//i],
];

/** Reads a request. */
export function visitorOf(request: FastifyRequest): Visitor {
  const program = request.headers['user-agent'] ?? '';
  return {
    wallet: WALLET_PROGRAMS.find(([, pattern]) => pattern.test(program))?.[0] ?? null,
    is_phone: /Mobile|Android|iPhone|iPod/i.test(program),
    language: languageOf(request.headers['accept-language'] ?? ''),
    cookie: COOKIE_VALUE.exec(request.headers.cookie ?? '')?.[1] ?? null,
    // A listener on both families sees IPv4 addresses inside IPv6; the channels want them plain.
    address: request.ip.replace(/^::ffff:(?=\d+\.)/i, ''),
  };
}

/** The first language that the browser names and we have; Chinese, where our payers are, if it names neither. */
function languageOf(accepted: string): Language {
  const first = /(?:^|,)\s*(zh|en)\b/i.exec(accepted)?.[1]?.toLowerCase();
  return first === 'en' ? 'en' : 'zh';
}

/** A new cookie's value. */
export function newCookie(random: Random): string {
  return random.bytes(16).toString('hex');
}

/** The header that keeps it: no script reads it, and no other site's form sends it. */
export function cookieHeader(value: string, public_url: string): string {
  const secure = public_url.startsWith('https:') ? '; Secure' : '';
  return `${COOKIE}=${value}; Path=/preorder; Max-Age=${COOKIE_LIFETIME_S}; HttpOnly; SameSite=Lax${secure}`;
}
