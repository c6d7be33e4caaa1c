import { SENTINELS } from '../../../simulators/src/bank/book.ts';
import { pick } from '../trial/pick.ts';
import { BankPayer, isReturnTo, placeTransfer, sendBack, type Placed } from './bank-payer.ts';
import { lookAfter } from './operator.ts';
import { inSeconds, insist, thinkingTime, type Story, type Teller } from './story.ts';
import type { Json } from '../../merchant.ts';

interface Order extends Placed {
  readonly teller: Teller;
  readonly payer: BankPayer;
  readonly expires_at_ms: number | null;
}

const SECOND_MS = 1_000;
const MOST_APART_MS = 3_000;
const LEAST_LIFE_S = 61;
const MOST_VISITS = 6;
/** Longer together than any question about a refund waits. */
const MOST_LOOKS = 50;
const LOOKS_EVERY_MS = 1_200_000;
/** So often it is seen that nothing hangs any more: longer together than a node stands still. */
const SETTLED_LOOKS = 3;

/** So many of them pay as they should. */
const RIGHT = 0.15;

/** How a payer pays, right and wrong. */
const WAYS: Readonly<Record<string, (order: Order) => Promise<void>>> = {
  async exact({ payer, fund_acc, total }) {
    payer.transfer(fund_acc, total);
  },
  async too_little({ payer, fund_acc, total }) {
    payer.transfer(fund_acc, Math.max(1, total - 1));
  },
  async too_much({ payer, fund_acc, total, teller }) {
    payer.transfer(fund_acc, total + teller.random.integer(1, total));
  },
  async twice({ payer, fund_acc, total, teller }) {
    payer.transfer(fund_acc, total);
    await soon(teller);
    payer.transfer(fund_acc, total);
  },
  /** In parts that are together enough, or more. */
  async parts({ payer, fund_acc, total, teller }) {
    const first = teller.random.integer(1, Math.max(1, total - 1));
    payer.transfer(fund_acc, first);
    await soon(teller);
    payer.transfer(fund_acc, Math.max(1, total - first) + (teller.random.chance(0.3) ? 1 : 0));
  },
  async wrong_currency({ payer, fund_acc, total }) {
    payer.transfer(fund_acc, total, { currency: 'USD' });
  },
  async wrong_payer({ payer, fund_acc, total }) {
    payer.transfer(fund_acc, total, { payer: { ...payer.party, name: '别人' } });
  },
  /** From an account that the bank does not tell. */
  async nameless({ payer, fund_acc, total, teller }) {
    payer.transfer(fund_acc, total + teller.random.integer(0, 1), { payer: { name: null, account: null, bank: null } });
  },
  async unknown_number({ payer, total }) {
    payer.transfer('9902000000000002', total);
  },
  async misdated({ payer, fund_acc, total, teller }) {
    payer.transfer(fund_acc, total, { booked_at_ms: teller.world.now_ms() - 24 * 3_600_000 });
  },
  /** After the bank's hour: it books it under the next day. */
  async next_day({ payer, fund_acc, total, teller }) {
    payer.transfer(fund_acc, total, { booked_at_ms: teller.world.now_ms() + 24 * 3_600_000 });
  },
  /** In the very seconds in which the merchant closes the order. */
  async meets_close(order) {
    const { payer, fund_acc, total, teller } = order;
    const { world, merchant, random, name } = teller;
    world.act(random.integer(0, MOST_APART_MS), name, async () => void payer.transfer(fund_acc, total));
    world.act(random.integer(0, MOST_APART_MS), merchant.name, () => ends(order, '/v2/pay/close'));
    await merchant.pause(MOST_APART_MS);
  },
  async after_close(order) {
    await ends(order, '/v2/pay/close');
    await soon(order.teller);
    order.payer.transfer(order.fund_acc, order.total);
  },
  async about_expiry({ payer, fund_acc, total, expires_at_ms, teller }) {
    if (expires_at_ms !== null)
      await teller.merchant.pause(expires_at_ms - teller.world.now_ms() + teller.random.integer(-2, 5) * SECOND_MS);
    payer.transfer(fund_acc, total);
  },
  /** A second payment in the seconds of the write-off, or later. */
  async meets_writeoff(order) {
    const { payer, fund_acc, total, teller } = order;
    const { world, random, name } = teller;
    payer.transfer(fund_acc, total);
    await soon(teller);
    world.act(random.integer(0, 2 * MOST_APART_MS), name, async () => void payer.transfer(fund_acc, total));
    await ends(order, '/v2/pay/writeoff');
    await teller.merchant.pause(2 * MOST_APART_MS);
  },
};

function soon({ merchant, random }: Teller): Promise<void> {
  return merchant.pause(random.chance(0.5) ? random.integer(0, 200) : thinkingTime(random));
}

async function ends({ teller, mch_trade_id }: Order, path: string): Promise<void> {
  await insist(teller.merchant, path, { mch_trade_id });
}

/** An order that is paid by bank transfer, and whatever payers, banks, the merchant and an operator do about it. */
export const transfer: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const payer = new BankPayer(teller);
  const way = random.chance(RIGHT) ? 'exact' : pick(random, Object.keys(WAYS));
  const time_expire = way === 'about_expiry' ? inSeconds(world, LEAST_LIFE_S + random.integer(0, 60)) : null;
  const wants_payer = way === 'wrong_payer' || random.chance(0.1);
  const placed = await placeTransfer(teller, {
    ...(time_expire === null ? {} : { time_expire }),
    ...(wants_payer ? { payer_name: payer.party.name } : {}),
  });
  if (!placed) return;
  const expires_at_ms = time_expire === null ? null : time_expire * SECOND_MS;
  const order: Order = { ...placed, teller, payer, expires_at_ms };
  const { mch_trade_id } = placed;
  await soon(teller);
  await WAYS[way]?.(order);
  if (random.chance(0.15)) bankTakesBack(order, thinkingTime(random));
  await soon(teller);
  if (random.chance(0.3)) await merchant.call('/v2/pay/query', { mch_trade_id });
  if (random.chance(0.4)) bankReturnsOurs(order);
  if (random.chance(0.8)) await decideAll(order);
  if (random.chance(0.5)) await refunds(order);
  if (random.chance(0.3)) await ends(order, '/v2/pay/writeoff');
};

/** An operator looks until there is something to decide, and again. */
async function decideAll(order: Order): Promise<void> {
  const { teller, fund_acc } = order;
  const { merchant, random } = teller;
  let decisions = random.integer(1, 3);
  for (let looks = 0; looks < MOST_VISITS && decisions > 0; looks += 1) {
    await merchant.pause(random.integer(0, MOST_APART_MS));
    // The bank changes its mind in the moment in which a person makes up theirs.
    if (random.chance(0.2)) bankTakesBack(order, random.integer(0, MOST_APART_MS));
    if (await lookAfter(teller, fund_acc)) decisions -= 1;
  }
}

function bankTakesBack({ teller, payer }: Order, delay_ms: number): void {
  teller.world.act(delay_ms, 'bank', async () => payer.takeOneBack());
}

/** What an operator sent back to this payer comes back again. */
function bankReturnsOurs({ teller, payer, fund_acc }: Order): void {
  const { world, random } = teller;
  world.act(
    random.integer(0, 2 * MOST_APART_MS),
    'bank',
    async () => void sendBack(teller, fund_acc, (payment) => isReturnTo(payer, payment)),
  );
}

const ENDS = ['', '', SENTINELS.fails, SENTINELS.hangs, SENTINELS.payee_unknown] as const;

/** Refunds that go through, fail, hang until the bank gives them up, or come back after they had succeeded. */
async function refunds({ teller, mch_trade_id, fund_acc, total }: Order): Promise<void> {
  const { world, merchant, random, name } = teller;
  const how = pick(random, ENDS);
  const parts = random.integer(1, 2);
  for (let part = 1; part <= parts; part += 1) {
    const refund_desc = `${name} ${part} ${how}`;
    const mch_refund_id = `${name}.r${part}`;
    const fields: Json = {
      mch_trade_id,
      mch_refund_id,
      refund_fee: parts === 1 && random.chance(0.5) ? total : random.integer(1, total),
      refund_desc,
      notify_url: merchant.notifyUrl(`/refunded/${mch_refund_id}`),
    };
    const answer = await insist(merchant, '/v2/pay/refund', fields);
    // What nobody has heard of may be sent all the same, by a node that stands still now.
    if (how === SENTINELS.hangs) world.act(thinkingTime(random), 'bank', () => givesUp(fields));
    if (answer?.code !== 0) continue;
    if (random.chance(0.15)) world.act(thinkingTime(random), 'bank', async () => comesBack(refund_desc));
    if (how !== '' && random.chance(0.5)) {
      // What has failed is asked for again.
      await merchant.pause(20 * SECOND_MS);
      await insist(merchant, '/v2/pay/refund', fields);
    }
  }

  function comesBack(refund_desc: unknown): void {
    sendBack(teller, fund_acc, ({ remark }) => remark === refund_desc);
  }

  /** What hangs at a bank is given up by it in the end, as often as it was sent. */
  async function givesUp({ mch_refund_id, refund_desc }: Json): Promise<void> {
    let settled = 0;
    for (let tries = 0; tries < MOST_LOOKS && settled < SETTLED_LOOKS; tries += 1) {
      comesBack(refund_desc);
      await merchant.pause(LOOKS_EVERY_MS);
      const asked = await merchant.call('/v2/pay/refund_query', { mch_trade_id, mch_refund_id });
      const is_settled = asked.kind === 'answered' && !JSON.stringify(asked.data).includes('"refund_status":1');
      settled = is_settled ? settled + 1 : 0;
    }
  }
}
