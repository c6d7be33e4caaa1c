import { optionalText } from './biz-content.ts';
import { BusinessRefusal } from './business-refusal.ts';
import { webAddress } from './html.ts';
import type { MethodCall, MethodContext } from './methods/method.ts';
import { readOrder, repeatedTrade } from './order-fields.ts';
import type { ProductRule } from './order-fields.ts';
import { CLIENT_TIMEOUT_MS, paymentDeadline } from './payment-deadlines.ts';
import type { Trade } from './trade-records.ts';
import { verifyRequest } from './verify-request.ts';
import type { KnownMethod } from './verify-request.ts';
import type { Parameters } from './signing.ts';

/**
 * Orders that the merchant's server signs and the payer's client hands over: the server itself calls nothing, and no
 * trade exists until the client does.
 */
export interface ClientOrderMethod extends KnownMethod {
  readonly placed_by: 'wap' | 'app';
  readonly product: ProductRule;
}

/** alipay.trade.wap.pay (opendocs.alipay.com/open/02ivbs): a signed URL or form that a mobile browser opens. */
export const WAP_PAY: ClientOrderMethod = {
  name: 'alipay.trade.wap.pay',
  takesBizContent: true,
  placed_by: 'wap',
  product: { allowed: ['QUICK_WAP_WAY'] },
};

/** alipay.trade.app.pay (opendocs.alipay.com/open/02e7gq): a signed text that a merchant's app hands to the wallet. */
export const APP_PAY: ClientOrderMethod = {
  name: 'alipay.trade.app.pay',
  takesBizContent: true,
  placed_by: 'app',
  product: { allowed: ['QUICK_MSECURITY_PAY'], default: 'QUICK_MSECURITY_PAY' },
};

/** A refusal of an order that the payer sees, and no merchant. */
export interface SeenRefusal {
  readonly code: string;
  readonly reason: string;
}

/**
 * Checks the parameters as the gateway checks a call: app, protocol, certificates, signature, content.
 * @param method the one they have to be of
 */
export function verifyClientOrder(
  parameters: Parameters,
  method: ClientOrderMethod,
  { apps, ports }: MethodContext,
): MethodCall | SeenRefusal {
  const verified = verifyRequest(parameters, { apps, methods: new Map([[method.name, method]]), now_ms: ports.now() });
  return 'refusal' in verified
    ? { code: verified.refusal.sub_code, reason: verified.refusal.sub_msg }
    : { app: verified.app, parameters: verified.parameters, biz: verified.biz };
}

/**
 * The trade of a verified order: opened when the order is new, the same one when it was handed over before and still
 * waits. A relative time limit counts from the first time.
 *
 * @throws BusinessRefusal as alipay.trade.create does
 */
export function openClientOrder(call: MethodCall, method: ClientOrderMethod, context: MethodContext): Trade {
  const content = readOrder(call, method.placed_by, method.product);
  const return_url = address(call.parameters.get('return_url')?.trim(), 'return_url');
  const quit_url = address(optionalText(call.biz, 'quit_url', 400), 'quit_url');
  const earlier = repeatedTrade(content, call, context.book);
  if (earlier) return earlier;
  return context.book.open({
    ...content,
    placed_by: method.placed_by,
    trade_expires_at_ms: paymentDeadline(call.biz, context.ports.now(), CLIENT_TIMEOUT_MS),
    ...(return_url === undefined ? {} : { return_url }),
    ...(quit_url === undefined ? {} : { quit_url }),
  });
}

function address(text: string | undefined, name: string): string | undefined {
  if (!text) return undefined;
  if (!webAddress(text)) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', name);
  return text;
}
