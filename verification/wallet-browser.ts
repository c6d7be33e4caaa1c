/**
 * The wallets' own browsers, as a test plays them: a context with the wallet's User-Agent whose pages find the bridge that the
 * wallet puts into every page. What a page hands to the bridge goes to the simulator, which refuses what a wallet would refuse;
 * what the bridge answers is up to the test, because wallets are not to be believed either.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { userAgent, type Program } from './payment-page.ts';
import type { World } from './world.ts';

/** What the payer does when the wallet asks, and what the wallet then tells the page. */
export interface Behaviour {
  act: 'pay' | 'cancel' | 'nothing';
  /** Told to the page in place of the truth. */
  lie?: string;
}

export interface WalletBrowser {
  readonly context: BrowserContext;
  readonly behaviour: Behaviour;
  /** What pages have handed to the bridge, oldest first. */
  readonly invoked: string[];
  page(): Promise<Page>;
}

export interface Device {
  readonly width: number;
  readonly height: number;
  readonly language?: string;
  readonly dark?: boolean;
  readonly script?: boolean;
}

export const IPHONE: Device = { width: 390, height: 844 };
export const SMALL: Device = { width: 320, height: 568 };
export const DESKTOP: Device = { width: 1280, height: 800 };

/** Opens a browser of its own cookies. @param payer who is logged in to the simulator's WeChat */
export async function openWallet(
  browser: Browser,
  world: World,
  program: Program,
  device: Device = IPHONE,
  payer?: string,
): Promise<WalletBrowser> {
  const context = await browser.newContext({
    userAgent: userAgent(program),
    viewport: { width: device.width, height: device.height },
    locale: device.language ?? 'zh-CN',
    colorScheme: device.dark ? 'dark' : 'light',
    javaScriptEnabled: device.script ?? true,
    hasTouch: program !== 'desktop',
  });
  const behaviour: Behaviour = { act: 'pay' };
  const invoked: string[] = [];
  if (payer !== undefined) {
    await context.addCookies([{ name: 'payer', value: payer, url: world.simulators.addresses.wechat }]);
  }
  if (program === 'wechat' || program === 'alipay') {
    await context.exposeFunction('walletActs', async (pay_info: string) => {
      invoked.push(pay_info);
      return act(world, program, pay_info, behaviour);
    });
    await context.addInitScript(program === 'wechat' ? WECHAT_BRIDGE : ALIPAY_BRIDGE);
  }
  return { context, behaviour, invoked, page: () => context.newPage() };
}

/** As the wallet answers its page: getBrandWCPayRequest's err_msg, tradePay's resultCode. */
async function act(
  world: World,
  wallet: 'wechat' | 'alipay',
  pay_info: string,
  { act: action, lie }: Behaviour,
): Promise<string> {
  const words =
    wallet === 'wechat' ? { ok: 'ok', cancel: 'cancel', fail: 'fail' } : { ok: '9000', cancel: '6001', fail: '4000' };
  const invoked = await world.control('POST', '/control/invoke', { pay_info });
  if (invoked.status !== 200) return lie ?? words.fail;
  if (action !== 'nothing') {
    const acted = await world.control('POST', '/control/prepay', { prepay_id: invoked.body['prepay_id'], action });
    if (acted.status !== 200) return lie ?? words.fail;
  }
  return lie ?? (action === 'pay' ? words.ok : words.cancel);
}

/** WeChat puts its bridge into the page some time after it has been loaded, and says so by an event. */
const WECHAT_BRIDGE = `document.addEventListener('DOMContentLoaded', function () {
  setTimeout(function () {
    window.WeixinJSBridge = {
      invoke: function (name, info, done) {
        if (name !== 'getBrandWCPayRequest') throw new Error('not the payment: ' + name);
        window.walletActs(JSON.stringify(info)).then(function (word) { done({ err_msg: 'get_brand_wcpay_request:' + word }); });
      }
    };
    document.dispatchEvent(new Event('WeixinJSBridgeReady'));
  }, 20);
});`;

const ALIPAY_BRIDGE = `document.addEventListener('DOMContentLoaded', function () {
  setTimeout(function () {
    window.AlipayJSBridge = {
      call: function (name, info, done) {
        if (name !== 'tradePay') throw new Error('not the payment: ' + name);
        window.walletActs(JSON.stringify(info)).then(function (word) { done({ resultCode: word }); });
      }
    };
    document.dispatchEvent(new Event('AlipayJSBridgeReady'));
  }, 20);
});`;
