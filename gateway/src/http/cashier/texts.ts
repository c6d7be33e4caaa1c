/** Every word of the payment page, in both languages. */
import { fenToYuan, type Fen } from '../../domain/money.ts';
import type { Wallet } from '../../domain/wallet.ts';
import type { Language } from './visitor.ts';

export interface Texts {
  readonly lang: string;
  readonly page_title: string;
  readonly pay_to: string;
  readonly amount: string;
  readonly pay_until: (time: string) => string;
  readonly wallet: Readonly<Record<Wallet, string>>;
  readonly pay_with: (wallet: string) => string;
  readonly pay_amount: (amount: string) => string;
  readonly open_wallet: (wallet: string) => string;
  readonly number: string;
  readonly scan_title: string;
  readonly scan_both: string;
  readonly scan_one: (wallet: string) => string;
  readonly scan_other_phone: string;
  readonly scan_waits: string;
  readonly somebody_pays: string;
  readonly code_label: string;
  readonly no_wallet: string;
  readonly not_here: (wallet: string) => string;
  readonly not_here_help: string;
  readonly not_set_up: (wallet: string) => string;
  readonly not_set_up_help: string;
  readonly only_in: (wallet: string) => string;
  readonly only_in_help: (wallet: string) => string;
  readonly paying: (wallet: string) => string;
  readonly paying_help: string;
  readonly check_again: string;
  readonly checking: string;
  readonly checking_help: string;
  readonly busy: string;
  readonly busy_help: string;
  readonly refused: string;
  readonly refused_help: string;
  readonly refused_final_help: string;
  readonly unreachable: (wallet: string) => string;
  readonly unreachable_help: string;
  readonly try_again: string;
  readonly paid: string;
  readonly paid_own_help: string;
  readonly paid_other: string;
  readonly paid_other_help: string;
  readonly paid_at: string;
  readonly given_back: string;
  readonly given_back_help: string;
  readonly paid_twice: string;
  readonly paid_twice_help: string;
  readonly expired: string;
  readonly closed: string;
  readonly over_help: string;
  readonly exhausted: string;
  readonly suspended: string;
  readonly suspended_help: string;
  readonly taken: string;
  readonly taken_help: string;
  readonly unknown: string;
  readonly unknown_help: string;
  readonly not_told: string;
  readonly not_told_help: string;
  readonly trouble: string;
  readonly trouble_help: string;
  readonly check_first: string;
  readonly offline: string;
  readonly asking: string;
  readonly cancelled: string;
  readonly wallet_silent: string;
}

const ZH: Texts = {
  lang: 'zh-CN',
  page_title: '付款',
  pay_to: '付款给',
  amount: '应付金额',
  pay_until: (time) => `请在 ${time} 前付款`,
  wallet: { wechat: '微信', alipay: '支付宝' },
  pay_with: (wallet) => `${wallet}支付`,
  pay_amount: (amount) => `确认付款 ${amount}`,
  open_wallet: (wallet) => `打开${wallet}付款`,
  number: '订单号',
  scan_title: '扫码付款',
  scan_both: '请用微信或支付宝扫描二维码',
  scan_one: (wallet) => `请用${wallet}扫描二维码`,
  scan_other_phone: '也可以用另一部手机扫码付款',
  scan_waits: '付款后本页会自动更新',
  somebody_pays: '有人正在付款，完成后本页会自动更新',
  code_label: '付款二维码',
  no_wallet: '商户暂不支持在线付款，请联系商户',
  not_here: (wallet) => `商户未开通${wallet}付款`,
  not_here_help: '请用下面列出的方式打开同一链接，或联系商户。',
  not_set_up: (wallet) => `暂时无法在${wallet}中付款`,
  not_set_up_help: '没有扣款。请稍后再试，或换一种方式打开同一链接。',
  only_in: (wallet) => `请在${wallet}中打开`,
  only_in_help: (wallet) => `此链接只能用${wallet}付款，请用${wallet}扫描二维码。`,
  paying: (wallet) => `请在${wallet}中完成付款`,
  paying_help: '付款窗口没有出现时，请再点一次下面的按钮。不会重复扣款。',
  check_again: '我已付款，刷新结果',
  checking: '正在确认付款结果',
  checking_help: '网络较慢，我们正在向支付渠道查询。请不要重复付款，本页会自动更新。',
  busy: '上一次付款尚未结束',
  busy_help: '我们正在关闭上一次付款，以免重复扣款。请稍等片刻再试。',
  refused: '付款未能发起',
  refused_help: '没有扣款。您可以再试一次，或换一种付款方式。',
  refused_final_help: '没有扣款。此链接已不能付款，请向商户索取新的链接。',
  unreachable: (wallet) => `暂时连接不到${wallet}`,
  unreachable_help: '没有扣款。请再试一次。',
  try_again: '再试一次',
  paid: '付款成功',
  paid_own_help: '您可以关闭本页。',
  paid_other: '此订单已付款',
  paid_other_help: '无需再次付款。',
  paid_at: '付款时间',
  given_back: '款项已退回',
  given_back_help: '此订单的付款已退回或正在退回付款人。',
  paid_twice: '这笔付款将退回给您',
  paid_twice_help: '您付款时订单已被支付或已失效。全部金额会自动原路退回，无需操作。',
  expired: '付款链接已过期',
  closed: '订单已关闭',
  over_help: '没有扣款。如需付款，请向商户索取新的链接。',
  exhausted: '付款尝试次数过多',
  suspended: '商户暂时不能收款',
  suspended_help: '没有扣款。请联系商户。',
  taken: '此链接正由另一位付款人使用',
  taken_help: '没有扣款。如需由您付款，请向商户索取新的链接。',
  unknown: '付款链接无效',
  unknown_help: '请检查链接是否完整，或向商户索取新的链接。',
  not_told: '未能确认付款人',
  not_told_help: '没有扣款。请重新打开付款链接。若一再出现，请允许本页使用 Cookie。',
  trouble: '系统繁忙',
  trouble_help: '没有新的扣款。请稍后再试。',
  check_first: '付款前请核对商户和金额。',
  offline: '网络已断开，正在重新连接……',
  asking: '正在确认付款结果……',
  cancelled: '您取消了付款。',
  wallet_silent: '付款窗口没有打开，请再点一次按钮。',
};

const EN: Texts = {
  lang: 'en',
  page_title: 'Payment',
  pay_to: 'Pay to',
  amount: 'Amount due',
  pay_until: (time) => `Pay before ${time}`,
  wallet: { wechat: 'WeChat', alipay: 'Alipay' },
  pay_with: (wallet) => `Pay with ${wallet}`,
  pay_amount: (amount) => `Pay ${amount}`,
  open_wallet: (wallet) => `Open ${wallet} to pay`,
  number: 'Order',
  scan_title: 'Scan to pay',
  scan_both: 'Scan the code with WeChat or Alipay',
  scan_one: (wallet) => `Scan the code with ${wallet}`,
  scan_other_phone: 'Or scan the code with another phone',
  scan_waits: 'This page updates by itself once it is paid',
  somebody_pays: 'Somebody is paying; this page updates by itself',
  code_label: 'QR code for this payment',
  no_wallet: 'This merchant takes no payments online at the moment. Please ask the merchant.',
  not_here: (wallet) => `This merchant does not take ${wallet}`,
  not_here_help: 'Open the same link in one of the ways below, or ask the merchant.',
  not_set_up: (wallet) => `${wallet} cannot be used at the moment`,
  not_set_up_help: 'Nothing was charged. Try again later, or open the same link in another way.',
  only_in: (wallet) => `Please open this in ${wallet}`,
  only_in_help: (wallet) => `This link is paid in ${wallet} only: scan the code with ${wallet}.`,
  paying: (wallet) => `Finish the payment in ${wallet}`,
  paying_help: 'If no payment window has opened, press the button below again. You are not charged twice.',
  check_again: 'I have paid: check again',
  checking: 'Checking the payment',
  checking_help:
    'The connection is slow, and we are asking the wallet. Please do not pay again; this page updates by itself.',
  busy: 'An earlier attempt has not ended yet',
  busy_help: 'We are closing it, so that nobody is charged twice. Please try again in a moment.',
  refused: 'The payment could not be started',
  refused_help: 'Nothing was charged. You can try again, or pay in another way.',
  refused_final_help: 'Nothing was charged. This link cannot be paid any more: ask the merchant for a new one.',
  unreachable: (wallet) => `${wallet} cannot be reached just now`,
  unreachable_help: 'Nothing was charged. Please try again.',
  try_again: 'Try again',
  paid: 'Payment successful',
  paid_own_help: 'You can close this page.',
  paid_other: 'This order is paid',
  paid_other_help: 'There is nothing left to pay.',
  paid_at: 'Paid at',
  given_back: 'The money has been returned',
  given_back_help: 'The payment of this order went back, or is going back, to whoever paid it.',
  paid_twice: 'Your payment is being returned',
  paid_twice_help:
    'The order was already paid or had ended when you paid. You get the whole amount back; there is nothing to do.',
  expired: 'This payment link has expired',
  closed: 'This order is closed',
  over_help: 'Nothing was charged. To pay, ask the merchant for a new link.',
  exhausted: 'Too many attempts to pay',
  suspended: 'This merchant cannot take payments at the moment',
  suspended_help: 'Nothing was charged. Please ask the merchant.',
  taken: 'Somebody else is paying with this link',
  taken_help: 'Nothing was charged. If you want to pay, ask the merchant for a link of your own.',
  unknown: 'This payment link is not valid',
  unknown_help: 'Check that the link is complete, or ask the merchant for a new one.',
  not_told: 'We could not tell who is paying',
  not_told_help:
    'Nothing was charged. Open the payment link again. If this keeps happening, allow cookies for this page.',
  trouble: 'Temporarily unavailable',
  trouble_help: 'Nothing new was charged. Please try again in a moment.',
  check_first: 'Check merchant and amount before you pay.',
  offline: 'No connection. Trying again…',
  asking: 'Checking the payment…',
  cancelled: 'You cancelled the payment.',
  wallet_silent: 'The payment window did not open. Press the button again.',
};

/** The words of a language. */
export function textsOf(language: Language): Texts {
  return language === 'en' ? EN : ZH;
}

const BEIJING_MS = 8 * 3_600_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A moment in Beijing time, where the channels keep theirs: 11月25日 15:30, or 25 Nov 15:30 Beijing time. */
export function beijingTime(at_ms: number, language: Language): string {
  const shifted = new Date(at_ms + BEIJING_MS);
  const clock = shifted.toISOString().slice(11, 16);
  const day = shifted.getUTCDate();
  return language === 'en'
    ? `${day} ${MONTHS[shifted.getUTCMonth()]} ${clock} Beijing time`
    : `${shifted.getUTCMonth() + 1}月${day}日 ${clock}`;
}

/** An amount as people write it: 1,234.50. */
export function grouped(total_fen: Fen): string {
  const [whole = '0', cents = '00'] = fenToYuan(total_fen).split('.');
  return `${whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')}.${cents}`;
}
