/**
 * alipay.wap: the payer's mobile browser goes to Alipay by a signed link (手机网站支付, alipay.trade.wap.pay,
 * opendocs.alipay.com/open/02ivbs). Nothing is sent from here: the link is the request, and the trade begins when the payer opens it.
 */
import type { FieldRule } from '../../channel.ts';
import { given, LIFETIME_S, orderContent } from '../order-content.ts';
import { encodeSigned, type CarriedPayType } from '../pay-type.ts';

/** return_url is "HTTP/HTTPS开头字符串", at most 256 characters. */
function pageAddress(description: string, example: string): FieldRule {
  return { required: false, description, example, max_length: 256, check: checkPageAddress };
}

function checkPageAddress(value: string): string | null {
  const wrong = 'must be an http(s) URL';
  if (!/^https?:\/\/[^\s\p{Cc}]+$/u.test(value)) return wrong;
  return URL.canParse(value) ? null : wrong;
}

export const wap: CarriedPayType = {
  code: 'alipay.wap',
  channel: 'alipay',
  summary: '支付宝手机网站支付: the payer’s mobile browser goes to mweb_url',
  fields: {
    return_url: pageAddress('付款成功后跳转的页面地址', 'https://store.pooul.com/paid?no=1'),
    quit_url: pageAddress('用户付款中途退出返回商户网站的地址', 'https://store.pooul.com/cart'),
  },
  reply: {
    mweb_url: {
      description: 'where the payer’s browser is sent; good until time_expire, at most two hours',
      example:
        'https://openapi.alipay.com/gateway.do?app_id=2021000000000001&method=alipay.trade.wap.pay&sign=ERITJKEIJKJH',
    },
  },
  initial_trade_state: 6,
  reply_shows_state: true,
  lifetime_s: LIFETIME_S,
  // Every link signed for an order is for the same trade: its business parameters are the order's.
  begin_is_repeatable: true,
  method: 'alipay.trade.wap.pay',
  bizContent: (account, order) => ({
    ...orderContent(account, order, 'QUICK_WAP_WAY'),
    ...given({ quit_url: order.fields['quit_url'] }),
  }),
  returnUrl: (order) => order.fields['return_url'],
  replyOf: (account, signed) => ({ mweb_url: `${account.gateway_url}?${encodeSigned(signed)}` }),
};
