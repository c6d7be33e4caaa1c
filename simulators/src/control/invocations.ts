import type { ChannelSimulator } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import { readFields, textField } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

const MEANING = 'the client parameters that the merchant got, as the text that its page or app hands to the wallet';

/** Hands client parameters to the wallet, which refuses what a real one would refuse. Nothing is paid by it. */
export function invocationRoutes(channels: readonly ChannelSimulator[]): Route[] {
  return [
    {
      method: 'POST',
      path: '/control/invoke',
      answer: (request) => {
        const pay_info = textField(readFields(request, ['pay_info']), 'pay_info', MEANING);
        const owner = channels.find((simulator) => simulator.ownsInvocation(pay_info));
        if (owner === undefined) throw new ControlError(400, `pay_info is of no wallet's form here: give ${MEANING}`);
        return jsonAnswer(200, owner.invoke(pay_info));
      },
    },
  ];
}
