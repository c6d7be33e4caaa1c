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
  // It does not wait for an answer that did not come.
  if (random.chance(0.3) && (decided.kind === 'no_answer' || decided.code === 601))
    await insist(merchant, '/v2/pay/reverse', { mch_trade_id });
  // The cashier presses again.
  if (random.chance(0.1)) decided = await merchant.call('/v2/pay', fields);
  if (random.chance(0.3)) await merchant.call('/v2/pay/close', { mch_trade_id });
  // Nobody looks at the till any more.
  if (random.chance(0.35)) return;
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

/** The answer is slow, and the cashier reverses before it comes; sometimes the reverse gets lost too. */
export const reversedMeanwhile: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const channel = pick(random, ['wechat', 'alipay'] as const);
  const fields = orderFields(teller, 'common.micro', { auth_code: world.paymentCode(channel, 'pay') });
  world.faults.add({ channel, operation: 'pay', fault: 'slow', count: 1 });
  if (random.chance(0.5)) world.faults.add({ channel, operation: 'reverse', fault: 'timeout_before', count: 1 });
  world.act(random.integer(200, 2_500), merchant.name, async () => {
    await insist(merchant, '/v2/pay/reverse', { mch_trade_id: fields.mch_trade_id });
  });
  await merchant.call('/v2/pay', fields);
};

/** Neither the payer nor the cashier comes back. */
export const leftAlone: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const wallet = pick(random, ['wechat', 'alipay'] as const);
  const behaviour = pick(random, ['password_then_cancel', 'timeout_not_paid'] as const);
  const fields = orderFields(teller, 'common.micro', { auth_code: world.paymentCode(wallet, behaviour) });
  await merchant.call('/v2/pay', fields);
  if (random.chance(0.5)) await merchant.call('/v2/pay/close', { mch_trade_id: fields.mch_trade_id });
};
