import { FAILURE, SUCCESS, type Reaction } from '../merchant.ts';
import { replayNotificationsOfOrder } from '../../../gateway/src/operations/replay-notifications.ts';
import { pick } from '../trial/pick.ts';
import { atNode } from './operator.ts';
import { insist, orderFields, scanCode, type Story } from './story.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
/** The last attempt is made 45 h 19 m after the first. */
const GIVEN_UP_MS = 46 * HOUR_MS;

/** The server answers with an error at once, or works again, or both by turns: the slower answer is the later one. */
const BY_TURNS: readonly Reaction[] = [
  { ...FAILURE, delay_ms: 1_500 },
  { ...SUCCESS, delay_ms: 3_500 },
];

/** A merchant whose server is out of order until its notification is given up, and an operator who sends it again. */
export const deaf: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const path = `/deaf/${name}`;
  const fields = orderFields(teller, pick(random, ['wechat.scan', 'alipay.scan'] as const), {
    notify_url: merchant.notifyUrl(path),
  });
  merchant.reactions.set(path, () => FAILURE);
  const { mch_trade_id } = fields;
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code === 0 && scanCode(world, placed.data['code_url'], 'pay')) {
    // Reversed meanwhile: what is outdated is given up.
    if (random.chance(0.2)) {
      await merchant.pause(30 * SECOND_MS);
      await insist(merchant, '/v2/pay/reverse', { mch_trade_id });
    }
    await merchant.pause(random.chance(0.8) ? GIVEN_UP_MS : random.integer(0, 600) * SECOND_MS);
    const replay = (): Promise<void> =>
      atNode(teller, 'replays', (gateway) => replayNotificationsOfOrder(gateway, merchant.merchant_id, mch_trade_id));
    let heard = 0;
    if (random.chance(0.7)) merchant.reactions.set(path, () => BY_TURNS[heard++ % BY_TURNS.length] ?? SUCCESS);
    await replay();
    await merchant.pause(random.integer(0, 1_500));
    await replay();
    await merchant.pause(10 * SECOND_MS);
    merchant.reactions.delete(path);
    await replay();
  }
  merchant.reactions.delete(path);
};
