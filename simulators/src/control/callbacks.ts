import type { ChannelSimulator } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import { readFields, textField } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

const ATTEMPTS_SHOWN = 100;

/** Who calls back: the wallets and the bank. */
export type Teller = Pick<ChannelSimulator, 'resendCallback' | 'callbacks' | 'cadenceScale' | 'setCadenceScale'> & {
  readonly channel: string;
};

/** Shows what was called back and how it was answered, and sends a callback again. */
export function callbackRoutes(channels: readonly Teller[]): Route[] {
  return [
    {
      method: 'GET',
      path: '/control/callbacks',
      answer: () => {
        const callbacks = channels
          .flatMap((simulator) => simulator.callbacks(ATTEMPTS_SHOWN))
          .sort((left, right) => right.at_ms - left.at_ms)
          .slice(0, ATTEMPTS_SHOWN);
        return jsonAnswer(200, { callbacks, cadence_scale: channels[0]?.cadenceScale() ?? 1 });
      },
    },
    {
      method: 'POST',
      path: '/control/callback',
      answer: (request) => {
        const fields = readFields(request, ['out_trade_no']);
        const out_trade_no = textField(fields, 'out_trade_no', 'the number that the gateway gave the channel');
        const sender = channels.find((simulator) => simulator.resendCallback(out_trade_no));
        if (sender === undefined) {
          throw new ControlError(
            404,
            `out_trade_no ${out_trade_no.slice(0, 80)} has no callback to send again: the order is unknown, not paid, or of a kind that is never notified`,
          );
        }
        return jsonAnswer(200, { out_trade_no, channel: sender.channel });
      },
    },
  ];
}
