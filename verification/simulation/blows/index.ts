import type { AccountId } from '../accounts.ts';
import { FINE } from '../database.ts';
import { CALM, type Rates } from '../network.ts';
import { setPublicKey } from '../../../gateway/src/operations/merchants.ts';
import { enableRoutes, insistently, sealAway, setMerchantStatus, setStatus, wantDone } from '../trial/operator.ts';
import { pick } from '../trial/pick.ts';
import { forAWhile, lasting, standingStill, type Blow, type Struck } from './blow.ts';
import { forger, liar } from './untruths.ts';

/** Enough for statements to be on their way. */
const STEPS_UNTIL_CRASH = 15;

/** The others sign with it, or are signed for. */
const KEY_OF_ITS_OWN: ReadonlySet<string> = new Set(['keeper', 'older']);

const CHANNELS = ['wechat', 'alipay', 'bank'] as const;

/** A node dies between two steps, sometimes while its statements are still to be committed; another starts, now or later. */
const crash: Blow = (struck) => {
  const { world, random } = struck;
  const kill = (): void => {
    const names = world.nodes();
    if (names.length === 0) return;
    world.crashNode(pick(random, names));
    world.act(random.chance(0.3) ? 0 : lasting(random), 'operator', struck.boot);
  };
  if (random.chance(0.5)) return kill();
  let over = false;
  const end = (): void => {
    over = true;
    world.database.become(FINE);
  };
  struck.untilQuiet(end);
  world.database.become({ ...FINE, held: 0.9, most_held_ms: 3_000 });
  const at_step = world.scheduler.steps + STEPS_UNTIL_CRASH;
  world.scheduler.watch(() => {
    if (over || world.scheduler.steps < at_step) return;
    end();
    kill();
  });
};

/** A node is stopped as an operator stops it, after its successor has started or before. */
const restart: Blow = (struck) => {
  const { world, random } = struck;
  const names = world.nodes();
  if (names.length === 0) return;
  const name = pick(random, names);
  world.act(0, 'operator', async () => {
    if (random.chance(0.5)) await struck.boot();
    if (world.nodes().includes(name)) await world.stopNode(name);
    if (world.nodes().length < 2) await struck.boot();
  });
};

/** What a node has just written when it stands still. */
const WRITTEN: ReadonlySet<string> = new Set(['orders', 'refunds', 'jobs', 'bank_credits', 'bank_returns']);

/** A node stands still, often in the moment in which it has written something, and goes on when others have taken over. */
const standstill: Blow = ({ world, random, untilQuiet }) => {
  const names = world.nodes();
  if (names.length === 0) return;
  const name = pick(random, names);
  const for_ms = standingStill(random);
  if (random.chance(0.3)) return world.standStill(name, for_ms);
  let over = false;
  untilQuiet(() => (over = true));
  let writes_left = random.integer(1, 3);
  world.database.watch((owner, _statement, changes) => {
    if (over || owner !== name || !changes.some(({ table }) => WRITTEN.has(table))) return;
    writes_left -= 1;
    if (writes_left > 0) return;
    over = true;
    world.standStill(name, for_ms);
  });
};

/** A channel cannot be reached, though it goes on by itself. */
const outage: Blow = (struck) => {
  const channel = pick(struck.random, CHANNELS);
  forAWhile(
    struck,
    () => {
      struck.world.trace.note(channel, 'cannot be reached');
      struck.world.cutChannel(channel);
    },
    () => struck.world.openChannel(channel),
  );
};

/** The network loses, repeats and breaks. */
const storm: Blow = (struck) => {
  const { world, random } = struck;
  const rate = (): number => (random.chance(0.5) ? random.integer(1, 30) / 100 : 0);
  const rates: Rates = {
    refused: rate(),
    request_lost: rate(),
    answer_lost: rate(),
    answer_late: rate(),
    reset_before: rate(),
    reset_after: rate(),
    duplicated: rate(),
    garbled: rate(),
  };
  const most = pick(random, [40, 400, 3_000] as const);
  forAWhile(
    struck,
    () =>
      world.network.become({
        delay_ms: { least: 1, most },
        duplicate_within_ms: 20_000,
        late_within_ms: 10_000,
        rates: () => rates,
      }),
    () => world.network.become(CALM),
  );
};

/** The database is slow and loses connections. */
const brokenDatabase: Blow = (struck) => {
  const { world, random } = struck;
  const rate = (most: number): number => random.integer(0, most) / 100;
  const weather = {
    lost_before: rate(10),
    lost_after: rate(10),
    held: rate(90),
    most_held_ms: random.integer(10, 3_000),
  };
  const is_crowded = random.chance(0.4);
  forAWhile(
    struck,
    () => world.database.become(is_crowded ? { ...weather, held: 1 } : weather),
    () => world.database.become(FINE),
  );
  if (is_crowded) sendManyTimes(struck);
};

/** A program that sends one order many times at once: where commits take long, several statements wait for the same row. */
function sendManyTimes({ world, random }: Struck): void {
  const merchant = pick(random, world.merchants);
  const mch_trade_id = `crowded.${random.integer(1, 1_000_000_000)}`;
  const fields = { pay_type: 'wechat.scan', mch_trade_id, total_fee: 221, body: 'goods' };
  for (let times = 0; times < 6; times += 1)
    world.act(0, merchant.name, async () => void (await merchant.call('/v2/pay', fields)));
}

const FAULTS_AT_ONCE = 5;

/** Channels show some of their faults, a few times. */
const channelFault: Blow = ({ world, random }) => {
  for (let chosen = 0; chosen < FAULTS_AT_ONCE; chosen += 1) {
    const { name, operations } = pick(random, world.faults.kinds());
    const operation = random.chance(0.4) ? '*' : pick(random, operations);
    const channel = pick(random, ['wechat', 'alipay', 'wechat', 'alipay', 'bank'] as const);
    const count = random.chance(0.1) ? random.integer(15, 30) : random.integer(1, 3);
    world.trace.note(channel, `will show ${name} at ${operation}`);
    world.faults.add({ channel, operation, fault: name, count });
  }
};

/** An operator takes an account out of use, and puts it back. */
const suspension: Blow = (struck) => {
  const { world, random } = struck;
  const account_id = pick(random, [
    'wechat',
    'alipay',
    'wechat-v2',
    'wechat-b',
    'bank',
    'bank-pool',
  ] as const satisfies readonly AccountId[]);
  const become = (status: 'active' | 'suspended'): void => wantDone(world, () => setStatus(world, account_id, status));
  forAWhile(
    struck,
    () => become('suspended'),
    () => become('active'),
  );
};

/** An operator takes a merchant out of business for a while. */
const merchantSuspension: Blow = (struck) => {
  const { world, random } = struck;
  const { merchant_id } = pick(random, world.merchants);
  const become = (status: 'active' | 'suspended'): void =>
    wantDone(world, () => setMerchantStatus(world, merchant_id, status));
  forAWhile(
    struck,
    () => become('suspended'),
    () => become('active'),
  );
};

/** Accounts of one wallet are stored where another master key is: no node can open them until they are stored again. */
const wrongMasterKey: Blow = (struck) => {
  const { world, random } = struck;
  const account_ids = pick(random, [
    ['wechat', 'wechat-b', 'wechat-v2'],
    ['alipay', 'alipay-b'],
  ] as const satisfies readonly (readonly AccountId[])[]);
  forAWhile(
    struck,
    () => account_ids.forEach((account_id) => wantDone(world, () => sealAway(world, account_id))),
    () => account_ids.forEach((account_id) => wantDone(world, () => setStatus(world, account_id, 'active'))),
  );
};

/** WeChat Pay signs with a new certificate from now on. */
const newCertificate: Blow = ({ world }) => {
  world.trace.note('wechat', 'signs with another certificate');
  world.wechat.signWith(world.keys.spare_wechat_serial);
};

/** A merchant changes its key: what it signs from now on is signed by the new one, whichever nodes know it already. */
const newKey: Blow = ({ world, random }) => {
  const merchant = pick(
    random,
    world.merchants.filter((one) => KEY_OF_ITS_OWN.has(one.name)),
  );
  const { private_key, public_key } = world.keys.next_merchant;
  wantDone(world, async () => {
    await insistently(world, 'operator', async () => {
      await setPublicKey(world.operator(), merchant.merchant_id, public_key);
    });
    merchant.signBy(private_key);
  });
};

/** An operator closes a way to an account, and opens it again. */
const routeChange: Blow = (struck) => {
  const { world, random } = struck;
  const merchant = pick(random, world.merchants);
  const pay_type = pick(random, ['wechat.scan', 'alipay.scan', 'common.micro', 'wechat.jsapi'] as const);
  const become = (enabled: boolean): void =>
    wantDone(world, () =>
      insistently(world, 'operator', () => enableRoutes(world, merchant.merchant_id, pay_type, enabled)),
    );
  forAWhile(
    struck,
    () => become(false),
    () => become(true),
  );
};

/** Merchants' servers fail, are slow, or say something else. */
const badMerchants: Blow = (struck) => {
  const { world, random } = struck;
  const says = random.stream('says');
  forAWhile(
    struck,
    () => {
      for (const merchant of world.merchants) {
        merchant.react = () =>
          says.chance(0.4)
            ? { status: pick(says, [200, 302, 500]), body: pick(says, ['out of order', 'SUCCESS!', '']) }
            : { status: 200, body: 'success', delay_ms: says.integer(0, 8_000) };
      }
    },
    () => {
      for (const merchant of world.merchants) merchant.react = () => ({ status: 200, body: 'success' });
    },
  );
};

/** What befalls worlds, by name. */
export const BLOWS: Readonly<Record<string, (struck: Struck) => void>> = {
  crash,
  restart,
  standstill,
  outage,
  storm,
  'broken-database': brokenDatabase,
  'channel-fault': channelFault,
  suspension,
  'merchant-suspension': merchantSuspension,
  'wrong-master-key': wrongMasterKey,
  forger,
  liar,
  'new-certificate': newCertificate,
  'new-key': newKey,
  'route-change': routeChange,
  'bad-merchants': badMerchants,
};
