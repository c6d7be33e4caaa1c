import { NoAnswer } from './no-answer.ts';
import type { WechatWorld } from './operation.ts';
import { awaitPassword, PASSWORD_AFTER_MS } from './password.ts';
import { markPaid } from './payment.ts';
import { checkSameRequest, newOrder, saveNew } from './place-order.ts';
import type { OrderWish } from './place-order.ts';
import type { AuthCode, WechatOrder } from './state.ts';
import { WechatError } from './wechat-error.ts';

/** 18 digits beginning with 10 to 15 (doc v2 4011937125, auth_code). */
export const AUTH_CODE_PATTERN = /^1[0-5]\d{16}$/;

/**
 * Charges the payer whose payment code a till has read (docs 4012382150, v2 4011937125). When the number is taken, the
 * same request gets the order's present answer; else the code decides.
 *
 * @returns the paid order
 * @throws WechatError 202 USERPAYING, which leaves the order waiting for a password, or a refusal
 * @throws NoAnswer when the code's payer is never told of
 */
export function payByCode(world: WechatWorld, wish: OrderWish, auth_code: string): WechatOrder {
  const existing = world.state.order(wish.owner.mchid, wish.out_trade_no);
  if (existing) return enterAgain(existing, wish);
  const code = usableCode(world, auth_code);
  if (code.behaviour === 'timeout_not_paid') throw new NoAnswer();
  if (code.behaviour === 'expired') {
    throw new WechatError(400, 'AUTH_CODE_EXPIRE', '二维码已过期，请用户在微信上刷新后再试', {
      v2_code: 'AUTHCODEEXPIRE',
    });
  }
  const order = charge(world, { ...newOrder(world, wish), auth_code }, code);
  if (code.behaviour === 'timeout_but_paid') throw new NoAnswer();
  if (order.state === 'USERPAYING') {
    awaitPassword(world, order);
    throw userPaying();
  }
  if (order.state === 'PAYERROR') throw new WechatError(403, 'NOT_ENOUGH', '余额不足');
  return order;
}

function charge(world: WechatWorld, order: WechatOrder, code: AuthCode): WechatOrder {
  return world.journal.atomically(() => {
    world.state.saveAuthCode({ ...code, used_by: { mchid: order.mchid, out_trade_no: order.out_trade_no } });
    saveNew(world, order);
    switch (code.behaviour) {
      case 'password_then_pay':
        return waiting(world, order, 'pay');
      case 'password_then_cancel':
        return waiting(world, order, 'cancel');
      case 'insufficient': {
        const failed: WechatOrder = { ...order, state: 'PAYERROR' };
        world.state.saveOrder(failed);
        return failed;
      }
      default:
        return markPaid(world, order);
    }
  });
}

function waiting(world: WechatWorld, order: WechatOrder, outcome: 'pay' | 'cancel'): WechatOrder {
  const due_at_ms = world.ports.now() + PASSWORD_AFTER_MS;
  const asked: WechatOrder = { ...order, state: 'USERPAYING', password: { outcome, due_at_ms } };
  world.state.saveOrder(asked);
  return asked;
}

/** The words of published reports (v2 4011937125 has the codes). */
function usableCode(world: WechatWorld, auth_code: string): AuthCode {
  if (!AUTH_CODE_PATTERN.test(auth_code)) {
    const message = '请扫描微信支付授权码(以10/11/12/13/14/15为前缀的18位数字)';
    throw new WechatError(400, 'AUTH_CODE_INVALID', message, { v2_code: 'AUTH_CODE_INVALID' });
  }
  const code = world.state.authCode(auth_code);
  if (!code) {
    throw new WechatError(400, 'AUTH_CODE_INVALID', '101 付款码无效，请重新扫码', { v2_code: 'AUTH_CODE_INVALID' });
  }
  if (code.used_by) {
    const message = '每个二维码仅限使用一次，请刷新再试';
    throw new WechatError(400, 'AUTH_CODE_ERROR', message, { v2_code: 'AUTH_CODE_ERROR' });
  }
  return code;
}

function enterAgain(order: WechatOrder, wish: OrderWish): never {
  checkSameRequest(order, wish);
  if (order.state === 'USERPAYING') throw userPaying();
  throw new WechatError(403, 'TRADE_ERROR', '支付失败，请重新下单支付', { v2_code: 'TRADE_ERROR' });
}

function userPaying(): WechatError {
  return new WechatError(202, 'USERPAYING', '需要用户输入支付密码');
}
