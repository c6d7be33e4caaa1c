import type { Fault, FaultProxy } from '../fault-proxy.ts';
import type { Random } from '../random.ts';
import type { Scenario, Stage } from '../scenario.ts';
import type { World } from '../world.ts';

/** How long each fault lasts, between these. */
const SHORTEST_MS = 700;
const LONGEST_MS = 1_500;

/** Every kind of fault, with numbers drawn anew. */
function faults(random: Random): Fault[] {
  return [
    { kind: 'delay', delay_ms: 50 + random.below(400) },
    { kind: 'throttle', bytes_per_second: 4_000 + random.below(20_000) },
    { kind: 'cut', direction: 'to_server', after_bytes: random.below(1_500) },
    { kind: 'cut', direction: 'to_client', after_bytes: random.below(1_500) },
    { kind: 'reset' },
    { kind: 'blackhole' },
    { kind: 'garbage', direction: 'to_client' },
    { kind: 'garbage', direction: 'to_server' },
    { kind: 'duplicate' },
  ];
}

/** One fault after the other befalls some ways; in between all is well for a moment. */
async function spoil(stage: Stage, ways: readonly FaultProxy[], chosen: readonly Fault[]): Promise<void> {
  const { load, random, lasting, note } = stage;
  await load.moreSuccesses(20);
  let struck = 0;
  for (const fault of random.shuffled(chosen)) {
    const way = random.pick(ways);
    const before = way.struck;
    way.set(fault);
    await lasting(SHORTEST_MS + random.below(LONGEST_MS - SHORTEST_MS));
    struck += way.struck - before;
    way.set(null);
    await lasting(200);
  }
  note(`${struck} connections were cut, reset or noisy, or their requests doubled`);
}

function spoiling(
  name: string,
  about: string,
  ways: (world: World) => readonly FaultProxy[],
  kinds: (fault: Fault) => boolean = () => true,
): Scenario {
  return {
    name,
    about: `delay, throttling, cuts, resets, silence, noise and doubling ${about}`,
    run: (stage) => spoil(stage, ways(stage.world), faults(stage.random).filter(kinds)),
  };
}

export const spoilMerchantWay = spoiling('spoil-merchant-way', 'between merchant and gateways', ({ ways }) => [
  ways.merchant,
]);
export const spoilChannelWays = spoiling('spoil-channel-ways', 'between gateways and channels', ({ ways }) => [
  ways.wechat,
  ways.alipay,
]);
export const spoilCallbackWay = spoiling('spoil-callback-way', 'of callbacks', ({ ways }) => [ways.callbacks]);
export const spoilNotifyWay = spoiling('spoil-notify-way', 'of notifications', ({ ways }) => [ways.notify]);
/** What is said to a database is signed for that connection: it cannot be said twice. */
export const spoilDatabaseWays = spoiling(
  'spoil-database-ways',
  'between each node and the database',
  ({ ways }) => ways.databases,
  ({ kind }) => kind !== 'duplicate',
);

export const cutNetwork: Scenario = {
  name: 'cut-network',
  about: 'every way in turn is cut in the middle of messages, reset, and silent',
  is_short: true,
  async run(stage) {
    for (const way of stage.random.shuffled(stage.world.all_ways)) {
      const kinds = new Set<Fault['kind']>(['cut', 'reset', 'blackhole']);
      const fault = stage.random.pick(faults(stage.random).filter(({ kind }) => kinds.has(kind)));
      way.set(fault);
      await stage.lasting(SHORTEST_MS);
      way.set(null);
    }
    stage.note(`${stage.world.all_ways.length} ways`);
  },
};
