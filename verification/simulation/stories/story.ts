/** What somebody who lives a story has at hand. */
import { ControlError } from '../../../simulators/src/kernel/control-error.ts';
import type { PayerAction } from '../../../simulators/src/kernel/channel-simulator.ts';
import type { Json } from '../../merchant.ts';
import type { CallResult, SimulatedMerchant } from '../merchant.ts';
import type { SeededRandom } from '../random.ts';
import type { World } from '../world.ts';

export interface Teller {
  readonly world: World;
  readonly merchant: SimulatedMerchant;
  /** This story's own. */
  readonly random: SeededRandom;
  /** Begins every number of this story. */
  readonly name: string;
  /** Boots a node when fewer than two run. */
  readonly boot: () => Promise<void>;
}

/** A story ends when its last deed is done; an error it does not catch is a failure of the world. */
export type Story = (teller: Teller) => Promise<void>;

const SECOND_MS = 1_000;

/** A moment, mostly short; now and then long enough for everything to expire. */
export function thinkingTime(random: SeededRandom): number {
  if (random.chance(0.03)) return random.integer(1, 4) * 3_600_000;
  if (random.chance(0.15)) return random.integer(10, 600) * SECOND_MS;
  return random.integer(0, 5_000);
}

/** Fields of an order that is told to its merchant. */
export function orderFields(
  { merchant, random, name }: Teller,
  pay_type: string,
  more: Json = {},
): Json & { mch_trade_id: string } {
  const mch_trade_id = `${name}.1`;
  return {
    pay_type,
    mch_trade_id,
    total_fee: random.integer(1, 50_000),
    body: `goods of ${name}`,
    ...(random.chance(0.9) ? { notify_url: merchant.notifyUrl(`/paid/${name}`) } : {}),
    ...more,
  };
}

/** A number of seconds from now, as the API wants it. */
export function inSeconds(world: World, seconds: number): number {
  return Math.floor(world.now_ms() / 1000) + seconds;
}

/** Whatever a payer does with something that may be closed, paid or unknown by then. */
export function tryToPay(
  world: World,
  what: () => { readonly out_trade_no: string; readonly state: string },
  action: PayerAction | 'finish',
): boolean {
  try {
    const { out_trade_no, state } = what();
    world.trace.note('payer', `${action} ${out_trade_no}: ${state}`);
    return true;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    world.trace.note('payer', `cannot ${action}: ${error.message}`);
    return false;
  }
}

/** Scans a code and acts. */
export function scanCode(world: World, code: unknown, action: PayerAction): boolean {
  if (typeof code !== 'string') return false;
  const channel = [world.wechat, world.alipay].find((one) => one.ownsCode(code));
  return channel ? tryToPay(world, () => channel.scan(code, action), action) : false;
}

/** Calls until the outcome is known, as a careful merchant does; null when it gives up. */
export async function insist(
  merchant: SimulatedMerchant,
  path: string,
  fields: Json,
): Promise<Extract<CallResult, { kind: 'answered' }> | null> {
  try {
    return await merchant.insist(path, fields, 5_000, 40);
  } catch {
    return null;
  }
}

/** The same for a merchant that takes late payments, more often than chance would have it. */
export function acceptingLate(teller: Teller): Teller {
  const keeper = teller.world.merchants.find((one) => one.name === 'keeper');
  return keeper && teller.random.chance(0.5) ? { ...teller, merchant: keeper } : teller;
}
