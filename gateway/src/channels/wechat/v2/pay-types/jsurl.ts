/** wechat.jsurl: placed as wechat.jsapi when its payer has confirmed on the payment page. */
import type { OrderedPayType } from '../pay-type.ts';
import { jsapi } from './jsapi.ts';

export const jsurl: OrderedPayType = { ...jsapi, code: 'wechat.jsurl' };
