/**
 * Forty-eight hours, the whole schedule of notifications, in which most of what can go wrong between merchants, gateway and
 * channels goes wrong. Each merchant lives one story, so that a rule of the network can be meant for one story alone.
 */
import { ControlError } from '../../simulators/src/kernel/control-error.ts';
import type { SimulatedMerchant } from './merchant.ts';
import { FAILURE, SUCCESS } from './merchant.ts';
import type { NetworkOptions, NetworkRequest, Rates } from './network.ts';
import type { World } from './world.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Alipay's clock is slow: it still takes money for an order whose time is up here. */
export const SLOW_ALIPAY_MS = -20 * MINUTE_MS;

const BAD_WEATHER: Rates = {
  refused: 0.01,
  request_lost: 0.02,
  answer_lost: 0.02,
  answer_late: 0.02,
  reset_before: 0.01,
  reset_after: 0.01,
  duplicated: 0.03,
};

/** Merchants whose notifications are counted one by one. */
const COUNTED: ReadonlySet<string> = new Set(['silent', 'fails-twice']);

/** Loses and repeats on every way but those to the merchants whose notifications are counted. */
export const UNRELIABLE: NetworkOptions = {
  delay_ms: { least: 1, most: 400 },
  duplicate_within_ms: 20_000,
  late_within_ms: 10_000,
  rates: (_from, to) => (COUNTED.has(to) ? {} : BAD_WEATHER),
};

/** Lets everybody live their story and two days pass. */
export async function playTwoDays(world: World): Promise<void> {
  const stories = [
    steady,
    failsTwice,
    silent,
    unheardOf,
    answersLost,
    neverPays,
    paysLate,
    paysLateAndKeeps,
    refunds,
    till,
    changesMind,
  ];
  const started = [];
  for (const story of stories) started.push(await story(world));
  await world.startNode('node-1');
  for (const start of started) start();
  await world.run(48 * HOUR_MS);
}

/** A story: makes its merchant, and answers what sets it off. */
type Story = (world: World) => Promise<() => void>;

async function place(
  merchant: SimulatedMerchant,
  pay_type: string,
  number: string,
  fields: Record<string, unknown> = {},
) {
  const { data } = await merchant.insist('/v2/pay', {
    pay_type,
    mch_trade_id: number,
    total_fee: 10_000,
    body: `goods of ${number}`,
    notify_url: merchant.notifyUrl(`/paid/${number}`),
    ...fields,
  });
  return String(data['code_url']);
}

/** Ordinary trade: ten orders within an hour, each paid sooner or later. */
const steady: Story = async (world) => {
  const merchant = await world.addMerchant('steady');
  const random = world.scheduler.random.stream('steady');
  return () => {
    for (let index = 0; index < 10; index += 1) {
      const pay_type = index % 2 === 0 ? 'wechat.scan' : 'alipay.scan';
      const total_fee = random.integer(1, 100_000);
      const hesitation_ms = random.integer(1, 30 * MINUTE_MS);
      world.act(random.integer(0, HOUR_MS), 'steady', async () => {
        const code = await place(merchant, pay_type, `steady.${index}`, { total_fee });
        await merchant.pause(hesitation_ms);
        world.scan(code, 'pay');
      });
    }
  };
};

/** The merchant's server is out of order the first two times. */
const failsTwice: Story = async (world) => {
  const merchant = await world.addMerchant('fails-twice');
  merchant.react = (_path, times) => (times < 3 ? FAILURE : SUCCESS);
  return () =>
    world.act(SECOND_MS, 'fails-twice', async () => {
      world.scan(await place(merchant, 'wechat.scan', 'fails-twice.1'), 'pay');
    });
};

/** The merchant's server answers, but never with the word. */
const silent: Story = async (world) => {
  const merchant = await world.addMerchant('silent');
  merchant.react = () => ({ status: 200, body: 'thank you' });
  return () =>
    world.act(SECOND_MS, 'silent', async () => {
      world.scan(await place(merchant, 'alipay.scan', 'silent.1'), 'pay');
    });
};

/** No callback about these payments ever arrives. */
const unheardOf: Story = async (world) => {
  const merchant = await world.addMerchant('unheard-of');
  world.network.befall({ when: aboutNotify(merchant), fate: 'request_lost' });
  return () => {
    for (const pay_type of ['wechat.scan', 'alipay.scan']) {
      world.act(SECOND_MS, 'unheard-of', async () => {
        world.scan(await place(merchant, pay_type, `unheard-of.${pay_type}`), 'pay');
      });
    }
  };
};

/** The answer to /v2/pay is lost: once between channel and gateway, once between gateway and merchant. */
const answersLost: Story = async (world) => {
  const merchant = await world.addMerchant('answers-lost');
  const to = (party: string, path: RegExp) => (request: NetworkRequest, receiver: string) =>
    receiver === party && path.test(request.target);
  return () => {
    world.act(2 * HOUR_MS, 'answers-lost', async () => {
      world.network.befall({ when: to('wechat', /\/transactions\/native$/), fate: 'answer_lost', times: 1 });
      world.scan(await place(merchant, 'wechat.scan', 'answers-lost.channel'), 'pay');
    });
    world.act(3 * HOUR_MS, 'answers-lost', async () => {
      const own = new RegExp(`^/v2/pay\\?merchant_id=${merchant.merchant_id}$`);
      world.network.befall({ when: to('gateway', own), fate: 'answer_lost', times: 1 });
      world.scan(await place(merchant, 'alipay.scan', 'answers-lost.merchant'), 'pay');
    });
  };
};

/** Nobody scans these codes, or somebody scans and thinks better of it. */
const neverPays: Story = async (world) => {
  const merchant = await world.addMerchant('never-pays');
  const expiring = () => ({ time_expire: Math.floor(world.now_ms() / 1000) + 600 });
  return () => {
    world.act(MINUTE_MS, 'never-pays', async () => {
      await place(merchant, 'wechat.scan', 'never-pays.wechat', expiring());
      await place(merchant, 'alipay.scan', 'never-pays.alipay', expiring());
      world.scan(await place(merchant, 'alipay.scan', 'never-pays.cancelled', expiring()), 'cancel');
    });
  };
};

/** Paid at the channel after the order was closed here: the payer gets the money back, the merchant hears nothing. */
const paysLate: Story = async (world) => {
  const merchant = await world.addMerchant('pays-late');
  return () => world.act(MINUTE_MS, 'pays-late', () => payWhenClosed(world, merchant, 'pays-late.1'));
};

/** The same for a merchant who takes late money. */
const paysLateAndKeeps: Story = async (world) => {
  const merchant = await world.addMerchant('keeps-late', { late_payment: 'accept' });
  return () => world.act(MINUTE_MS, 'keeps-late', () => payWhenClosed(world, merchant, 'keeps-late.1'));
};

async function payWhenClosed(world: World, merchant: SimulatedMerchant, number: string): Promise<void> {
  const time_expire = Math.floor(world.now_ms() / 1000) + 120;
  const code = await place(merchant, 'alipay.scan', number, { time_expire });
  for (;;) {
    const { data } = await merchant.insist('/v2/pay/query', { mch_trade_id: number });
    if (data['trade_state'] === 3) break;
    await merchant.pause(20 * SECOND_MS);
  }
  world.scan(code, 'pay');
}

/** Refunds whose answers are lost: one between channel and gateway, one between gateway and merchant. */
const refunds: Story = async (world) => {
  const merchant = await world.addMerchant('refunds');
  const giveBack = (number: string, part: string, refund_fee: number) =>
    merchant.insist('/v2/pay/refund', {
      mch_trade_id: number,
      mch_refund_id: `${number}.${part}`,
      refund_fee,
      refund_desc: `part ${part}`,
      notify_url: merchant.notifyUrl(`/refunded/${number}.${part}`),
    });
  const trade = async (pay_type: string, number: string): Promise<void> => {
    world.scan(await place(merchant, pay_type, number), 'pay');
    await merchant.pause(5 * MINUTE_MS);
    world.network.befall({
      when: (request, to) => to !== 'gateway' && isRefund(request),
      fate: 'answer_lost',
      times: 1,
    });
    await giveBack(number, 'a', 3_000);
    await merchant.pause(HOUR_MS);
    const from_merchant = (request: NetworkRequest): boolean => request.target.startsWith('/v2/pay/refund?');
    world.network.befall({ when: from_merchant, fate: 'answer_lost', times: 1 });
    await giveBack(number, 'b', 7_000);
  };
  return () => {
    world.act(5 * HOUR_MS, 'refunds', () => trade('wechat.scan', 'refunds.wechat'));
    world.act(8 * HOUR_MS, 'refunds', () => trade('alipay.scan', 'refunds.alipay'));
  };
};

const WALLETS = ['wechat', 'alipay'] as const;

/** What the codes of a till's customers do; `impatient` types the password when the till is about to give up. */
const CUSTOMERS = {
  pay: 'pay',
  password: 'password_then_pay',
  cancel: 'password_then_cancel',
  poor: 'insufficient',
  lost_and_paid: 'timeout_but_paid',
  lost_and_unpaid: 'timeout_not_paid',
  impatient: 'password_then_pay',
} as const;

/** How long a payer takes to type the password. */
const PASSWORD_MS = 8 * SECOND_MS;

/**
 * A till: the shop scans the payer's code, asks every five seconds, and reverses what it does not understand. The impatient one
 * reverses in the very second in which the payer types the password.
 */
const till: Story = async (world) => {
  const merchant = await world.addMerchant('till');
  const random = world.scheduler.random.stream('till');
  return () => {
    for (const wallet of WALLETS) {
      for (const [customer, behaviour] of Object.entries(CUSTOMERS)) {
        const patience_ms = customer === 'impatient' ? PASSWORD_MS + random.integer(-400, 400) : 40 * SECOND_MS;
        world.act(random.integer(0, 3 * HOUR_MS), 'till', async () => {
          const number = `till.${wallet}.${customer}`;
          const auth_code = world.paymentCode(wallet, behaviour);
          await merchant.call('/v2/pay', {
            pay_type: 'common.micro',
            mch_trade_id: number,
            total_fee: 1_223,
            body: `goods of ${number}`,
            auth_code,
            notify_url: merchant.notifyUrl(`/paid/${number}`),
          });
          await decideAtTill(merchant, number, world.now_ms() + patience_ms);
        });
      }
    }
  };
};

/** Asks until the order is decided; after `patience_until_ms` the till reverses it, and gives up on what it never placed. */
async function decideAtTill(merchant: SimulatedMerchant, number: string, patience_until_ms: number): Promise<void> {
  for (
    let left_ms = patience_until_ms - merchant.now_ms();
    left_ms > 0;
    left_ms = patience_until_ms - merchant.now_ms()
  ) {
    await merchant.pause(Math.min(5 * SECOND_MS, left_ms));
    const asked = await merchant.call('/v2/pay/query', { mch_trade_id: number });
    if (asked.kind === 'answered' && (asked.code === 301 || [0, 5].includes(Number(asked.data['trade_state'])))) return;
  }
  await merchant.insist('/v2/pay/reverse', { mch_trade_id: number });
}

/** How a customer and a merchant who does not know what it wants meet: each of them acts within the same few seconds. */
const MEETINGS = [['close'], ['reverse'], ['close', 'reverse'], ['reverse', 'close', 'reverse']] as const;

/** Closes and reverses while the payer pays, the answers and callbacks about all of it being lost now and then. */
const changesMind: Story = async (world) => {
  const merchant = await world.addMerchant('changes-mind');
  const random = world.scheduler.random.stream('changes-mind');
  world.network.befall({ when: isEnding, fate: 'answer_lost', times: 6 });
  const within = (most_ms: number): number => random.integer(0, most_ms);
  return () => {
    for (let index = 0; index < 16; index += 1) {
      const pay_type = index % 2 === 0 ? 'wechat.scan' : 'alipay.scan';
      const number = `changes-mind.${index}`;
      const deeds = MEETINGS[Math.floor(index / 2) % MEETINGS.length] ?? [];
      const delays = [within(4 * SECOND_MS), ...deeds.map(() => within(4 * SECOND_MS))];
      world.act(within(6 * HOUR_MS), 'changes-mind', async () => {
        const code = await place(merchant, pay_type, number);
        world.act(delays[0] ?? 0, 'payer', async () => scanIfOpen(world, code));
        deeds.forEach((deed, at) =>
          world.act(delays[at + 1] ?? 0, 'changes-mind', async () => {
            await merchant.insist(`/v2/pay/${deed}`, { mch_trade_id: number });
          }),
        );
      });
    }
  };
};

/** A code that is closed by now cannot be paid. */
function scanIfOpen(world: World, code: string): void {
  try {
    world.scan(code, 'pay');
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    world.trace.note('payer', `cannot pay any more: ${error.message}`);
  }
}

/** A close or a reverse on its way to a channel. */
function isEnding({ method, target, body }: NetworkRequest): boolean {
  if (target.startsWith('/v3/pay/')) return method === 'POST' && /\/(?:close|reverse)$/.test(target);
  return /^alipay\.trade\.(?:close|cancel)$/.test(new URLSearchParams(body.toString('utf8')).get('method') ?? '');
}

function isRefund({ method, target, body }: NetworkRequest): boolean {
  if (target.startsWith('/v3/refund/')) return method === 'POST';
  return new URLSearchParams(body.toString('utf8')).get('method') === 'alipay.trade.refund';
}

/** Callbacks of the channels about orders of one merchant. */
function aboutNotify(merchant: SimulatedMerchant) {
  return (request: NetworkRequest): boolean =>
    request.target.startsWith('/notify/') && request.target.endsWith(merchant.merchant_id);
}
