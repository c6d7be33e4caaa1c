import { pick } from '../trial/pick.ts';
import { insist, orderFields, scanCode, type Story } from './story.ts';

const MOST_APART_MS = 3_000;

/** A merchant that asks once for an end, hears whatever it hears, and never asks again. */
export const givesUp: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const wallet = pick(random, ['wechat', 'alipay'] as const);
  const by_code = random.chance(0.3);
  const code = by_code
    ? { auth_code: world.paymentCode(wallet, pick(random, ['pay', 'password_then_pay', 'timeout_but_paid'])) }
    : {};
  const fields = orderFields(teller, by_code ? 'common.micro' : `${wallet}.scan`, code);
  const placed = await (by_code ? merchant.call('/v2/pay', fields) : insist(merchant, '/v2/pay', fields));
  const code_url = placed?.kind === 'answered' ? placed.data['code_url'] : undefined;
  if (random.chance(0.7)) {
    world.act(random.integer(0, MOST_APART_MS), 'payer', async () => {
      scanCode(world, code_url, 'pay');
    });
  }
  await merchant.pause(random.integer(0, MOST_APART_MS));
  const end = pick(random, ['reverse', 'reverse', 'close'] as const);
  await merchant.call(`/v2/pay/${end}`, { mch_trade_id: fields.mch_trade_id });
};
