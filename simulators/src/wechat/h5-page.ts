import { createHash } from 'node:crypto';
import type { PendingPayment } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Answer, IncomingRequest } from '../kernel/ports.ts';
import type { WechatWorld } from './operation.ts';
import { lookAt, prepayActs, prepayIdOfLink } from './payer.ts';
import { H5_PATH } from './place-order.ts';

const STYLE = `
:root { color-scheme: light dark; --page: #f3f5f8; --card: #fff; --ink: #131a26; --soft: #566173; --line: #e2e7ee; --green: #067a42; }
@media (prefers-color-scheme: dark) { :root { --page: #0c1017; --card: #151b25; --ink: #eef2f8; --soft: #a0adbf; --line: #283242; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 20px; background: var(--page); color: var(--ink);
  font: 400 16px/1.5 system-ui, -apple-system, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif; }
main { width: 100%; max-width: 420px; padding: 28px 24px; border: 1px solid var(--line); border-radius: 20px; background: var(--card); text-align: center; }
.sign { display: grid; place-items: center; width: 56px; height: 56px; margin: 0 auto 12px; border-radius: 50%; background: var(--green); color: #fff; font-size: 24px; font-weight: 700; }
h1 { margin: 0; font-size: 18px; }
p { margin: 4px 0; color: var(--soft); overflow-wrap: anywhere; }
.amount { margin: 12px 0 20px; color: var(--ink); font-size: 44px; font-weight: 700; font-variant-numeric: tabular-nums; line-height: 1.2; }
.amount small { font-size: 0.6em; }
form { display: grid; gap: 10px; }
button { min-height: 50px; border: 1px solid var(--line); border-radius: 12px; background: transparent; color: var(--ink); font: inherit; font-weight: 600; cursor: pointer; }
button.pay { border-color: transparent; background: var(--green); color: #fff; }
button:focus-visible { outline: 3px solid #1258d6; outline-offset: 2px; }
.number { margin-top: 20px; font-size: 13px; }
`;

/** No script, our own style, and a form whose answer may lead back to the merchant's page. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface Words {
  readonly language: string;
  readonly title: string;
  readonly to: string;
  readonly pay: string;
  readonly cancel: string;
  readonly paid: string;
  readonly cancelled: string;
  readonly refused: string;
  readonly number: string;
}

const WORDS: Readonly<Record<'zh' | 'en', Words>> = {
  zh: {
    language: 'zh-CN',
    title: '微信支付',
    to: '付款给',
    pay: '立即支付',
    cancel: '取消',
    paid: '支付成功',
    cancelled: '已取消，没有扣款',
    refused: '无法支付',
    number: '订单号',
  },
  en: {
    language: 'en',
    title: 'Pay in WeChat',
    to: 'Pay to',
    pay: 'Pay',
    cancel: 'Cancel',
    paid: 'Paid',
    cancelled: 'Cancelled, nothing was charged',
    refused: 'Cannot be paid',
    number: 'Order',
  },
};

/** Whether a request is for the page that an H5 order's link leads to. */
export function isH5Page(request: IncomingRequest): boolean {
  return request.target.split('?')[0] === H5_PATH;
}

/**
 * The page behind h5_url and mweb_url: what opens WeChat on a phone is here a page with two buttons. Afterwards the
 * browser goes to `redirect_url`, whatever the payer did (wiki api H5 chapter=15_4, 回调页面).
 */
export function h5Page(world: WechatWorld, request: IncomingRequest): Answer {
  const link = `http://wechat.invalid${request.target}`;
  const words = WORDS[/^\s*en\b/i.test(request.headers['accept-language'] ?? '') ? 'en' : 'zh'];
  const back = backAddress(new URL(link).searchParams.get('redirect_url'));
  try {
    if (request.method === 'POST') return act(world, request, link, words, back);
    const payment = lookAt(world, link);
    if (!payment) throw new ControlError(404, 'WeChat Pay knows no such prepay_id');
    return page(200, words, payment.state === 'NOTPAY' ? cashier(words, payment) : outcome(words, payment.state));
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return page(error.status, words, notice(words.refused, error.reason));
  }
}

function act(
  world: WechatWorld,
  request: IncomingRequest,
  link: string,
  words: Words,
  back: string | undefined,
): Answer {
  const action = new URLSearchParams(request.body.toString('utf8')).get('action') === 'pay' ? 'pay' : 'cancel';
  const { state } = prepayActs(world, prepayIdOfLink(link) ?? '', action);
  if (back !== undefined) return { status: 303, headers: { Location: back }, body: Buffer.alloc(0) };
  return page(200, words, outcome(words, state));
}

/** Where the browser goes afterwards: a page, never a script. */
function backAddress(redirect_url: string | null): string | undefined {
  if (redirect_url === null || !URL.canParse(redirect_url)) return undefined;
  const url = new URL(redirect_url);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}

function cashier(words: Words, payment: PendingPayment): string {
  const yuan = (payment.amount / 100).toFixed(2);
  return `<p>${words.to}</p>
<h1>${escapeHtml(payment.merchant_name)}</h1>
<p>${escapeHtml(payment.description)}</p>
<p class="amount"><small>¥</small>${yuan}</p>
<form method="post">
<button class="pay" name="action" value="pay">${words.pay} ¥${yuan}</button>
<button name="action" value="cancel">${words.cancel}</button>
</form>
<p class="number">${words.number} ${escapeHtml(payment.out_trade_no)}</p>`;
}

function outcome(words: Words, state: string): string {
  return notice(state === 'SUCCESS' ? words.paid : state === 'NOTPAY' ? words.cancelled : words.refused, state);
}

function notice(title: string, detail: string): string {
  return `<h1>${title}</h1>\n<p>${escapeHtml(detail)}</p>`;
}

function page(status: number, words: Words, content: string): Answer {
  const html = `<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<div class="sign" aria-hidden="true">¥</div>
${content}
</main>
</body>
</html>
`;
  return {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
    },
    body: Buffer.from(html),
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
