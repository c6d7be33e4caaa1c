import { createHash } from 'node:crypto';
import { requireLoopback } from '../control/access.ts';
import { choiceField, readFields, textField } from '../control/fields.ts';
import { errorAnswer, jsonAnswer } from '../control/http.ts';
import type { ChannelSimulator, PayerAction } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Answer, Handler, IncomingRequest, SimulatorPorts } from '../kernel/ports.ts';

/**
 * A wallet's own browser for people without the wallet: it stands between the person's browser and one site on this machine, calls
 * the site as the wallet's program does, and puts the wallet's bridge into its pages. What a page hands to the bridge is checked by
 * the wallet, and the person is asked; the page hears what the wallet would tell it. Redirects to other sites (the wallet's
 * authorization page) are followed here, as they are inside the wallet.
 */

/** Paths of ours; no site has them. */
export const OPEN_PATH = '/__wallet/open';
const ACT_PATH = '/__wallet/act';

const TARGET_COOKIE = 'wallet_browser_target';
const SITE_TIMEOUT_MS = 15_000;
const MOST_REDIRECTS = 5;

const PROGRAMS: Readonly<Record<ChannelSimulator['channel'], string>> = {
  wechat:
    'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.48 (simulated)',
  alipay:
    'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 AlipayClient/10.5.70 (simulated)',
};

const BRIDGES: Readonly<Record<ChannelSimulator['channel'], string>> = {
  wechat: bridge(
    "window.WeixinJSBridge={invoke:function(name,info,done){act(info,function(word){done({err_msg:name+':'+word})})}};document.dispatchEvent(new Event('WeixinJSBridgeReady'))",
    { ok: 'ok', cancel: 'cancel', fail: 'fail' },
  ),
  alipay: bridge(
    "window.AlipayJSBridge={call:function(name,info,done){act(info,function(word){done({resultCode:word})})}};document.dispatchEvent(new Event('AlipayJSBridgeReady'))",
    { ok: '9000', cancel: '6001', fail: '4000' },
  ),
};

function bridge(define: string, words: Readonly<Record<'ok' | 'cancel' | 'fail', string>>): string {
  return `(function(){var words=${JSON.stringify(words)};
function post(body){return fetch('${ACT_PATH}',{method:'POST',headers:{'content-type':'application/json'},body:JSON.stringify(body)}).then(function(r){return r.json().then(function(b){if(!r.ok)throw new Error(b.msg);return b})})}
function act(info,done){var pay_info=JSON.stringify(info);post({pay_info:pay_info,action:'look'}).then(function(p){
var pay=window.confirm(p.question);return post({pay_info:pay_info,action:pay?'pay':'cancel'}).then(function(){done(pay?words.ok:words.cancel)})
}).catch(function(e){window.alert(e.message);done(words.fail)})}
document.addEventListener('DOMContentLoaded',function(){${define}})})();`;
}

/** Serves one wallet's browser on an origin of its own. */
export function walletBrowser(simulator: ChannelSimulator, ports: SimulatorPorts): Handler {
  return async (request) => {
    try {
      requireLoopback(request);
      return { kind: 'answer', answer: await answer(simulator, ports, request), delay_ms: 0 };
    } catch (error) {
      return { kind: 'answer', answer: errorAnswer(error), delay_ms: 0 };
    }
  };
}

async function answer(simulator: ChannelSimulator, ports: SimulatorPorts, request: IncomingRequest): Promise<Answer> {
  const url = request.target.startsWith('/') ? URL.parse(`http://wallet.invalid${request.target}`) : null;
  if (url === null) throw new ControlError(400, 'this is no path: open a link from the wallet page');
  if (url.pathname === OPEN_PATH) return openSite(url.searchParams.get('url') ?? '');
  if (url.pathname === ACT_PATH && request.method === 'POST') return act(simulator, request);
  const target = decoded(cookieOf(request, TARGET_COOKIE));
  if (!isLocalSite(target)) throw new ControlError(404, 'nothing is open here: open a link from the wallet page');
  return visit(simulator, ports, request, target);
}

/** Sites on this machine alone: this is no way into anybody's network. */
function isLocalSite(url: string): boolean {
  return /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(\/|$)/.test(url) && URL.canParse(url);
}

/** '' for what cannot be decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** What a Location may hold: two slashes at its start would lead to another site. */
function pathOf({ pathname, search, hash }: URL): string {
  return pathname.replace(/^\/+/, '/') + search + hash;
}

/** Where the wallet page sends the person to open a link. @throws ControlError 400 for a site that is not on this machine */
function openSite(link: string): Answer {
  if (!isLocalSite(link))
    throw new ControlError(400, 'the wallet opens pages on this machine alone, http://127.0.0.1:…');
  const site = new URL(link);
  return {
    status: 303,
    headers: {
      location: pathOf(site),
      'set-cookie': `${TARGET_COOKIE}=${encodeURIComponent(site.origin)}; Path=/; HttpOnly; SameSite=Lax`,
    },
    body: Buffer.alloc(0),
  };
}

/** The page hands an order over, or the person has decided. */
function act(simulator: ChannelSimulator, request: IncomingRequest): Answer {
  const fields = readFields({ ...request, path: ACT_PATH, query: new URLSearchParams() }, ['pay_info', 'action']);
  const pay_info = textField(fields, 'pay_info', 'what the page hands to the wallet');
  const action = choiceField(fields, 'action', ['look', 'pay', 'cancel'] as const);
  const { out_trade_no, prepay_id } = simulator.invoke(pay_info);
  if (action !== 'look') return jsonAnswer(200, simulator.payPrepay(prepay_id, action satisfies PayerAction));
  const shown = simulator.pending().find((payment) => payment.out_trade_no === out_trade_no);
  const name = simulator.channel === 'wechat' ? '微信支付 WeChat Pay' : '支付宝 Alipay';
  const lines = shown
    ? [shown.merchant_name, `¥${(shown.amount / 100).toFixed(2)}`, shown.description]
    : [out_trade_no];
  return jsonAnswer(200, { question: [`${name}（模拟 simulated）`, ...lines, '', '确定 OK = 付款 pay'].join('\n') });
}

async function visit(
  simulator: ChannelSimulator,
  ports: SimulatorPorts,
  request: IncomingRequest,
  target: string,
): Promise<Answer> {
  const cookies = (request.headers['cookie'] ?? '').split(/;\s*/).filter((one) => !one.startsWith(`${TARGET_COOKIE}=`));
  const headers: Record<string, string> = {
    'user-agent': PROGRAMS[simulator.channel],
    'accept-language': request.headers['accept-language'] ?? 'zh-CN',
    cookie: cookies.join('; '),
    ...(request.headers['content-type'] && { 'content-type': request.headers['content-type'] }),
  };
  const send = (method: string, url: string, body: Buffer) =>
    ports.send({
      method,
      url,
      // Cookies are the site's own: no other site sees them.
      headers: url.startsWith(`${target}/`) ? headers : { ...headers, cookie: '' },
      body,
      timeout_ms: SITE_TIMEOUT_MS,
    });
  let at = target + request.target;
  let site = await send(request.method, at, request.body);
  const kept: Record<string, string> = site.headers['set-cookie'] ? { 'set-cookie': site.headers['set-cookie'] } : {};
  for (let hop = 0; hop < MOST_REDIRECTS; hop += 1) {
    const location = site.headers['location'];
    if (location === undefined) break;
    const next = nextSite(location, at);
    if (next.origin === target)
      return { status: 303, headers: { ...kept, location: pathOf(next) }, body: Buffer.alloc(0) };
    at = next.href;
    site = await send('GET', at, Buffer.alloc(0));
  }
  return withBridge(simulator, {
    status: site.status,
    headers: { ...passedOn(site.headers), ...kept },
    body: site.body,
  });
}

/** Where a redirect leads. @throws ControlError 400 when that is no address, or none on this machine: a page must not lead further than a link */
function nextSite(location: string, at: string): URL {
  const next = URL.canParse(location, at) ? new URL(location, at) : null;
  if (!next || !isLocalSite(next.href))
    throw new ControlError(
      400,
      `the page leads to ${location.slice(0, 200)}: the wallet opens pages on this machine alone`,
    );
  return next;
}

const PASSED_ON = [
  'content-type',
  'content-security-policy',
  'cache-control',
  'referrer-policy',
  'x-content-type-options',
];

function passedOn(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(PASSED_ON.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

/** A wallet's script runs in every page, whatever the page's policy says of its own. */
function withBridge(simulator: ChannelSimulator, site: Answer): Answer {
  if (!site.headers['content-type']?.startsWith('text/html')) return site;
  const script = BRIDGES[simulator.channel];
  const hash = `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  const policy = site.headers['content-security-policy']?.replace('script-src ', `script-src ${hash} `);
  const body = site.body.toString('utf8').replace('<head>', `<head>\n<script>${script}</script>`);
  return {
    ...site,
    headers: { ...site.headers, ...(policy !== undefined && { 'content-security-policy': policy }) },
    body: Buffer.from(body),
  };
}

function cookieOf(request: IncomingRequest, name: string): string {
  return new RegExp(`(?:^|;\\s*)${name}=([^;]*)`).exec(request.headers['cookie'] ?? '')?.[1] ?? '';
}
