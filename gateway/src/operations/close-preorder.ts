/** POST /v2/pay/close with a preorder's number: the try under way is closed at its channel first, then the preorder here. */
import { ApiError } from '../domain/codes.ts';
import { PREORDER_PAY_TYPE, type Preorder } from '../domain/preorder.ts';
import { TRADE_STATE_LABELS } from '../domain/trade-state.ts';
import type { Gateway } from './gateway.ts';
import { endTry } from './pay-preorder.ts';
import type { Answer } from './pay-answer.ts';
import { standingOf } from './query-preorder.ts';

/** Payers who confirm meanwhile move the preorder on under us; who is that busy is asked to send the close again. */
const MAX_ROUNDS = 5;

/** Closes a preorder; null when the number is none of a preorder. Throws 302 when it is paid, 601 when a try may still be paid. */
export async function closePreorder(gateway: Gateway, merchant_id: string, mch_pre_id: string): Promise<Answer | null> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const preorder = await gateway.store.preorders.byNumber(merchant_id, mch_pre_id);
    if (!preorder) return null;
    if (preorder.state === 'paid')
      throw new ApiError(
        'wrong_state',
        'the preorder is paid: refund its pay order instead (pre_order_detail names it)',
      );
    if (preorder.state === 'closed') return closedAnswer(preorder);
    const { current } = await standingOf(gateway, preorder);
    if (current?.state === 'undecided') {
      if (!(await endTry(gateway, current))) throw notSureYet(current.mch_trade_id);
      continue;
    }
    if (await gateway.store.preorders.close(preorder, gateway.ports.clock.now_ms())) return closedAnswer(preorder);
  }
  throw notSureYet(mch_pre_id);
}

function notSureYet(number: string): ApiError {
  return new ApiError(
    'channel_timeout',
    `${number} may still be paid: the channel has not confirmed its close yet; send the close again`,
  );
}

function closedAnswer({ merchant_id, mch_pre_id, total_fen }: Preorder): Answer {
  return {
    msg: 'success',
    data: {
      mch_trade_id: mch_pre_id,
      merchant_id,
      pay_type: PREORDER_PAY_TYPE,
      total_fee: total_fen,
      trade_state: 3,
      trade_info: `${TRADE_STATE_LABELS[3]}, `,
    },
  };
}
