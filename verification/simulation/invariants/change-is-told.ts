import type { Change } from '../changes.ts';
import { changeOf, type NotificationRow } from '../mirror.ts';
import type { Broken, Invariant } from './invariant.ts';

/** Refunds of our own have no merchant who waits for them. */
const TOLD_REFUNDS: ReadonlySet<string> = new Set(['succeeded', 'refused', 'closed', 'abnormal']);

/**
 * A state changes in the very statement that writes its line of the timeline, its notification and the job that sends it: a node
 * that dies a moment later can lose none of them.
 */
export const changeIsTold: Invariant = {
  name: 'change-is-told',
  promise: 'every change of state is committed together with its event, its notification and its job',
  judge: () => ({
    watch(observation) {
      if (observation.kind !== 'commit') return [];
      const { changes } = observation;
      return [
        ...changes.flatMap((change) => ofOrder(change, changes)),
        ...changes.flatMap((change) => ofRefund(change, changes)),
      ];
    },
  }),
};

function ofOrder(change: Change, changes: readonly Change[]): Broken[] {
  const order = changeOf(change, 'orders');
  if (!order?.after || order.before?.state === order.after.state) return [];
  const { trade_id, state, notify_url } = order.after;
  const found: Broken[] = [];
  if (!changes.some((one) => changeOf(one, 'order_events')?.after?.trade_id === trade_id))
    found.push({ sentence: `order ${trade_id} became ${state} without a word in its timeline`, trade_id });
  // A payment that was taken back by a reverse which then failed counts again, and is told again by its refund's end.
  const returned = order.before?.state === 'reversed';
  const expects = state === 'paid' && notify_url !== null && !returned;
  return [...found, ...(expects ? untold(changes, trade_id, null) : [])];
}

function ofRefund(change: Change, changes: readonly Change[]): Broken[] {
  const refund = changeOf(change, 'refunds');
  if (!refund?.after || refund.before?.state === refund.after.state) return [];
  const { trade_id, refund_id, state, notify_url } = refund.after;
  const found: Broken[] = [];
  if (refund.before && !changes.some((one) => changeOf(one, 'order_events')?.after?.trade_id === trade_id))
    found.push({ sentence: `refund ${refund_id} became ${state} without a word in the timeline`, trade_id });
  const expects = TOLD_REFUNDS.has(state) && notify_url !== null && !isAnsweredAtOnce(changes, refund_id);
  return [...found, ...(expects ? untold(changes, trade_id, refund_id) : [])];
}

/** Whoever asks for a refund that is refused at once hears 600, and nothing beside. */
function isAnsweredAtOnce(changes: readonly Change[], refund_id: string): boolean {
  return changes.some((one) => {
    const event = changeOf(one, 'order_events')?.after;
    return event?.source === 'refund' && event.kind === 'refund_refused' && event.detail['refund_id'] === refund_id;
  });
}

function untold(changes: readonly Change[], trade_id: string, refund_id: string | null): Broken[] {
  const isIt = (one: NotificationRow | null | undefined): boolean =>
    one?.trade_id === trade_id && one.refund_id === refund_id && one.state === 'pending';
  const notification = changes.map((one) => changeOf(one, 'notifications')?.after).find(isIt);
  const what = refund_id === null ? `the payment of order ${trade_id}` : `refund ${refund_id} of ${trade_id}`;
  if (!notification) return [{ sentence: `${what} was decided without a notification`, trade_id }];
  const has_job = changes.some((one) => changeOf(one, 'jobs')?.after?.subject_id === notification.notification_id);
  return has_job ? [] : [{ sentence: `the notification of ${what} has no job`, trade_id }];
}
