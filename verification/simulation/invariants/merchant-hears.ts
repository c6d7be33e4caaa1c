import type { NotificationRow } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** Attempts of the documented schedule. */
const ALL_ATTEMPTS = 11;

/** A merchant that answers in the end hears each outcome, under one nonce and in the same bytes however often. */
export const merchantHears: Invariant = {
  name: 'merchant-hears',
  promise: 'a merchant that answers in the end hears each outcome, under one nonce and with the same bytes',
  judge: (view) => {
    const tokens = new Map<string, string>();
    return {
      watch(observation) {
        if (observation.kind !== 'heard') return [];
        const { nonce_str, token } = observation;
        const trade_id = String(observation.data['trade_id']);
        const first = tokens.get(nonce_str);
        tokens.set(nonce_str, token);
        const notification = view.books.all('notifications').find((one) => nonceOf(one) === nonce_str);
        if (!notification) return [{ sentence: `a merchant heard ${nonce_str}, which is in no outbox`, trade_id }];
        if (first !== undefined && first !== token)
          return [{ sentence: `a merchant heard nonce ${nonce_str} with two contents`, trade_id }];
        return [];
      },
      atRest: () => view.books.all('notifications').flatMap((one) => unheard(view, one, tokens.has(nonceOf(one)))),
    };
  },
};

function unheard(view: View, one: NotificationRow, heard: boolean): Broken[] {
  const { notification_id, trade_id } = one;
  const broken = (what: string): Broken[] => [{ sentence: `notification ${notification_id} ${what}`, trade_id }];
  switch (one.state) {
    case 'delivered':
      return heard ? [] : broken('counts as delivered, and nobody heard it');
    case 'pending':
      return broken('is still pending');
    default:
      if (one.last_reason === 'outdated')
        return view.books.order(trade_id)?.state === 'paid' && !isToldAnew(view, one)
          ? broken('was given up for an order that is paid')
          : [];
      return one.attempts >= ALL_ATTEMPTS ? [] : broken(`was given up after ${one.attempts} attempts`);
  }
}

/** The order was reversed, and is paid after all: that was told by a notification of its own. */
function isToldAnew(view: View, { notification_id, trade_id }: NotificationRow): boolean {
  return view.books
    .notificationsOf(trade_id)
    .some((one) => one.refund_id === null && one.notification_id > notification_id && one.last_reason !== 'outdated');
}

function nonceOf({ payload }: NotificationRow): string {
  return String((JSON.parse(payload) as { nonce_str?: unknown }).nonce_str);
}
