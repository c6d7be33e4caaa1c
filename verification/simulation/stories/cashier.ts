/** Links that somebody pays: preorders with one payer or several, and links of one order inside WeChat. */
import type { Json } from '../../merchant.ts';
import type { Program } from '../../payment-page.ts';
import { pick } from '../trial/pick.ts';
import { Visitor, type Page } from '../visitor.ts';
import {
  acceptingLate,
  inSeconds,
  insist,
  orderFields,
  thinkingTime,
  tryToPay,
  type Story,
  type Teller,
} from './story.ts';

const SECOND_MS = 1_000;
const PROGRAMS: readonly Program[] = ['wechat', 'alipay', 'phone', 'desktop'];

interface Link {
  readonly pay_url: string;
  readonly fields: Json & { mch_pre_id: string };
}

async function makeLink(teller: Teller, more: Json = {}): Promise<Link | null> {
  const { merchant, random, name } = teller;
  const { mch_trade_id: mch_pre_id, pay_type: _type, ...others } = orderFields(teller, 'pooul.preorder', more);
  const fields = { ...others, mch_pre_id };
  const made = random.chance(0.8)
    ? await insist(merchant, '/v2/pay/pre_order', fields)
    : await insist(merchant, '/v2/pay', { ...others, mch_trade_id: mch_pre_id, pay_type: 'pooul.preorder' });
  const pay_url = made?.data['pay_url'];
  if (random.chance(0.2)) await merchant.call('/v2/pay/pre_order', { ...fields, body: `other ${name}` });
  return typeof pay_url === 'string' ? { pay_url, fields } : null;
}

/** What the payer does with what a page hands over. */
function payOn({ world, random }: Teller, page: Page | null): void {
  if (!page) return;
  const action = random.chance(0.9) ? 'pay' : 'cancel';
  const { invoke, open } = page;
  if (invoke !== null) {
    const wallet = [world.wechat, world.alipay].find((one) => one.ownsInvocation(invoke));
    if (wallet) tryToPay(world, () => wallet.payPrepay(wallet.invoke(invoke).prepay_id, action), action);
  }
  if (open !== null) {
    const wallet = [world.wechat, world.alipay].find((one) => one.ownsCode(open));
    if (wallet) tryToPay(world, () => wallet.scan(open, action), action);
  }
}

/** Somebody opens a link, presses, and pays, or looks again first. */
async function visit(teller: Teller, pay_url: string, who: string): Promise<void> {
  const { world, merchant, random } = teller;
  const visitor = new Visitor(world.network, pick(random, PROGRAMS), who);
  const wallet =
    visitor.program === 'wechat' || visitor.program === 'alipay'
      ? visitor.program
      : pick(random, ['wechat', 'alipay'] as const);
  await visitor.look(pay_url);
  const page = await visitor.confirm(pay_url, wallet);
  await merchant.pause(random.chance(0.5) ? random.integer(0, SECOND_MS) : thinkingTime(random));
  payOn(teller, page);
  if (random.chance(0.5)) await visitor.look(`${pay_url}&ask=1`);
  if (random.chance(0.2)) payOn(teller, await visitor.confirm(pay_url, wallet));
}

/** One link, and everybody who has it. */
export const cashier: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const expires = random.chance(0.2) ? { time_expire: inSeconds(world, random.integer(61, 200)) } : {};
  const link = await makeLink(teller, expires);
  if (!link) return;
  const { mch_pre_id } = link.fields;
  for (let payers = random.integer(1, 3); payers > 0; payers -= 1) {
    world.act(random.integer(0, random.chance(0.5) ? 2 : 100) * SECOND_MS, 'payer', () =>
      visit(teller, link.pay_url, `payer${payers}`),
    );
  }
  if (random.chance(0.25)) {
    world.act(random.integer(0, 5 * SECOND_MS), merchant.name, async () => {
      await insist(merchant, '/v2/pay/close', { mch_trade_id: mch_pre_id });
    });
  }
  await merchant.pause(thinkingTime(random));
  await merchant.call('/v2/pay/pre_order_detail', { mch_pre_id });
};

/** A payer keeps a way to Alipay that was closed meanwhile, and goes it after all: another has paid, or the link is closed. */
export const oldTry: Story = async (given) => {
  const teller = acceptingLate(given);
  const { world, merchant, random } = teller;
  const link = await makeLink(teller);
  if (!link) return;
  const first = new Visitor(world.network, 'phone', 'first');
  await first.look(link.pay_url);
  const kept = await first.confirm(link.pay_url, 'alipay');
  await merchant.pause(random.integer(1, 10) * SECOND_MS);
  if (random.chance(0.4)) await insist(merchant, '/v2/pay/close', { mch_trade_id: link.fields.mch_pre_id });
  else {
    const second = new Visitor(world.network, 'wechat', 'second');
    await second.look(link.pay_url);
    payOn(teller, await second.confirm(link.pay_url, 'wechat'));
  }
  await merchant.pause(random.integer(1, 10) * SECOND_MS);
  payOn(teller, kept);
  await merchant.pause(thinkingTime(random));
  await merchant.call('/v2/pay/pre_order_detail', { mch_pre_id: link.fields.mch_pre_id });
};

/** A link to one order, which its payer confirms inside WeChat. */
export const wechatLink: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const fields = orderFields(teller, 'wechat.jsurl');
  const placed = await insist(merchant, '/v2/pay', fields);
  const pay_url = placed?.data['pay_url'] ?? placed?.data['code_url'] ?? placed?.data['pay_info'];
  if (typeof pay_url !== 'string') return;
  for (let payers = random.integer(1, 2); payers > 0; payers -= 1) {
    world.act(random.integer(0, 10) * SECOND_MS, 'payer', async () => {
      const visitor = new Visitor(world.network, 'wechat', `payer${payers}`);
      await visitor.look(pay_url);
      payOn(teller, await visitor.confirm(pay_url, 'wechat'));
    });
  }
  if (random.chance(0.3)) await merchant.call('/v2/pay/close', { mch_trade_id: fields.mch_trade_id });
};
