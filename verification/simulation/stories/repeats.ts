import { pick } from '../trial/pick.ts';
import { insist, orderFields, scanCode, thinkingTime, type Story } from './story.ts';

/** A merchant whose program sends everything twice, at once and later; sometimes not quite the same. */
export const repeats: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const fields = orderFields(teller, pick(random, ['wechat.scan', 'alipay.scan'] as const));
  const other = random.chance(0.3) ? { ...fields, total_fee: Number(fields['total_fee']) + 1 } : fields;
  const [first] = await Promise.all([merchant.call('/v2/pay', fields), merchant.call('/v2/pay', other)]);
  await merchant.pause(thinkingTime(random));
  const again = await insist(merchant, '/v2/pay', fields);
  const code_url = again?.data['code_url'] ?? (first.kind === 'answered' ? first.data['code_url'] : undefined);
  if (!scanCode(world, code_url, 'pay')) return;
  const refund = {
    mch_trade_id: fields.mch_trade_id,
    mch_refund_id: `${fields.mch_trade_id}.r`,
    refund_fee: Number(fields['total_fee']),
    refund_desc: 'twice',
    notify_url: merchant.notifyUrl(`/refunded/${fields.mch_trade_id}`),
  };
  await merchant.pause(thinkingTime(random));
  // Enough of them that two wait for a third.
  await Promise.all(Array.from({ length: 5 }, () => merchant.call('/v2/pay/refund', refund)));
  if (random.chance(0.4)) await merchant.call('/v2/pay/refund', { ...refund, refund_desc: 'once more' });
};
