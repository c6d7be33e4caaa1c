import { ControlError } from '../../../simulators/src/kernel/control-error.ts';
import { pick } from '../trial/pick.ts';
import { giveBack } from './scan.ts';
import { insist, orderFields, thinkingTime, tryToPay, type Story } from './story.ts';

/** Pay types that hand parameters to a page or an app, and what each needs. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'wechat.jsapi': { sub_openid: 'o-payer-0000000000000000001' },
  'wechat.jsminipg': { sub_openid: 'o-payer-0000000000000000001' },
  'wechat.app': {},
  'alipay.jsapi': { buyer_id: '2088102146225135' },
  'alipay.app': {},
};

/** Pays inside the wallet, with what the merchant's page or app hands over. */
export const prepay: Story = async (teller) => {
  const { world, merchant, random } = teller;
  const pay_type = random.chance(0.3) ? 'alipay.app' : pick(random, Object.keys(FIELDS));
  const fields = orderFields(teller, pay_type, FIELDS[pay_type]);
  const placed = await insist(merchant, '/v2/pay', fields);
  if (placed?.code !== 0) return;
  await merchant.pause(thinkingTime(random));
  const simulator = pay_type.startsWith('wechat') ? world.wechat : world.alipay;
  const action = pick(random, ['pay', 'pay', 'pay', 'cancel'] as const);
  tryToPay(world, () => simulator.payPrepay(prepayIdOf(), action), action);
  if (pay_type === 'alipay.app' && random.chance(0.7)) {
    await merchant.pause(thinkingTime(random));
    tryToPay(world, () => world.alipay.finishTrade(String(placed.data['trade_id'])), 'finish');
  }
  if (random.chance(0.4)) await giveBack(teller, fields.mch_trade_id, Number(fields['total_fee']));

  function prepayIdOf(): string {
    const { pay_info } = placed?.data ?? {};
    const text = typeof pay_info === 'string' ? pay_info : JSON.stringify(pay_info ?? {});
    if (!simulator.ownsInvocation(text)) throw new ControlError(404, 'no parameters of this wallet');
    return simulator.invoke(text).prepay_id;
  }
};
