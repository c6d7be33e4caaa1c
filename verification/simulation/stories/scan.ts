import { pick } from '../trial/pick.ts';
import { insist, orderFields, scanCode, thinkingTime, type Story, type Teller } from './story.ts';

/** An order with a code to scan; a payer who pays, cancels, tries twice or walks away; a merchant who asks and gives back. */
export const scan: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const pay_type = pick(random, ['wechat.scan', 'alipay.scan'] as const);
  const fields = orderFields(teller, pay_type);
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  const { code_url } = placed.data;
  await merchant.pause(thinkingTime(random));
  const action = pick(random, ['pay', 'pay', 'pay', 'pay', 'cancel', 'wrong_password', null] as const);
  if (action !== null) scanCode(world, code_url, action);
  if (random.chance(0.1)) scanCode(world, code_url, 'pay');
  if (random.chance(0.3)) {
    await merchant.pause(thinkingTime(random));
    await merchant.call('/v2/pay/query', { mch_trade_id: fields.mch_trade_id });
  }
  if (random.chance(0.5)) await giveBack(teller, fields.mch_trade_id, Number(fields['total_fee']));
  world.trace.note(name, 'is told');
};

/** Several refunds at once, together sometimes more than was paid; now and then one number with two amounts. */
export async function giveBack(
  { world, merchant, random, name }: Teller,
  mch_trade_id: string,
  total_fee: number,
): Promise<void> {
  await merchant.pause(thinkingTime(random));
  const parts = random.integer(1, 3);
  for (let part = 1; part <= parts; part += 1) {
    const mch_refund_id = random.chance(0.15) ? `${name}.r1` : `${name}.r${part}`;
    const refund_fee = random.chance(0.5) ? total_fee : random.integer(1, total_fee);
    const refund = {
      mch_trade_id,
      mch_refund_id,
      refund_fee,
      refund_desc: `part ${part}`,
      ...(random.chance(0.8) ? { notify_url: merchant.notifyUrl(`/refunded/${mch_refund_id}`) } : {}),
    };
    const delay_ms = random.chance(0.5) ? 0 : thinkingTime(random);
    world.act(delay_ms, merchant.name, async () => {
      await insist(merchant, '/v2/pay/refund', refund);
      if (random.chance(0.4)) await merchant.call('/v2/pay/refund_query', { mch_trade_id, mch_refund_id });
      if (random.chance(0.15)) await merchant.call('/v2/pay/reverse', { mch_trade_id });
    });
  }
}
