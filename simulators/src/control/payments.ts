import type { ChannelName, ChannelSimulator, PayerAction, PendingPayment } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import { choiceField, readFields, textField } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

const ACTIONS: readonly PayerAction[] = ['pay', 'cancel', 'wrong_password'];
const PENDING_LIMIT = 50;
const CODE_MEANING =
  'the text inside the QR code, for example weixin://wxpay/bizpayurl?pr=… or https://qr.alipay.com/…';

export type ShownPayment = PendingPayment & { readonly channel: ChannelName };

/** What a payer does with a phone: see what waits, look at a code, act on it. */
export function paymentRoutes(channels: readonly ChannelSimulator[]): Route[] {
  return [
    { method: 'GET', path: '/control/pending', answer: () => jsonAnswer(200, { pending: pendingOf(channels) }) },
    {
      method: 'POST',
      path: '/control/look',
      answer: (request) => {
        const code = textField(readFields(request, ['code']), 'code', CODE_MEANING);
        return jsonAnswer(200, look(channels, code));
      },
    },
    {
      method: 'POST',
      path: '/control/scan',
      answer: (request) => {
        const fields = readFields(request, ['code', 'action']);
        const code = textField(fields, 'code', CODE_MEANING);
        const action = choiceField(fields, 'action', ACTIONS);
        return jsonAnswer(200, ownerOf(channels, code).scan(code, action));
      },
    },
  ];
}

function pendingOf(channels: readonly ChannelSimulator[]): ShownPayment[] {
  return channels
    .flatMap((simulator) => simulator.pending().map((payment) => ({ channel: simulator.channel, ...payment })))
    .sort((left, right) => right.created_at_ms - left.created_at_ms)
    .slice(0, PENDING_LIMIT);
}

function look(channels: readonly ChannelSimulator[], code: string): ShownPayment {
  const simulator = ownerOf(channels, code);
  const payment = simulator.look(code);
  if (payment === undefined) {
    throw new ControlError(
      404,
      `code is of ${simulator.channel}'s form, but no order here has it: was it made elsewhere?`,
    );
  }
  return { channel: simulator.channel, ...payment };
}

function ownerOf(channels: readonly ChannelSimulator[], code: string): ChannelSimulator {
  const owner = channels.find((simulator) => simulator.ownsCode(code));
  if (owner === undefined) {
    throw new ControlError(404, `code "${code.slice(0, 80)}" is of no wallet here: ${CODE_MEANING}`);
  }
  return owner;
}
