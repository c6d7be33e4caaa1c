/** Payers of the payment page without a browser: requests as a wallet's program or a phone sends them, redirects followed by hand. */

const PROGRAMS = {
  wechat:
    'Mozilla/5.0 (Linux; Android 14; V2301A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20240301 MicroMessenger/8.0.48.2580(0x28003037) WeChat/arm64 Weixin NetType/4G Language/zh_CN ABI/arm64',
  alipay:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E219 Ariver/1.1.0 AliApp(AP/10.5.70.6000) Nebula WK RVKType(0) AlipayDefined(nt:4G,ws:390|780|3.0) AlipayClient/10.5.70.6000 Language/zh-Hans Region/CN NebulaX/1.0.0',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
  desktop: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36',
} as const;

export type Program = keyof typeof PROGRAMS;

/** The User-Agent of a program. */
export function userAgent(program: Program): string {
  return PROGRAMS[program];
}

export interface Step {
  readonly status: number;
  readonly location: string | null;
  readonly headers: Headers;
  readonly text: string;
  /** The data attributes of the page. */
  readonly data: Readonly<Record<string, string>>;
}

/** One payer's program with its cookies. */
export class PageVisitor {
  readonly #program: Program;
  readonly #language: string;
  readonly #cookies = new Map<string, string>();

  /** @param payer who is logged in to the WeChat of the simulator, where that matters */
  constructor(program: Program, payer?: string, language = 'zh-CN') {
    this.#program = program;
    this.#language = language;
    if (payer !== undefined) this.#cookies.set('payer', payer);
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  async get(url: string): Promise<Step> {
    return this.#send(url, { method: 'GET' });
  }

  /** Sends the form of the page at `pay_url`. */
  async confirm(pay_url: string, fields: Readonly<Record<string, string>> = {}): Promise<Step> {
    const url = new URL(pay_url);
    const body = new URLSearchParams({ pay_order_id: url.searchParams.get('pay_order_id') ?? '', ...fields });
    return this.#send(`${url.origin}/preorder/pay`, { method: 'POST', body });
  }

  /** Follows redirects to their end, as a browser does. Answers the last step; `visited` gets every address. */
  async follow(step: Step, from: string, visited: string[] = []): Promise<Step> {
    let at = from;
    let last = step;
    while (last.location !== null) {
      at = new URL(last.location, at).href;
      visited.push(at);
      last = await this.get(at);
    }
    return last;
  }

  async #send(url: string, init: RequestInit): Promise<Step> {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: {
        'user-agent': PROGRAMS[this.#program],
        'accept-language': this.#language,
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.#cookies.set(name, value);
    }
    const text = await response.text();
    const main = /<main id="page"([^>]*)>/.exec(text)?.[1] ?? '';
    const data = Object.fromEntries(
      [...main.matchAll(/ data-([a-z]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, unescape(value)]),
    );
    return {
      status: response.status,
      location: response.headers.get('location'),
      headers: response.headers,
      text,
      data,
    };
  }
}

function unescape(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_match, code: string) => String.fromCharCode(Number(code)));
}

/** What the payer's program hands to the wallet, and the payer's press on it. */
export async function payInWallet(
  control: (method: 'POST', path: string, body: unknown) => Promise<{ status: number; body: Record<string, unknown> }>,
  pay_info: string,
  action: 'pay' | 'cancel' = 'pay',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const invoked = await control('POST', '/control/invoke', { pay_info });
  if (invoked.status !== 200) return invoked;
  return control('POST', '/control/prepay', { prepay_id: invoked.body['prepay_id'], action });
}
