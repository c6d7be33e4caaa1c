/** common.micro with a payment code of WeChat Pay. */
import { storeScene } from '../order-fields.ts';
import type { CodePayType } from '../pay-type.ts';

export const micro: CodePayType = {
  code: 'common.micro',
  trade_type: 'MICROPAY',
  requestFields: (_party, order) => ({ auth_code: order.fields['auth_code'] ?? '', scene_info: storeScene(order) }),
};
