/**
 * common.micro with Alipay: the till scans the payer's code (当面付 付款码, alipay.trade.pay, opendocs.alipay.com/open/02ekfp). Paid at
 * once (10000) or while the payer types a password (10003).
 */
import { paymentCodePayType } from '../../payment-code.ts';
import { answerIdentity, paymentFacts } from '../facts.ts';
import { orderContent, tillContent } from '../order-content.ts';
import type { CalledPayType } from '../pay-type.ts';

export const micro: CalledPayType = {
  ...paymentCodePayType('alipay'),
  operation: 'pay',
  method: 'alipay.trade.pay',
  bizContent: (account, order) => ({
    ...orderContent(account, order, 'FACE_TO_FACE_PAYMENT'),
    ...tillContent(order),
    scene: 'bar_code',
    auth_code: order.fields['auth_code'],
    // As with a query, the bills come only when they are asked for.
    query_options: ['fund_bill_list'],
  }),
  readSuccess(account, answer) {
    const facts = paymentFacts(answer.node, answerIdentity(account.app_id, answer.node), false);
    return facts && { outcome: 'paid', facts, message: `${answer.code},${answer.msg}`, raw: answer.raw };
  },
};
