/** Sends one prepared order to its channel and turns what came back into the merchant's answer. */
import type { BeginReport, PayType, PreparedBegin } from '../channels/channel.ts';
import { ApiError } from '../domain/codes.ts';
import type { Order } from '../domain/order.ts';
import { applyToOrder, beginEvent } from './apply-channel-result.ts';
import { counted } from './channel-calls.ts';
import type { Gateway } from './gateway.ts';
import { payAnswer, type Answer } from './pay-answer.ts';

/** `answer` may be signed at once, but must not leave before `committed` resolves (with the answer that may leave). */
export interface PendingAnswer {
  readonly answer: Answer;
  readonly committed: Promise<Answer>;
}

/** Longer than any call to a channel: after it, an order still marked as being placed has lost the node that placed it. */
export const PLACING_LEASE_MS = 30_000;

/** The pay type's own fields out of a stored request. */
export function ownFields(
  pay_type: PayType,
  request: Readonly<Record<string, string | number>>,
): Record<string, string> {
  const own: Record<string, string> = {};
  for (const name of Object.keys(pay_type.fields)) {
    const value = request[name];
    if (value !== undefined) own[name] = String(value);
  }
  return own;
}

/** Sends a prepared order and records the answer. */
export async function place(gateway: Gateway, order: Order, prepared: PreparedBegin): Promise<PendingAnswer> {
  const report = counted(gateway, order.channel, 'pay', await prepared.send());
  const saved = applyToOrder(gateway, order, beginEvent(report), {
    source: 'pay',
    raw: 'raw' in report ? report.raw : undefined,
  });
  if (report.outcome !== 'accepted') {
    await saved;
    throw refusal(report);
  }
  const answer = payAnswer({
    ...order,
    reply: report.reply,
    reply_message: report.message,
    channel_message: report.message,
  });
  const committed = saved.then((now) => {
    // Closed or reversed while the channel was answering: nobody may be shown a code that must not be paid any more.
    if (now.state === 'undecided' || now.state === 'paid') return answer;
    throw new ApiError(
      'wrong_state',
      `the order was ${now.state} while it was being placed: query it, or use a new number`,
    );
  });
  return { answer, committed };
}

function refusal(report: Exclude<BeginReport, { outcome: 'accepted' }>): ApiError {
  switch (report.outcome) {
    case 'declined':
      return new ApiError('channel_refused', `${report.code}: ${report.message}`);
    case 'not_sent':
      return new ApiError(
        'channel_refused',
        `NOT_SENT: the channel cannot be reached (${report.reason}); nothing was placed, send the same order again`,
      );
    case 'unknown':
      return new ApiError(
        'channel_timeout',
        `the channel's answer is not known (${report.reason}): query this order before anything else`,
      );
  }
}
