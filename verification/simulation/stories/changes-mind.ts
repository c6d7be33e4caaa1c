import { pick } from '../trial/pick.ts';
import { insist, orderFields, scanCode, type Story } from './story.ts';

const MEETINGS = [
  ['close'],
  ['reverse'],
  ['close', 'reverse'],
  ['reverse', 'close', 'reverse'],
  ['close', 'close'],
] as const;
const MOST_APART_MS = 4_000;

/** Closes and reverses within the seconds in which the payer pays. */
export const changesMind: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const fields = orderFields(teller, pick(random, ['wechat.scan', 'alipay.scan'] as const));
  const { mch_trade_id } = fields;
  // Sometimes it ends what it has not yet been answered about.
  const placing = insist(merchant, '/v2/pay', fields);
  const placed = random.chance(0.2) ? null : await placing;
  if (placed && placed.code !== 0) return;
  if (placed && random.chance(0.8)) {
    world.act(random.integer(0, MOST_APART_MS), 'payer', async () => {
      scanCode(world, placed.data['code_url'], 'pay');
    });
  }
  for (const deed of pick(random, MEETINGS)) {
    world.act(random.integer(0, MOST_APART_MS), merchant.name, async () => {
      await insist(merchant, `/v2/pay/${deed}`, { mch_trade_id });
    });
  }
  await placing;
};
