import { NOTIFY_URL_PATTERN } from '../order-fields.ts';
import { placeOrder } from '../place-order.ts';
import type { OrderWish } from '../place-order.ts';
import type { TradeType } from '../state.ts';
import { WechatError } from '../wechat-error.ts';
import { V2Failure } from './failure.ts';
import type { V2Call, V2Operation } from './operation.ts';
import { orderRequestFields, readV2Order } from './order-request.ts';
import type { XmlFields } from './xml.ts';

const KINDS: readonly TradeType[] = ['JSAPI', 'NATIVE', 'APP', 'MWEB'];

/** 统一下单 (wiki api chapter=9_1): a Native, JSAPI, APP or H5 order. */
export const unifiedOrderOperation: V2Operation = {
  fault_operation: 'pay',
  path: '/pay/unifiedorder',
  fields: {
    ...orderRequestFields,
    notify_url: { required: true, max: 256, pattern: new RegExp(NOTIFY_URL_PATTERN) },
    trade_type: { required: true, max: 16 },
    product_id: { max: 32 },
    openid: { max: 128 },
    sub_openid: { max: 128 },
  },
  run: (world, call): XmlFields => {
    const trade_type = KINDS.find((kind) => kind === call.fields['trade_type']);
    if (!trade_type) throw new V2Failure('trade_type参数格式错误');
    const payer = kindFields(trade_type, call);
    const order = placeOrder(world, { ...readV2Order(world, call, trade_type), ...payer });
    return {
      trade_type,
      prepay_id: order.prepay_id ?? '',
      ...(order.code_url === undefined ? {} : { code_url: order.code_url }),
      ...(order.h5_url === undefined ? {} : { mweb_url: order.h5_url }),
    };
  },
};

/** What each kind needs beside the shared fields. */
function kindFields(trade_type: TradeType, { fields, owner }: V2Call): Pick<OrderWish, 'openid' | 'sub_openid'> {
  // "trade_type=NATIVE时，此参数必传" (wiki api chapter=9_1, product_id).
  if (trade_type === 'NATIVE' && fields['product_id'] === undefined) throw new V2Failure('缺少参数product_id');
  if (trade_type === 'MWEB' && !namesScene(fields['scene_info'])) {
    throw new WechatError(400, 'INVALID_REQUEST', 'H5支付scene_info必须包含h5_info及其type');
  }
  if (trade_type !== 'JSAPI') return {};
  const { openid, sub_openid } = fields;
  const partner = owner.sub_mchid !== undefined;
  if (openid === undefined && (!partner || sub_openid === undefined)) throw new V2Failure('JSAPI支付必须传openid');
  if (partner && sub_openid !== undefined && owner.sub_appid === undefined) {
    throw new V2Failure('sub_openid存在时，缺少参数sub_appid');
  }
  return {
    ...(openid === undefined ? {} : { openid }),
    ...(partner && sub_openid !== undefined ? { sub_openid } : {}),
  };
}

function namesScene(scene_info: string | undefined): boolean {
  try {
    const scene = JSON.parse(scene_info ?? '') as { h5_info?: { type?: unknown } } | null;
    return typeof scene?.h5_info?.type === 'string' && scene.h5_info.type !== '';
  } catch {
    return false;
  }
}
