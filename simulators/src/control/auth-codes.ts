import type { AuthCodeBehaviour, ChannelSimulator } from '../kernel/channel-simulator.ts';
import { choiceField, readFields } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

/** Every behaviour of a payment code, in the order in which the wallet page offers them. */
export const AUTH_CODE_BEHAVIOURS: readonly AuthCodeBehaviour[] = [
  'pay',
  'password_then_pay',
  'password_then_cancel',
  'insufficient',
  'expired',
  'timeout_but_paid',
  'timeout_not_paid',
];

/** Makes a payment code (付款码) for a till to read. */
export function authCodeRoutes(channels: readonly ChannelSimulator[]): Route[] {
  return [
    {
      method: 'POST',
      path: '/control/auth-code',
      answer: (request) => {
        const fields = readFields(request, ['wallet', 'behaviour']);
        const wallet = choiceField(
          fields,
          'wallet',
          channels.map(({ channel }) => channel),
        );
        const behaviour = choiceField(fields, 'behaviour', AUTH_CODE_BEHAVIOURS);
        const auth_code = channels.find(({ channel }) => channel === wallet)?.makeAuthCode(behaviour);
        return jsonAnswer(200, { auth_code });
      },
    },
  ];
}
