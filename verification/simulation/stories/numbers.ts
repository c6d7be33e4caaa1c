import { BankPayer, numberIn, transferFields } from './bank-payer.ts';
import { lookAfter } from './operator.ts';
import { insist, thinkingTime, type Story } from './story.ts';

const HOUR_MS = 3_600_000;

/** Orders that follow each other under few numbers, and money for one of them when another has its number. */
export const numbers: Story = async (teller) => {
  const { merchant, random, name, world } = teller;
  const payer = new BankPayer(teller);
  let last: { readonly fund_acc: string; readonly total: number; readonly at_ms: number } | null = null;
  const orders = random.integer(2, 4);
  for (let count = 1; count <= orders; count += 1) {
    const mch_trade_id = `${name}.${count}`;
    const fields = transferFields(teller, { mch_trade_id });
    const placed = await insist(merchant, '/v2/pay', fields);
    const fund_acc = placed?.code === 0 ? numberIn(placed.data) : null;
    const total = Number(fields['total_fee']);
    // On its way for a day, or sent to where it was sent the last time.
    if (last && random.chance(0.4))
      payer.transfer(last.fund_acc, last.total, random.chance(0.5) ? { booked_at_ms: last.at_ms } : {});
    if (fund_acc !== null) {
      if (random.chance(0.4)) payer.transfer(fund_acc, total);
      last = { fund_acc, total, at_ms: world.now_ms() };
      await merchant.pause(thinkingTime(random));
      await insist(merchant, random.chance(0.5) ? '/v2/pay/close' : '/v2/pay/writeoff', { mch_trade_id });
    }
    await merchant.pause(random.chance(0.6) ? random.integer(23, 26) * HOUR_MS : thinkingTime(random));
    if (random.chance(0.6)) await lookAfter(teller, last?.fund_acc ?? null);
  }
};
