/** wechat.scan: trade_type NATIVE. Unlike V3 it answers with the prepay_id beside the code_url. */
import { storeScene } from '../order-fields.ts';
import type { OrderedPayType } from '../pay-type.ts';

export const scan: OrderedPayType = {
  code: 'wechat.scan',
  trade_type: 'NATIVE',
  requestFields(_party, order) {
    // Required for NATIVE (chapter=9_1): the number of what is sold, for which an order of one payment has its own number.
    return { product_id: order.out_trade_no, scene_info: storeScene(order) };
  },
  readReply(answer) {
    const code_url = answer.get('code_url');
    const prepay_id = answer.get('prepay_id');
    return code_url && prepay_id ? { code_url, prepay_id } : null;
  },
};
