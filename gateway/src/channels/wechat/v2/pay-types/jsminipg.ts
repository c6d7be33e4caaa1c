/** wechat.jsminipg: trade_type JSAPI, too, paid within a mini program; sub_appid is the mini program's. */
import { bridgeReply } from '../pay-info.ts';
import type { OrderedPayType } from '../pay-type.ts';
import { payerFields } from './jsapi.ts';

export const jsminipg: OrderedPayType = {
  code: 'wechat.jsminipg',
  trade_type: 'JSAPI',
  requestFields: payerFields,
  readReply: bridgeReply,
};
