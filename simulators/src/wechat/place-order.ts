import { newPrepayId, randomAlphanumeric } from './numbers.ts';
import type { WechatWorld } from './operation.ts';
import type { OrderOwner } from './ownership.ts';
import type { SignType, TradeType, WechatOrder } from './state.ts';
import { receiver } from './state.ts';
import { WechatError } from './wechat-error.ts';

const MINUTE_MS = 60 * 1000;
/** code_url and prepay_id are good for two hours (docs 4012791877, 4012525167). */
const PREPAY_LIFE_MS = 120 * MINUTE_MS;
/** h5_url is good for five minutes (doc 4012525153). */
const H5_LIFE_MS = 5 * MINUTE_MS;
/** The path of H5 orders' page, as on upstream's wx.tenpay.com. */
export const H5_PATH = '/cgi-bin/mmpayweb-bin/checkmweb';

/** An order as either API asks for it, after its checks. */
export interface OrderWish {
  readonly owner: OrderOwner;
  readonly trade_type: TradeType;
  readonly api_v2?: { readonly sign_type: SignType };
  /** The request in canonical form: a second one must be the same. */
  readonly request: string;
  readonly out_trade_no: string;
  readonly description: string;
  readonly attach?: string;
  readonly device_id?: string;
  readonly notify_url?: string;
  /** Fen. */
  readonly total: number;
  readonly pay_until_ms?: number;
  readonly openid?: string;
  readonly sub_openid?: string;
}

/**
 * Places an order that the payer will pay by a code, a link or inside a client, or finds the one that the same request
 * placed before. When the number is taken, checks run in this order: paid, closed, other way of paying, other parameters.
 *
 * @throws WechatError
 */
export function placeOrder(world: WechatWorld, wish: OrderWish): WechatOrder {
  const existing = world.state.order(wish.owner.mchid, wish.out_trade_no);
  if (existing) return enterAgain(world, existing, wish);
  const order: WechatOrder = { ...newOrder(world, wish), ...newEntrance(world, wish) };
  world.journal.atomically(() => saveNew(world, order));
  return order;
}

/** An order without a way to pay it yet: NOTPAY, not saved. */
export function newOrder(world: WechatWorld, wish: OrderWish): WechatOrder {
  const { owner, ...rest } = wish;
  const created_at_ms = world.ports.now();
  return { ...owner, ...rest, state: 'NOTPAY', created_at_ms, code_expires_at_ms: created_at_ms };
}

/** Records a new order and tells the ledger. Call inside `journal.atomically`. */
export function saveNew(world: WechatWorld, order: WechatOrder): void {
  world.state.saveOrder(order);
  world.ledger.add({
    at_ms: order.created_at_ms,
    channel: 'wechat',
    kind: 'order',
    out_trade_no: order.out_trade_no,
    amount: order.total,
    merchant: receiver(order),
  });
}

/** The same number again: re-entrant with identical parameters only (doc 4012791877, 错误码). */
function enterAgain(world: WechatWorld, order: WechatOrder, wish: OrderWish): WechatOrder {
  checkSameRequest(order, wish);
  if (order.code_expires_at_ms > world.ports.now()) return order;
  const renewed = { ...order, ...newEntrance(world, order) };
  world.state.saveOrder(renewed);
  return renewed;
}

/**
 * An order's number is taken: by the same request, or the new one is refused.
 * @throws WechatError ORDERPAID, ORDER_CLOSED, INVALID_REQUEST
 */
export function checkSameRequest(order: WechatOrder, wish: OrderWish): void {
  if (order.state === 'SUCCESS' || order.state === 'REFUND') throw new WechatError(400, 'ORDERPAID', '该订单已支付');
  if (order.state === 'CLOSED') throw new WechatError(400, 'ORDER_CLOSED', '该订单已关闭');
  // Upstream's V3 page has no code of its own for reversed orders; APIv2's has (doc v2 4011937125, 错误码).
  if (order.state === 'REVOKED') {
    throw new WechatError(400, 'ORDER_CLOSED', '该订单已撤销', { v2_code: 'ORDERREVERSED' });
  }
  if (order.trade_type !== wish.trade_type) throw new WechatError(400, 'INVALID_REQUEST', '201 商户订单号重复');
  if (order.request !== wish.request) {
    throw new WechatError(400, 'INVALID_REQUEST', '请求重入时，参数与首次请求时不一致，请核实后再试');
  }
}

type Entrance = Pick<WechatOrder, 'code_url' | 'prepay_id' | 'h5_url' | 'code_expires_at_ms'>;

function newEntrance(world: WechatWorld, order: Pick<WechatOrder, 'trade_type' | 'api_v2' | 'pay_until_ms'>): Entrance {
  const now = world.ports.now();
  const until_ms = now + (order.trade_type === 'MWEB' ? H5_LIFE_MS : PREPAY_LIFE_MS);
  const code_expires_at_ms = Math.min(until_ms, order.pay_until_ms ?? until_ms);
  switch (order.trade_type) {
    case 'NATIVE':
      return {
        code_url: `weixin://wxpay/bizpayurl?pr=${randomAlphanumeric(world.ports, 9)}`,
        ...(order.api_v2 ? { prepay_id: newPrepayId(world.ports, now) } : {}),
        code_expires_at_ms,
      };
    case 'MWEB': {
      const prepay_id = newPrepayId(world.ports, now);
      const number = world.ports.randomBytes(4).readUInt32BE(0);
      const h5_url = `${world.web_origin()}${H5_PATH}?prepay_id=${prepay_id}&package=${number}`;
      return { prepay_id, h5_url, code_expires_at_ms };
    }
    default:
      return { prepay_id: newPrepayId(world.ports, now), code_expires_at_ms };
  }
}
