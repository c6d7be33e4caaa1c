/** wechat.jsapi: trade_type JSAPI, paid on a page within WeChat. */
import type { OrderForChannel } from '../../../channel.ts';
import { storeScene } from '../order-fields.ts';
import type { Party } from '../party.ts';
import { bridgeReply } from '../pay-info.ts';
import type { OrderedPayType } from '../pay-type.ts';

export const jsapi: OrderedPayType = {
  code: 'wechat.jsapi',
  trade_type: 'JSAPI',
  requestFields: payerFields,
  readReply: bridgeReply,
};

/** The payer's openid is one under the sub-merchant's application when the order names one, else under ours (chapter=9_1). */
export function payerFields(party: Party, order: OrderForChannel): Readonly<Record<string, string>> {
  const openid = order.fields['sub_openid'] ?? '';
  return { ...(party.sub_appid === null ? { openid } : { sub_openid: openid }), scene_info: storeScene(order) };
}
