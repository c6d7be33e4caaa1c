/** A payer's program in front of the payment page, over the world's network: cookies, redirects, and what the page hands to a wallet. */
import { NoAnswer } from '../../gateway/src/ports.ts';
import { userAgent, type Program } from '../payment-page.ts';
import type { Network, NetworkAnswer } from './network.ts';

const MOST_REDIRECTS = 6;

/** What a page says to its script: what to hand to the wallet, and where the wallet is. */
export interface Page {
  readonly status: number;
  readonly invoke: string | null;
  readonly open: string | null;
}

export class Visitor {
  readonly program: Program;
  readonly #network: Network;
  /** By origin. */
  readonly #cookies = new Map<string, Map<string, string>>();

  /** @param payer who is logged in to WeChat */
  constructor(network: Network, program: Program, payer: string) {
    this.#network = network;
    this.program = program;
    this.#cookies.set('https://api.mch.weixin.qq.com', new Map([['payer', payer]]));
  }

  /** Looks at the page. @returns null when nothing came back */
  look(pay_url: string): Promise<Page | null> {
    return this.#follow(pay_url, 'GET');
  }

  /** Presses the button, and follows wherever that leads. @param wallet the button's, in a browser */
  confirm(pay_url: string, wallet: 'wechat' | 'alipay'): Promise<Page | null> {
    const url = new URL(pay_url);
    const form = new URLSearchParams({ pay_order_id: url.searchParams.get('pay_order_id') ?? '', with: wallet });
    return this.#follow(`${url.origin}/preorder/pay`, 'POST', form.toString());
  }

  async #follow(first: string, first_method: string, form = ''): Promise<Page | null> {
    let [url, method, body] = [first, first_method, form];
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const answer = await this.#send(url, method, body);
      if (!answer || answer.garbled) return null;
      const { location } = answer.headers;
      if (location === undefined || answer.status < 300 || answer.status >= 400) return pageOf(answer);
      [url, method, body] = [new URL(location, url).href, 'GET', ''];
    }
    return null;
  }

  async #send(url: string, method: string, body: string): Promise<NetworkAnswer | null> {
    const { origin } = new URL(url);
    const cookies = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, cookies);
    try {
      const answer = await this.#network.exchange('payer', {
        method,
        url,
        headers: {
          'user-agent': userAgent(this.program),
          'accept-language': 'zh-CN',
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(body === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        body: Buffer.from(body),
        timeout_ms: 30_000,
        max_bytes: 1_048_576,
      });
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(answer.headers['set-cookie'] ?? '') ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
      return answer;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return null;
    }
  }
}

function pageOf({ status, body }: NetworkAnswer): Page {
  const main = /<main id="page"([^>]*)>/.exec(body.toString('utf8'))?.[1] ?? '';
  const read = (name: string): string | null => {
    const text = new RegExp(` data-${name}="([^"]*)"`).exec(main)?.[1];
    return text === undefined ? null : unescaped(text);
  };
  return { status, invoke: read('invoke'), open: read('open') };
}

function unescaped(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_match, code: string) => String.fromCharCode(Number(code)));
}
