import type { PayerAction } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Answer, IncomingRequest } from '../kernel/ports.ts';
import { BusinessRefusal } from './business-refusal.ts';
import { chinaTime } from './china-time.ts';
import { openClientOrder, WAP_PAY } from './client-orders.ts';
import { errorPage, escapeHtml, htmlPage, redirect } from './html.ts';
import type { MethodCall, MethodContext } from './methods/method.ts';
import { yuan } from './money.ts';
import { payerActs } from './payer.ts';
import { readParameters } from './request-parameters.ts';
import { notifySignContent, signRsa2 } from './signing.ts';
import type { Trade } from './trade-records.ts';

/** Where the buttons of the page lead; the path is the sandbox's own. */
export const CASHIER_PATH = '/wap/cashier.htm';

const ACTIONS: readonly PayerAction[] = ['pay', 'cancel', 'wrong_password'];

/** alipay.trade.wap.pay was opened in a browser: the trade begins, and the payer sees what there is to pay. */
export function openWap(call: MethodCall, context: MethodContext): Answer {
  try {
    return cashierPage(openClientOrder(call, WAP_PAY, context), context);
  } catch (error) {
    if (error instanceof BusinessRefusal) return errorPage(error.sub_code, error.sub_msg);
    throw error;
  }
}

/** A button of the page was pressed. */
export function actOnWap(request: IncomingRequest, context: MethodContext): Answer {
  const parameters = readParameters(request);
  const action = ACTIONS.find((known) => known === parameters.get('action'));
  const found = context.store.trade(parameters.get('trade_no') ?? '');
  if (request.method !== 'POST' || !action || found?.placed_by !== 'wap') {
    return errorPage('ACQ.TRADE_NOT_EXIST', '交易不存在');
  }
  const trade = context.book.refresh(found);
  try {
    const after = payerActs(trade, action, context.book);
    if (action === 'pay') return afterPayment(after, context);
    if (action === 'wrong_password') return cashierPage(after, context, '支付密码错误，请重试');
    return after.quit_url === undefined
      ? htmlPage('支付宝 · 已取消', '<p>订单尚未付款。</p>')
      : redirect(after.quit_url);
  } catch (error) {
    if (error instanceof ControlError) return errorPage(trade.status, error.reason);
    throw error;
  }
}

function cashierPage(trade: Trade, { apps }: MethodContext, alert?: string): Answer {
  const merchant = apps.get(trade.app_id)?.config.seller_name ?? trade.app_id;
  return htmlPage(
    '支付宝 · 付款',
    `${alert === undefined ? '' : `<p class="alert" role="alert">${escapeHtml(alert)}</p>\n`}<p>${escapeHtml(merchant)}</p>
<p>${escapeHtml(trade.subject)}</p>
<p class="amount">¥${yuan(trade.total_fen)}</p>
<form method="post" action="${CASHIER_PATH}">
<input type="hidden" name="trade_no" value="${trade.trade_no}">
<button class="primary" name="action" value="pay">确认付款 Pay</button>
<button name="action" value="wrong_password">输错密码 Wrong password</button>
<button name="action" value="cancel">取消 Cancel</button>
</form>`,
  );
}

/**
 * Back to the merchant with the signed parameters of open/203/107090, "同步返回参数". They are no proof of payment and tell
 * no state: the callback and the query do.
 */
function afterPayment(trade: Trade, { apps, ports }: MethodContext): Answer {
  const app = apps.get(trade.app_id);
  if (trade.return_url === undefined || !app) {
    return htmlPage('支付宝 · 付款成功', `<p class="amount">¥${yuan(trade.total_fen)}</p>`);
  }
  const parameters = new Map([
    ['charset', 'utf-8'],
    ['out_trade_no', trade.out_trade_no],
    ['method', 'alipay.trade.wap.pay.return'],
    ['total_amount', yuan(trade.total_fen)],
    ['trade_no', trade.trade_no],
    ['auth_app_id', trade.app_id],
    ['version', '1.0'],
    ['app_id', trade.app_id],
    ['sign_type', 'RSA2'],
    ['seller_id', app.config.seller_id],
    ['timestamp', chinaTime(ports.now())],
  ]);
  parameters.set('sign', signRsa2(notifySignContent(parameters), app.alipayPrivateKey));
  const target = new URL(trade.return_url);
  for (const [name, value] of parameters) target.searchParams.append(name, value);
  return redirect(target.href);
}
