/**
 * alipay.jsapi: the payer pays in a page or a mini program inside Alipay, which opens the cashier by the trade's number
 * (alipay.trade.create, opendocs.alipay.com/open/02ekfj; in mini programs opendocs.alipay.com/mini/6039ed0c_alipay.trade.create).
 */
import type { FieldRule } from '../../channel.ts';
import { textAt } from '../json.ts';
import { given, LIFETIME_S, orderContent, tillContent } from '../order-content.ts';
import { accepted, type CalledPayType } from '../pay-type.ts';

const BUYER_ID: FieldRule = {
  required: false,
  description: '买家支付宝用户ID，2088 开头的 16 位数字；与 buyer_open_id 至少传一个',
  example: '2088102146225135',
  max_length: 16,
  check: (value) => (/^2088\d{12}$/.test(value) ? null : 'must be a user number of Alipay: 2088 and twelve digits'),
};

const BUYER_OPEN_ID: FieldRule = {
  required: false,
  description: '买家支付宝用户唯一标识（openid）',
  example: '01501o8f93I3nJAGB1jG4ONtRicSYjXy5rl7dP5OIGLFUs5',
  max_length: 128,
  check: (value) => (/^[A-Za-z0-9_-]+$/.test(value) ? null : 'must be letters, digits, _ and -'),
};

const OP_APP_ID: FieldRule = {
  required: false,
  description: '小程序支付（JSAPI_PAY）中，商户实际经营主体的小程序应用的 appid',
  example: '2014072300007148',
  max_length: 32,
  check: (value) => (/^\d+$/.test(value) ? null : 'must be digits: the appid of a mini program'),
};

export const jsapi: CalledPayType = {
  code: 'alipay.jsapi',
  channel: 'alipay',
  summary: '支付宝 JSAPI 支付: the payer pays inside Alipay, in a page or a mini program, by tradePay',
  fields: { buyer_id: BUYER_ID, buyer_open_id: BUYER_OPEN_ID, op_app_id: OP_APP_ID },
  one_of: [['buyer_id', 'buyer_open_id']],
  reply: {
    trade_no: { description: '支付宝交易号', example: '2026030122001412341234567890' },
    pay_info: {
      description: 'parameters of AlipayJSBridge.call("tradePay", …) and my.tradePay, as JSON text',
      example: '{"tradeNO":"2026030122001412341234567890"}',
    },
  },
  initial_trade_state: 6,
  reply_shows_state: true,
  lifetime_s: LIFETIME_S,
  // The same number with the same parameters answers the same trade_no.
  begin_is_repeatable: true,
  operation: 'create',
  method: 'alipay.trade.create',
  bizContent(account, order) {
    const { buyer_id, buyer_open_id, op_app_id } = order.fields;
    // "小程序场景支付：JSAPI_PAY", which goes with op_app_id; without it the product is 当面付, the method's default.
    const product_code = op_app_id ? 'JSAPI_PAY' : 'FACE_TO_FACE_PAYMENT';
    return {
      ...orderContent(account, order, product_code),
      ...tillContent(order),
      ...given({ buyer_id, buyer_open_id, op_app_id }),
    };
  },
  readSuccess(_account, answer) {
    const trade_no = textAt(answer.node, 'trade_no');
    // "tradeNO": both letters are capitals.
    return accepted(answer, { trade_no, pay_info: trade_no && JSON.stringify({ tradeNO: trade_no }) });
  },
};
