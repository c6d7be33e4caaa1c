import { ControlError } from '../kernel/control-error.ts';
import type { Ledger } from '../kernel/ledger.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

/** Everything the channels did with money: what a test compares the gateway with. */
export function ledgerRoutes(ledger: Ledger, channels: readonly string[]): Route[] {
  return [
    {
      method: 'GET',
      path: '/control/ledger',
      answer: ({ query }) => {
        const channel = query.get('channel') || undefined;
        if (channel !== undefined && !channels.includes(channel)) {
          throw new ControlError(400, `channel is "${channel}": one of ${channels.join(', ')}, or leave it out`);
        }
        const since = query.get('since') || undefined;
        if (since !== undefined && !/^\d{1,15}$/.test(since)) {
          throw new ControlError(400, `since is "${since}": the seq of the last entry you have seen, or leave it out`);
        }
        const entries = ledger.list({
          ...(channel === undefined ? {} : { channel }),
          ...(since === undefined ? {} : { since: Number(since) }),
        });
        return jsonAnswer(200, { entries, last_seq: ledger.list().at(-1)?.seq ?? 0 });
      },
    },
  ];
}
