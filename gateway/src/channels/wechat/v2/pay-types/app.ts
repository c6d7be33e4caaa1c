/** wechat.app: trade_type APP, paid by WeChat called from the merchant's own app. */
import { storeScene } from '../order-fields.ts';
import { appReply } from '../pay-info.ts';
import type { OrderedPayType } from '../pay-type.ts';

export const app: OrderedPayType = {
  code: 'wechat.app',
  trade_type: 'APP',
  requestFields: (_party, order) => ({ scene_info: storeScene(order) }),
  readReply: appReply,
};
