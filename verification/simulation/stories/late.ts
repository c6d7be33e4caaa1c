import { pick } from '../trial/pick.ts';
import { acceptingLate, inSeconds, insist, orderFields, scanCode, type Story, type Teller } from './story.ts';

const SECOND_MS = 1_000;

/** A payer who comes when the order's time is up, or in the very second. */
export const late: Story = async (teller) => {
  const { world, merchant, random } = teller;
  if (random.chance(0.4)) return afterItsClose(teller);
  const seconds = random.integer(61, 130);
  const time_expire = inSeconds(world, seconds);
  const fields = orderFields(teller, pick(random, ['wechat.scan', 'alipay.scan'] as const), { time_expire });
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  const until_expiry_ms = time_expire * SECOND_MS - world.now_ms();
  await merchant.pause(Math.max(0, until_expiry_ms + random.integer(-2, 120) * SECOND_MS));
  scanCode(world, placed.data['code_url'], 'pay');
  if (random.chance(0.5)) await merchant.call('/v2/pay/query', { mch_trade_id: fields.mch_trade_id });
};

/** A payer who has kept a code of Alipay that nobody had opened when it was closed. */
async function afterItsClose(given: Teller): Promise<void> {
  const teller = acceptingLate(given);
  const { world, merchant, random } = teller;
  const fields = orderFields(teller, 'alipay.scan');
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  await merchant.pause(random.integer(0, 5) * SECOND_MS);
  await insist(merchant, `/v2/pay/${random.chance(0.7) ? 'close' : 'reverse'}`, { mch_trade_id: fields.mch_trade_id });
  await merchant.pause(random.integer(0, 5) * SECOND_MS);
  scanCode(world, placed.data['code_url'], 'pay');
}
