import { ControlError } from '../kernel/control-error.ts';
import type { PayerAction, PendingPayment } from '../kernel/channel-simulator.ts';
import type { WechatWorld } from './operation.ts';
import { answerPassword } from './password.ts';
import { AUTH_CODE_PATTERN } from './pay-by-code.ts';
import { markPaid } from './payment.ts';
import { H5_PATH } from './place-order.ts';
import type { WechatOrder } from './state.ts';

const MOST_PENDING = 50;
const PREPAY_PATTERN = /^wx\d{14}[0-9a-f]{20}$/;

/** Codes of a Native order, links of an H5 order and payment codes, known or not. */
export function ownsWechatCode(code: string): boolean {
  return code.startsWith('weixin://wxpay/') || AUTH_CODE_PATTERN.test(code) || prepayIdOfLink(code) !== undefined;
}

export function ownsWechatPrepay(prepay_id: string): boolean {
  return PREPAY_PATTERN.test(prepay_id);
}

/** What the phone shows after scanning; undefined: no such code. */
export function lookAt(world: WechatWorld, code: string): PendingPayment | undefined {
  const order = orderOfCode(world, code);
  return order ? { ...pendingView(world, order), code } : undefined;
}

/** Orders that can still be paid or whose payer has to type a password, newest first. */
export function pendingPayments(world: WechatWorld): PendingPayment[] {
  const now = world.ports.now();
  return world.state
    .unpaid(MOST_PENDING, (order) => order.state === 'USERPAYING' || order.code_expires_at_ms > now)
    .map((order) => pendingView(world, order));
}

/**
 * The payer acts on a code, a link or a payment code that a till has presented. Cancelling or a wrong password leaves a
 * scanned order NOTPAY: it can be paid later; a till's order that is cancelled has failed.
 *
 * @throws ControlError 404 no such code, 409 paid, closed, or a payment code that no till has presented, 410 too late
 */
export function payerActs(
  world: WechatWorld,
  code: string,
  action: PayerAction,
): { out_trade_no: string; state: string } {
  const order = orderOfCode(world, code);
  if (!order) {
    if (world.state.authCode(code)) throw new ControlError(409, 'no till has presented this payment code yet');
    throw new ControlError(404, 'WeChat Pay knows no such code');
  }
  return act(world, order, prepayIdOfLink(code) ?? code, action);
}

/**
 * The payer acts inside the wallet, once the merchant's client has handed the order over.
 * @throws ControlError 404 no such order, 409 paid, closed, or one that is scanned instead, 410 too late
 */
export function prepayActs(
  world: WechatWorld,
  prepay_id: string,
  action: PayerAction,
): { out_trade_no: string; state: string } {
  const order = orderOfPrepay(world, prepay_id);
  return act(world, order, prepay_id, action);
}

/**
 * The order that a client hands over by its prepay_id.
 * @throws ControlError 404 no such order, 409 a Native order
 */
export function orderOfPrepay(world: WechatWorld, prepay_id: string): WechatOrder {
  const order = ownsWechatPrepay(prepay_id) ? world.state.orderByCode(prepay_id) : undefined;
  if (!order) throw new ControlError(404, 'WeChat Pay knows no such prepay_id');
  if (order.trade_type === 'NATIVE') {
    throw new ControlError(409, `order ${order.out_trade_no} is a Native order: its payer scans the code_url`);
  }
  return order;
}

/** The prepay_id inside an H5 order's link, whatever origin it stands under and whatever was appended. */
export function prepayIdOfLink(link: string): string | undefined {
  if (!/^https?:\/\//.test(link) || !URL.canParse(link)) return undefined;
  const { pathname, searchParams } = new URL(link);
  return pathname === H5_PATH ? (searchParams.get('prepay_id') ?? undefined) : undefined;
}

/**
 * An order must still be payable by what the payer has in hand.
 * @param entrance the code_url, prepay_id or payment code
 * @throws ControlError 409 or 410
 */
export function checkPayable(world: WechatWorld, order: WechatOrder, entrance: string): void {
  const { out_trade_no } = order;
  if (order.state === 'REVOKED') throw new ControlError(409, `order ${out_trade_no} is reversed`);
  if (order.payment) throw new ControlError(409, `order ${out_trade_no} is already paid`);
  if (order.state === 'CLOSED') throw new ControlError(409, `order ${out_trade_no} is closed`);
  if (order.state === 'PAYERROR') throw new ControlError(409, `the payment of order ${out_trade_no} has failed`);
  if (order.state === 'USERPAYING') return;
  // Past time_expire nobody can pay, yet the order stays NOTPAY until it is closed (doc 4012791877, time_expire); a
  // code that a newer one has replaced dies at its own time.
  const current = order.code_url === entrance || order.prepay_id === entrance;
  if (!current || order.code_expires_at_ms <= world.ports.now()) {
    throw new ControlError(410, `the code of order ${out_trade_no} has expired`);
  }
}

function act(
  world: WechatWorld,
  order: WechatOrder,
  entrance: string,
  action: PayerAction,
): { out_trade_no: string; state: string } {
  checkPayable(world, order, entrance);
  const after = afterAction(world, order, action);
  return { out_trade_no: after.out_trade_no, state: after.state };
}

function afterAction(world: WechatWorld, order: WechatOrder, action: PayerAction): WechatOrder {
  if (order.state === 'USERPAYING') return answerPassword(world, order, action);
  return action === 'pay' ? markPaid(world, order) : order;
}

function orderOfCode(world: WechatWorld, code: string): WechatOrder | undefined {
  const used = world.state.authCode(code)?.used_by;
  if (used) return world.state.order(used.mchid, used.out_trade_no);
  return world.state.orderByCode(prepayIdOfLink(code) ?? code);
}

function pendingView(world: WechatWorld, order: WechatOrder): PendingPayment {
  const merchant = world.config.merchants.find((candidate) => candidate.mchid === order.mchid);
  const sub = merchant?.sub_merchants.find((candidate) => candidate.mchid === order.sub_mchid);
  return {
    code: order.code_url ?? order.h5_url ?? order.prepay_id ?? order.auth_code ?? '',
    out_trade_no: order.out_trade_no,
    amount: order.total,
    description: order.description,
    merchant_name: sub?.name ?? merchant?.name ?? order.mchid,
    state: order.state,
    created_at_ms: order.created_at_ms,
    expires_at_ms: order.password?.due_at_ms ?? order.code_expires_at_ms,
  };
}
