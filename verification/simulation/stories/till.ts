import type { AuthCodeBehaviour } from '../../../simulators/src/kernel/channel-simulator.ts';
import { pick } from '../trial/pick.ts';
import { giveBack } from './scan.ts';
import { insist, orderFields, type Story } from './story.ts';

const BEHAVIOURS: readonly AuthCodeBehaviour[] = [
  'pay',
  'pay',
  'password_then_pay',
  'password_then_cancel',
  'insufficient',
  'expired',
  'timeout_but_paid',
  'timeout_not_paid',
];
const SECOND_MS = 1_000;

/** A till: the shop scans the payer's code, asks every five seconds, and reverses what it does not understand in its patience. */
export const till: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const wallet = pick(random, ['wechat', 'alipay'] as const);
  const auth_code = world.paymentCode(wallet, pick(random, BEHAVIOURS));
  const fields = orderFields(teller, 'common.micro', { auth_code });
  const { mch_trade_id } = fields;
  const patience_until_ms = world.now_ms() + random.integer(1, 60) * SECOND_MS;
  let decided = await merchant.call('/v2/pay', fields);
  // The cashier presses again.
  if (random.chance(0.1)) decided = await merchant.call('/v2/pay', fields);
  while (merchant.now_ms() < patience_until_ms) {
    if (decided.kind === 'answered' && [0, 3, 5].includes(Number(decided.data['trade_state']))) break;
    if (decided.kind === 'answered' && decided.code === 301) break;
    await merchant.pause(5 * SECOND_MS);
    decided = await merchant.call('/v2/pay/query', { mch_trade_id });
  }
  const is_paid = decided.kind === 'answered' && decided.data['trade_state'] === 0;
  if (!is_paid || random.chance(0.2)) await insist(merchant, '/v2/pay/reverse', { mch_trade_id });
  else if (random.chance(0.4)) await giveBack(teller, mch_trade_id, Number(fields['total_fee']));
};
