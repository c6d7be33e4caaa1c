import { pick } from '../trial/pick.ts';
import { refusal } from '../liar.ts';
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
  const wallet = pick(random, ['wechat', 'alipay'] as const);
  const fields = orderFields(teller, `${wallet}.scan`);
  const { mch_trade_id } = fields;
  // Sometimes it ends what it has not yet been answered about.
  const at_once = random.chance(0.2);
  if (at_once) world.faults.add({ channel: wallet, operation: 'pay', fault: 'slow', count: 1 });
  const placing = insist(merchant, '/v2/pay', fields);
  const placed = at_once ? null : await placing;
  if (placed && placed.code !== 0) return;
  if (random.chance(0.2)) world.faults.add({ channel: wallet, operation: 'callback', fault: 'drop', count: 1 });
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

/** Is told that its close is under way, and wants a reverse instead, or the channel refuses it later. */
export const promisedInVain: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const fields = orderFields(teller, pick(random, ['wechat.scan', 'alipay.scan'] as const));
  const { mch_trade_id } = fields;
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  const trade_id = String(placed.data['trade_id']);
  const refused = random.chance(0.7);
  for (const channel of refused ? (['wechat', 'alipay'] as const) : []) {
    world.liar.tell({
      channel,
      operation: 'close',
      about: trade_id,
      times: 1,
      does_it: false,
      say: () => refusal(channel),
    });
  }
  if (!refused || random.chance(0.7)) world.network.befall({ when: isClose(trade_id), fate: 'request_lost', times: 1 });
  await merchant.call(`/v2/pay/${refused && random.chance(0.5) ? 'reverse' : 'close'}`, { mch_trade_id });
  if (!refused) await insist(merchant, '/v2/pay/reverse', { mch_trade_id });
};

/** Ends what has been paid without its knowing: the callback never comes. */
export const paidUnseen: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const channel = pick(random, ['wechat', 'alipay'] as const);
  const fields = orderFields(teller, `${channel}.scan`);
  const { mch_trade_id } = fields;
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  world.faults.add({ channel, operation: 'callback', fault: 'drop', count: 1 });
  scanCode(world, placed.data['code_url'], 'pay');
  await merchant.pause(random.integer(0, 2_000));
  await insist(merchant, `/v2/pay/${random.chance(0.7) ? 'close' : 'reverse'}`, { mch_trade_id });
};

function isClose(trade_id: string) {
  return ({ target, body }: { readonly target: string; readonly body: Buffer }): boolean => {
    const text = body.toString('utf8');
    return target.endsWith('/close')
      ? target.includes(trade_id)
      : text.includes(trade_id) && text.includes('alipay.trade.close');
  };
}
