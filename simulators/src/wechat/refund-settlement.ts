import { refundNotice } from './notifications.ts';
import type { WechatWorld } from './operation.ts';
import { receiver } from './state.ts';
import type { WechatRefund } from './state.ts';

/** Arms the moment when a refund that is being processed gets its outcome. */
export function scheduleSettlement(world: WechatWorld, refund: WechatRefund): void {
  world.ports.schedule(Math.max(0, refund.due_at_ms - world.ports.now()), () => settle(world, refund));
}

/**
 * Ends a refund that is ABNORMAL, as somebody does in the merchant's console (异常退款): the payer gets the money another way, or the
 * refund is given up.
 */
export function settleAbnormal(world: WechatWorld, refund: WechatRefund, outcome: 'SUCCESS' | 'CLOSED'): void {
  record(world, { ...refund, status: outcome, outcome, settled_at_ms: world.ports.now() });
}

function settle(world: WechatWorld, scheduled: WechatRefund): void {
  const refund = world.state.refund(scheduled.mchid, scheduled.sub_mchid, scheduled.out_refund_no);
  if (refund?.status !== 'PROCESSING') return;
  record(world, { ...refund, status: refund.outcome, settled_at_ms: world.ports.now() });
}

function record(world: WechatWorld, settled: WechatRefund): void {
  world.journal.atomically(() => {
    world.state.saveRefund(settled);
    if (settled.status === 'CLOSED') world.state.moveBalance(receiver(settled), settled.refund);
    world.ledger.add({
      at_ms: world.ports.now(),
      channel: 'wechat',
      kind: settled.status === 'SUCCESS' ? 'refund' : 'refund_failed',
      out_trade_no: settled.out_trade_no,
      out_refund_no: settled.out_refund_no,
      transaction_id: settled.transaction_id,
      amount: settled.refund,
      merchant: receiver(settled),
      ...(settled.status === 'SUCCESS' ? {} : { note: settled.status }),
    });
    if (settled.notify_url !== undefined) {
      world.callbacks.enqueue(refundNotice(world, settled, settled.notify_url));
    }
  });
}
