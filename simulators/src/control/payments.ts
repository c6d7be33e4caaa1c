import type { ChannelName, ChannelSimulator, PayerAction, PendingPayment } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import { choiceField, readFields, textField } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

const ACTIONS: readonly PayerAction[] = ['pay', 'cancel', 'wrong_password'];
const PENDING_LIMIT = 50;
const CODE_MEANING =
  'the text inside the QR code, for example weixin://wxpay/bizpayurl?pr=… or https://qr.alipay.com/…, the link of an H5 order, or a payment code that a till has presented';
const PREPAY_MEANING = 'the prepay_id, trade_no or order string that the merchant got for its client';

export type ShownPayment = PendingPayment & { readonly channel: ChannelName };

/** What a payer does with a phone: see what waits, look at a code, act on it, or act inside a merchant's page or app. */
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
        return jsonAnswer(200, scan(channels, code, action));
      },
    },
    {
      method: 'POST',
      path: '/control/prepay',
      answer: (request) => {
        const fields = readFields(request, ['prepay_id', 'action']);
        const prepay_id = textField(fields, 'prepay_id', PREPAY_MEANING);
        const action = choiceField(fields, 'action', ACTIONS);
        return jsonAnswer(200, prepayOwnerOf(channels, prepay_id).payPrepay(prepay_id, action));
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

/** What waits in the phone's list is acted on in the same way, also an order that came in by its prepay_id. */
function scan(
  channels: readonly ChannelSimulator[],
  code: string,
  action: PayerAction,
): { out_trade_no: string; state: string } {
  const prepaid = channels.find((simulator) => !simulator.ownsCode(code) && simulator.ownsPrepay(code));
  return prepaid ? prepaid.payPrepay(code, action) : ownerOf(channels, code).scan(code, action);
}

function ownerOf(channels: readonly ChannelSimulator[], code: string): ChannelSimulator {
  const owner = channels.find((simulator) => simulator.ownsCode(code));
  if (owner === undefined) {
    throw new ControlError(404, `code "${code.slice(0, 80)}" is of no wallet here: ${CODE_MEANING}`);
  }
  return owner;
}

function prepayOwnerOf(channels: readonly ChannelSimulator[], prepay_id: string): ChannelSimulator {
  const owner = channels.find((simulator) => simulator.ownsPrepay(prepay_id));
  if (owner === undefined) {
    throw new ControlError(404, `prepay_id "${prepay_id.slice(0, 80)}" is of no wallet here: give ${PREPAY_MEANING}`);
  }
  return owner;
}
