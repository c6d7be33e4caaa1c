/** Every sentence of the shop, in both languages. */
import type { JournalPart, OrderState } from './orders.ts';
import type { Way } from './ways.ts';

export type Locale = 'zh' | 'en';

export interface Texts {
  readonly language: string;
  readonly title: string;
  readonly brand: string;
  readonly tagline: string;
  readonly skip: string;
  readonly switchLanguage: string;
  readonly switchLanguageLabel: string;
  readonly goods: string;
  readonly less: string;
  readonly more: string;
  readonly count: string;
  readonly payHow: string;
  readonly ways: Readonly<Record<Way, { readonly name: string; readonly hint: string }>>;
  readonly noWays: string;
  readonly authCode: string;
  readonly authCodeHint: string;
  readonly total: string;
  readonly pay: string;
  readonly emptyBasket: string;
  readonly wrongCode: string;
  readonly latest: string;
  readonly noOrders: string;
  readonly back: string;
  readonly order: string;
  readonly states: Readonly<Record<OrderState, { readonly name: string; readonly hint: string }>>;
  readonly scan: Readonly<Record<'wechat' | 'alipay' | 'cashier', string>>;
  readonly qrAlt: string;
  readonly openLink: string;
  readonly transferTo: string;
  readonly account: Readonly<Record<'fund_acc_name' | 'fund_acc' | 'ecp_bank_branch', string>>;
  readonly exactly: string;
  readonly waitingForPassword: string;
  readonly phone: string;
  readonly counter: string;
  readonly until: string;
  readonly ask: string;
  readonly refund: string;
  readonly refundAmount: string;
  readonly refundable: string;
  readonly refunds: string;
  readonly refundStates: readonly [string, string, string, string];
  readonly refundUnknown: string;
  readonly wrongRefund: string;
  readonly wire: string;
  readonly wireHint: string;
  readonly notYet: string;
  readonly parts: Readonly<Record<JournalPart, string>>;
  readonly kinds: Readonly<Record<'call' | 'notification', string>>;
  readonly notFound: string;
  readonly needsScript: string;
  readonly demo: string;
}

const zh: Texts = {
  language: 'zh-CN',
  title: '合流小店',
  brand: '合流小店',
  tagline: '演示商店：下单、支付、通知、退款，每一次签名往来都看得见',
  skip: '跳到正文',
  switchLanguage: 'English',
  switchLanguageLabel: 'Switch to English',
  goods: '选购',
  less: '减少',
  more: '增加',
  count: '数量',
  payHow: '支付方式',
  ways: {
    wechat: { name: '微信支付', hint: '出示二维码，顾客用微信扫一扫' },
    alipay: { name: '支付宝', hint: '出示二维码，顾客用支付宝扫一扫' },
    cashier: { name: '收银台链接', hint: '一个链接，顾客用微信或支付宝打开都能付' },
    code: { name: '扫顾客的付款码', hint: '用扫码枪读取，或粘贴付款码' },
    transfer: { name: '银行转账', hint: '为本单分配一个专用收款账号' },
  },
  noWays: '网关没有为这个商户开通任何支付方式。请运营人员配置路由后刷新本页。',
  authCode: '付款码',
  authCodeHint: '16 至 24 位数字。沙箱中可在钱包页面取得。',
  total: '合计',
  pay: '去支付',
  emptyBasket: '请先选购商品。',
  wrongCode: '付款码应为 16 至 24 位数字。',
  latest: '最近的订单',
  noOrders: '还没有订单。',
  back: '返回商店',
  order: '订单',
  states: {
    placing: { name: '下单中', hint: '正在等待网关的应答。' },
    waiting: { name: '待支付', hint: '付款后，本页会自动更新。' },
    paid: { name: '已支付', hint: '签名、订单号与金额均已核对。' },
    not_paid: { name: '未支付', hint: '没有扣款，或款项已退回。' },
    unknown: { name: '结果不明', hint: '可能已经付款。不要重新下单，请查询。' },
  },
  scan: {
    wechat: '打开微信，扫一扫',
    alipay: '打开支付宝，扫一扫',
    cashier: '用微信或支付宝扫一扫，或打开链接',
  },
  qrAlt: '支付二维码',
  openLink: '打开收银台',
  transferTo: '请转账至',
  account: { fund_acc_name: '户名', fund_acc: '账号', ecp_bank_branch: '开户行' },
  exactly: '金额须与订单一致。',
  waitingForPassword: '顾客可能正在输入密码。30 秒仍无结果，将自动撤销。',
  phone: '用模拟手机支付',
  counter: '到模拟银行转账',
  until: '请在此时间前支付：',
  ask: '查询结果',
  refund: '退款',
  refundAmount: '退款金额（元）',
  refundable: '可退',
  refunds: '退款记录',
  refundStates: ['已退款', '退款中', '未退款', '退款异常'],
  refundUnknown: '结果不明，请查询',
  wrongRefund: '退款金额应大于零，且不超过可退金额。',
  wire: '往来报文',
  wireHint: '商店服务器收发的内容，已解码。请求由商户私钥签名，应答与通知由平台私钥签名并经过验证。',
  notYet: '还没有。',
  parts: {
    request: '请求',
    request_token: '请求原文（JWT）',
    answer: '应答',
    answer_token: '应答原文（JWT）',
    notification: '通知',
    notification_token: '通知原文（JWT）',
  },
  kinds: { call: '调用', notification: '通知' },
  notFound: '没有这个订单：商店重启后，订单不保留。',
  needsScript: '未启用脚本：本页每 5 秒刷新一次。',
  demo: '这是演示。没有真实的商品，也没有真实的钱。',
};

const en: Texts = {
  language: 'en',
  title: 'Heliu shop',
  brand: 'Heliu shop',
  tagline: 'A demo shop: order, pay, be told, refund, with every signed message in view',
  skip: 'Skip to content',
  switchLanguage: '中文',
  switchLanguageLabel: '切换到中文',
  goods: 'Goods',
  less: 'One less',
  more: 'One more',
  count: 'Count',
  payHow: 'How to pay',
  ways: {
    wechat: { name: 'WeChat Pay', hint: 'Shows a QR code that the customer scans with WeChat' },
    alipay: { name: 'Alipay', hint: 'Shows a QR code that the customer scans with Alipay' },
    cashier: { name: 'Cashier link', hint: 'One link that opens in WeChat and in Alipay' },
    code: { name: 'Scan the customer’s code', hint: 'With a scanner, or paste the payment code' },
    transfer: { name: 'Bank transfer', hint: 'Gives this order an account of its own' },
  },
  noWays: 'The gateway has no way to pay for this merchant. Reload when the operator has set a route.',
  authCode: 'Payment code',
  authCodeHint: '16 to 24 digits. In the sandbox the wallet page makes one.',
  total: 'Total',
  pay: 'Pay',
  emptyBasket: 'Choose something first.',
  wrongCode: 'A payment code has 16 to 24 digits.',
  latest: 'Latest orders',
  noOrders: 'No orders yet.',
  back: 'Back to the shop',
  order: 'Order',
  states: {
    placing: { name: 'Being placed', hint: 'Waiting for the gateway’s answer.' },
    waiting: { name: 'Waiting for payment', hint: 'This page changes by itself when it is paid.' },
    paid: { name: 'Paid', hint: 'Signature, number and amount have been checked.' },
    not_paid: { name: 'Not paid', hint: 'No money was taken, or it went back.' },
    unknown: { name: 'Not known', hint: 'It may have been paid. Do not order again: ask.' },
  },
  scan: {
    wechat: 'Scan with WeChat',
    alipay: 'Scan with Alipay',
    cashier: 'Scan with WeChat or Alipay, or open the link',
  },
  qrAlt: 'QR code to pay with',
  openLink: 'Open the cashier',
  transferTo: 'Transfer to',
  account: { fund_acc_name: 'Name', fund_acc: 'Account', ecp_bank_branch: 'Bank' },
  exactly: 'Transfer exactly this amount.',
  waitingForPassword: 'The customer may be typing a password. After 30 seconds without a result it is reversed.',
  phone: 'Pay with the simulated phone',
  counter: 'Transfer at the simulated bank',
  until: 'Pay before',
  ask: 'Ask the gateway',
  refund: 'Refund',
  refundAmount: 'Amount to refund (yuan)',
  refundable: 'Refundable',
  refunds: 'Refunds',
  refundStates: ['Refunded', 'Under way', 'Not refunded', 'Stuck'],
  refundUnknown: 'Not known: ask',
  wrongRefund: 'A refund is more than nothing and at most what is left.',
  wire: 'On the wire',
  wireHint:
    'What the shop’s server sent and received, decoded. Requests are signed with the merchant’s key; answers and notifications are signed with the platform’s, and verified.',
  notYet: 'Nothing yet.',
  parts: {
    request: 'Request',
    request_token: 'Request as sent (JWT)',
    answer: 'Answer',
    answer_token: 'Answer as received (JWT)',
    notification: 'Notification',
    notification_token: 'Notification as received (JWT)',
  },
  kinds: { call: 'Call', notification: 'Notification' },
  notFound: 'There is no such order: the shop forgets its orders when it restarts.',
  needsScript: 'Scripts are off: this page reloads every 5 seconds.',
  demo: 'This is a demo. There are no real goods, and there is no real money.',
};

export const TEXTS: Readonly<Record<Locale, Texts>> = { zh, en };

const COOKIE = 'heliu_shop_lang';

/** Remembers a language for the shop. Cookies of one host are shared by all its ports, so the name is its own. */
export function languageCookie(locale: Locale): string {
  return `${COOKIE}=${locale}; Path=/; Max-Age=31536000; SameSite=Strict; HttpOnly`;
}

/** What was just chosen, else what was chosen before, else the first language of the browser that we have, else Chinese. */
export function chooseLocale(chosen: string | null, cookies: string, accepted: string): Locale {
  const before = new RegExp(`(?:^|;\\s*)${COOKIE}=(\\w+)`).exec(cookies)?.[1];
  const wanted = accepted.split(',').map((part) => part.trim().slice(0, 2).toLowerCase());
  return [chosen, before, ...wanted].find(isLocale) ?? 'zh';
}

/** Whether a text names a language that we have. */
export function isLocale(text: string | null | undefined): text is Locale {
  return text === 'zh' || text === 'en';
}
