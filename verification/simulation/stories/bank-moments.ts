/** Moments at a bank that chance alone hardly ever finds: each is brought about on purpose. */
import { acceptCredit, returnCredit } from '../../../gateway/src/operations/settle-credit.ts';
import { pick } from '../trial/pick.ts';
import type { Json } from '../../merchant.ts';
import { BankPayer, isReturnTo, placeTransfer, sendBack, type Placed } from './bank-payer.ts';
import { atNode, BY, readQueue } from './operator.ts';
import { insist, type Story, type Teller } from './story.ts';

interface Scene extends Placed {
  readonly teller: Teller;
  readonly payer: BankPayer;
}

const SECOND_MS = 1_000;
const MOST_APART_MS = 3_000;
/** A refund by transfer is sent and asked about by then, and a credit is put before a person. */
const LOOKS = 12;
const LOOKS_EVERY_MS = 10 * SECOND_MS;

const MOMENTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  /** The message about a transfer is late, and that the bank has taken it back is heard before. */
  async taken_back_before_heard({ teller, payer, fund_acc, total }) {
    const { world } = teller;
    world.faults.add({ channel: 'bank', operation: 'callback', fault: 'late', count: 1 });
    const reference = payer.transfer(fund_acc, total);
    await teller.merchant.pause(MOST_APART_MS);
    payer.takeBack(reference);
  },
  /** Two operators accept two transfers for one order at once; a node may die of it, and the bank may take one back. */
  async two_accepted(scene) {
    const { teller, payer, fund_acc, total } = scene;
    const { world, merchant, random } = teller;
    for (let times = 1; times <= 2; times += 1) payer.transfer(fund_acc, total + times);
    const matters = await mattersOf(scene, 2);
    if (random.chance(0.5)) world.act(random.integer(0, MOST_APART_MS), 'bank', async () => payer.takeOneBack());
    await Promise.all(
      matters.map(async ({ exception_id }, which) => {
        // Whoever is second meets what the first has begun, or what a dead node has left of it.
        if (which > 0) await merchant.pause(random.integer(0, MOST_APART_MS));
        await atNode(
          teller,
          'accepts one of two',
          (gateway) => acceptCredit(gateway, { exception_id, surplus: 'keep', by: BY }),
          which === 0 ? pick(random, ['dies', 'stands_still', null]) : null,
        );
      }),
    );
  },
  /** What an operator sends back comes back to us, and the bank has taken the money away from us meanwhile. */
  async taken_back_while_returned(scene) {
    const { teller, payer, fund_acc, total } = scene;
    const reference = payer.transfer(fund_acc, total + 1);
    const [matter] = await mattersOf(scene, 1);
    if (!matter) return;
    await atNode(teller, 'sends it back', (gateway) =>
      returnCredit(gateway, { exception_id: matter.exception_id, by: BY }),
    );
    payer.takeBack(reference);
    for (let looks = 0; looks < LOOKS; looks += 1) {
      await teller.merchant.pause(LOOKS_EVERY_MS);
      if (sendBack(teller, fund_acc, (payment) => isReturnTo(payer, payment)) > 0) return;
    }
  },
  /** The bank does not answer while the number of a paid order is being closed. */
  async writeoff_unanswered({ teller, payer, fund_acc, total, mch_trade_id }) {
    const { world, merchant, random } = teller;
    payer.transfer(fund_acc, total);
    await merchant.pause(LOOKS_EVERY_MS);
    const fault = pick(random, ['timeout_before', 'timeout_after', 'http_500'] as const);
    world.faults.add({ channel: 'bank', operation: 'close', fault, count: random.integer(1, 3) });
    await insist(merchant, '/v2/pay/writeoff', { mch_trade_id });
  },
  /** A refund has arrived, and comes back all the same. */
  async refund_comes_back({ teller, payer, fund_acc, total, mch_trade_id }) {
    const { merchant, random, name } = teller;
    payer.transfer(fund_acc, total);
    await merchant.pause(LOOKS_EVERY_MS);
    const refund_desc = `${name} comes back`;
    const mch_refund_id = `${name}.r1`;
    const refund_fee = random.chance(0.5) ? total : random.integer(1, total);
    const fields: Json = { mch_trade_id, mch_refund_id, refund_fee, refund_desc };
    if ((await insist(merchant, '/v2/pay/refund', fields))?.code !== 0) return;
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const asked = await merchant.call('/v2/pay/refund_query', { mch_trade_id, mch_refund_id });
      if (asked.kind === 'answered' && JSON.stringify(asked.data).includes('"refund_status":0')) break;
      await merchant.pause(LOOKS_EVERY_MS);
    }
    sendBack(teller, fund_acc, ({ remark }) => remark === refund_desc);
  },
};

/** Looks until so many matters of an order wait for a person, for a while. */
async function mattersOf({ teller, fund_acc }: Scene, count: number): ReturnType<typeof readQueue> {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const matters = await readQueue(teller, fund_acc);
    if (matters.length >= count) return matters;
    await teller.merchant.pause(SECOND_MS);
  }
  return [];
}

/** An order that is paid by bank transfer, and one such moment. */
export const bankMoments: Story = async (teller) => {
  const placed = await placeTransfer(teller);
  if (!placed) return;
  await MOMENTS[pick(teller.random, Object.keys(MOMENTS))]?.({ ...placed, teller, payer: new BankPayer(teller) });
};
