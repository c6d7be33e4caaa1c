/** Stories in which a channel, or a merchant's server, behaves in a way that is rare. */
import type { Json } from '../../merchant.ts';
import { FORGERIES } from '../forger.ts';
import { oneFenMore, refusal, type LyingChannel } from '../liar.ts';
import { sealAway, setStatus } from '../trial/operator.ts';
import { pick } from '../trial/pick.ts';
import type { World } from '../world.ts';
import { inSeconds, insist, orderFields, scanCode, thinkingTime, tryToPay, type Story, type Teller } from './story.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const RUSH_LIFE_S = 300;
const WALLETS = ['wechat', 'alipay'] as const satisfies readonly LyingChannel[];

/** Places an order and pays it at once. @returns its fields and number at the channel; null when it came to nothing */
export async function paidOrder(
  teller: Teller,
  wallet: LyingChannel,
  more: Json = {},
): Promise<(Json & { mch_trade_id: string; trade_id: string }) | null> {
  const { world, merchant } = teller;
  const fields = orderFields(teller, `${wallet}.scan`, more);
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0 || !scanCode(world, placed.data['code_url'], 'pay')) return null;
  return { ...fields, trade_id: String(placed.data['trade_id']) };
}

/** The channel takes an order and says that it does not; its payer pays all the same. */
export const denied: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const about = `goods of ${name}`;
  const lie = { operation: 'pay', about, times: 4, does_it: true } as const;
  world.liar.tell({ ...lie, channel: 'wechat', say: () => refusal('wechat') });
  const fields = orderFields(teller, 'wechat.scan');
  await merchant.call('/v2/pay', fields);
  await merchant.pause(thinkingTime(random));
  const open = world.wechat.pending().find((one) => one.description === about);
  if (open) tryToPay(world, () => world.wechat.scan(open.code, 'pay'), 'pay');
  await merchant.call('/v2/pay/query', { mch_trade_id: fields.mch_trade_id });
};

/** Words by which the simulators let a refund go wrong. */
const WORDS = {
  wechat: ['CLOSED', 'CLOSED', 'ABNORMAL', 'ABNORMAL'],
  alipay: [
    'REFUND_PENDING',
    'REFUND_FAILS_LATER',
    'REFUND_FAILS_LATER',
    'SELLER_BALANCE_NOT_ENOUGH',
    'TRADE_NOT_ALLOW_REFUND',
  ],
} as const;

/** Refunds that are refused, closed, stuck or slow, and are asked for again under their number. */
export const regret: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const wallet = pick(random, WALLETS);
  const paid = await paidOrder(teller, wallet);
  if (!paid) return;
  await merchant.pause(thinkingTime(random));
  const word = pick<string>(random, WORDS[wallet]);
  const mch_refund_id = `${name}.r`;
  const refund = {
    mch_trade_id: paid.mch_trade_id,
    mch_refund_id,
    refund_fee: Number(paid['total_fee']),
    refund_desc: word,
    ...(random.chance(0.9) ? { notify_url: merchant.notifyUrl(`/refunded/${mch_refund_id}`) } : {}),
  };
  // The outcome is found by asking, for the answer is lost.
  if (random.chance(0.6)) world.network.befall({ when: isRefund(paid.trade_id), fate: 'answer_lost', times: 1 });
  await merchant.call('/v2/pay/refund', refund);
  await merchant.pause(random.integer(5, 120) * SECOND_MS);
  await merchant.call('/v2/pay/refund_query', { mch_refund_id });
  if (word === 'ABNORMAL') settleAbnormal(teller, paid.trade_id);
  if (random.chance(0.7)) await insist(merchant, '/v2/pay/refund', refund);
};

/** A refund that Alipay takes, lets fail, and refuses when it is sent again. */
export const refusedLater: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const paid = await paidOrder(teller, 'alipay');
  if (!paid) return;
  await merchant.pause(SECOND_MS);
  const refund = {
    mch_trade_id: paid.mch_trade_id,
    mch_refund_id: `${name}.r`,
    refund_fee: 1,
    refund_desc: 'REFUND_FAILS_LATER',
  };
  await merchant.call('/v2/pay/refund', refund);
  const lie = { channel: 'alipay', operation: 'refund', about: paid.trade_id, times: 1, does_it: false } as const;
  world.liar.tell({ ...lie, say: () => refusal('alipay') });
  await merchant.pause(random.integer(30, 300) * SECOND_MS);
  await insist(merchant, '/v2/pay/refund', refund);
};

/** Somebody at WeChat Pay's console sends the money another way, or gives up. */
function settleAbnormal({ world, random }: Teller, trade_id: string): void {
  const outcome = random.chance(0.6) ? 'SUCCESS' : 'CLOSED';
  if (!random.chance(0.8)) return;
  const settled = world.wechat.settleAbnormalRefunds(trade_id, outcome);
  world.trace.note('console', `${settled} abnormal refunds of ${trade_id}: ${outcome}`);
}

function isRefund(trade_id: string) {
  return ({ target, body }: { readonly target: string; readonly body: Buffer }): boolean => {
    const text = body.toString('utf8');
    return text.includes(trade_id) && (target.includes('refund') || text.includes('alipay.trade.refund&'));
  };
}

const WECHAT_ACCOUNTS = ['wechat', 'wechat-b', 'wechat-v2'] as const;

/** Whoever WeChat Pay keeps money for. */
function receiversOf({ world }: Teller): readonly string[] {
  return world.keys.wechat.merchants.flatMap((one) => [one.mchid, ...one.sub_merchants.map(({ mchid }) => mchid)]);
}

/** An account in which there is not enough for a refund, until somebody fills it. */
export const poor: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const paid = await paidOrder(teller, 'wechat');
  if (!paid) return;
  await merchant.pause(thinkingTime(random));
  for (const mchid of receiversOf(teller)) world.wechat.setBalance(mchid, 0);
  const fields = {
    mch_trade_id: paid.mch_trade_id,
    mch_refund_id: `${name}.r`,
    refund_fee: Number(paid['total_fee']),
    refund_desc: 'poor',
  };
  await merchant.call('/v2/pay/refund', fields);
  await merchant.pause(random.integer(1, 3_000) * SECOND_MS);
  for (const mchid of receiversOf(teller)) world.wechat.setBalance(mchid, null);
};

/** The accounts of WeChat Pay cannot be opened for a while: they were stored where another master key is. */
export const locked: Story = async (teller) => {
  const { world, merchant, name } = teller;
  const paid = await paidOrder(teller, 'wechat');
  if (!paid) return;
  const { mch_trade_id } = paid;
  const open = { ...orderFields(teller, 'wechat.scan'), mch_trade_id: `${name}.2` };
  await merchant.call('/v2/pay', open);
  for (const mchid of receiversOf(teller)) world.wechat.setBalance(mchid, 0);
  const refund = { mch_trade_id, mch_refund_id: `${name}.r`, refund_fee: 1, refund_desc: 'locked' };
  await merchant.call('/v2/pay/refund', refund);
  await merchant.pause(15 * SECOND_MS);
  for (const account_id of WECHAT_ACCOUNTS) await sealAway(world, account_id);
  await merchant.pause(SECOND_MS);
  await merchant.call('/v2/pay', { ...open, mch_trade_id: `${name}.3` });
  for (const deed of ['query', 'close', 'reverse'])
    await merchant.call(`/v2/pay/${deed}`, { mch_trade_id: `${name}.2` });
  await merchant.call('/v2/pay/refund_query', { mch_refund_id: refund.mch_refund_id });
  await merchant.call('/v2/pay/refund', { ...refund, mch_refund_id: `${name}.r2` });
  // Until it is mended they are taken out of use.
  for (const account_id of WECHAT_ACCOUNTS) await setStatus(world, account_id, 'suspended');
  await merchant.pause(SECOND_MS);
  await merchant.call('/v2/pay', { ...open, mch_trade_id: `${name}.4` });
  for (const account_id of WECHAT_ACCOUNTS) await setStatus(world, account_id, 'active');
  for (const mchid of receiversOf(teller)) world.wechat.setBalance(mchid, null);
};

/** The channel tells of one fen more for more than a day, and no callback comes. */
export const mistaken: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const channel = pick(random, WALLETS);
  const fields = orderFields(teller, `${channel}.scan`, { time_expire: inSeconds(world, 90) });
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  world.liar.tell({
    channel,
    operation: 'query',
    about: String(placed.data['trade_id']),
    times: QUERIES_OF_A_DAY,
    does_it: true,
    lasting: true,
    say: (truth) => oneFenMore(channel, truth),
  });
  world.faults.add({ channel, operation: 'callback', fault: 'drop', count: 1 });
  scanCode(world, placed.data['code_url'], 'pay');
};

/** Every ten minutes one. */
const QUERIES_OF_A_DAY = 160;

/** Somebody sends callbacks in the channel's name after the true ones. */
export const impostor: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const kinds = Object.keys(FORGERIES);
  const wallet = pick(random, WALLETS);
  for (let chosen = 0; chosen < 4; chosen += 1) world.forger.forge(pick(random, kinds), 1);
  // These are of refunds, which are rarer.
  if (random.chance(0.8)) world.forger.forge('of a refund that succeeded', 1);
  if (random.chance(0.5)) world.forger.forge('of a refund with another amount', 1);
  const paid = await paidOrder(teller, wallet);
  if (!paid) return;
  await merchant.pause(thinkingTime(random));
  const refund_desc = random.chance(0.7) ? 'CLOSED' : 'fine';
  const refund = { mch_trade_id: paid.mch_trade_id, mch_refund_id: `${name}.r`, refund_fee: 1, refund_desc };
  await merchant.call('/v2/pay/refund', refund);
};

/** A payment that comes too late and cannot be given back: WeChat Pay closes refunds of 94.05 yuan, and sticks with 94.04. */
export const stuck: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const total_fee = random.integer(0, 5) * 10_000 + pick(random, [9_404, 9_405]);
  const fields = orderFields(teller, 'wechat.scan', { total_fee });
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  scanCode(world, placed.data['code_url'], 'pay');
  await merchant.pause(random.integer(0, 3) * SECOND_MS);
  await merchant.call('/v2/pay/reverse', { mch_trade_id: fields.mch_trade_id });
  await merchant.pause(60 * SECOND_MS);
  await merchant.call('/v2/pay/reverse', { mch_trade_id: fields.mch_trade_id });
  settleAbnormal(teller, String(placed.data['trade_id']));
};

/** A merchant whose server is gone: nothing is ever delivered there. */
export const deaf: Story = async (teller) => {
  const { name } = teller;
  await paidOrder(teller, pick(teller.random, WALLETS), { notify_url: `https://gone.example/${name}` });
};

/** Asks for more refunds of one order than there may be. */
export const crumbs: Story = async (teller) => {
  const { merchant, name } = teller;
  const paid = await paidOrder(teller, 'alipay', { total_fee: 90_000 });
  if (!paid) return;
  await merchant.pause(2 * SECOND_MS);
  for (let number = 1; number <= 51; number += 1) {
    const fields = {
      mch_trade_id: paid.mch_trade_id,
      mch_refund_id: `${name}.r${number}`,
      refund_fee: 1,
      refund_desc: 'a crumb',
    };
    await merchant.call('/v2/pay/refund', fields);
  }
};

/** Reverses a week later, asks for a refund of what can be refunded no more. */
export const muchLater: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const wallet = pick(random, WALLETS);
  const paid = await paidOrder(teller, wallet);
  if (!paid) return;
  const { mch_trade_id } = paid;
  await merchant.pause(random.integer(1, 12) * DAY_MS);
  if (wallet === 'alipay' && random.chance(0.5)) {
    tryToPay(world, () => world.alipay.finishTrade(paid.trade_id), 'finish');
    await merchant.pause(SECOND_MS);
  }
  await merchant.call('/v2/pay/reverse', { mch_trade_id });
  await merchant.call('/v2/pay/writeoff', { mch_trade_id });
  await merchant.call('/v2/pay/close', { mch_trade_id });
};

/** Once in a world: what a channel does not answer then is asked for again for hours. */
const rushed = new WeakSet<World>();

/** Ten orders at once while the channel does not answer: its account is left alone for a while. */
export const rush: Story = async (teller) => {
  const { world, merchant, random, name } = teller;
  const wallet = pick(random, WALLETS);
  if (rushed.has(world)) return;
  rushed.add(world);
  world.faults.add({
    channel: wallet,
    operation: '*',
    fault: 'http_500',
    count: 32,
  });
  // Each is asked about for as long as it lives.
  const time_expire = inSeconds(world, RUSH_LIFE_S);
  for (let number = 1; number <= 24; number += 1) {
    const fields = orderFields(teller, `${wallet}.scan`, { time_expire });
    world.act(number * 300, merchant.name, async () => {
      await merchant.call('/v2/pay', { ...fields, mch_trade_id: `${name}.${number}` });
    });
  }
};
