/** Blows by which channels, or somebody in their name, say what is not so. */
import { FORGERIES } from '../forger.ts';
import { oneFenMore, refusal, type LiedAbout, type LyingChannel } from '../liar.ts';
import { pick } from '../trial/pick.ts';
import type { Blow } from './blow.ts';

/** Callbacks are followed by copies that are not true. */
export const forger: Blow = ({ world, random, untilQuiet }) => {
  const count = random.integer(1, 4);
  for (let made = 0; made < count; made += 1) {
    const kind = pick(random, Object.keys(FORGERIES));
    world.trace.note('forger', `will send a callback ${kind}`);
    world.forger.forge(kind, random.integer(1, 2));
  }
  untilQuiet(() => world.forger.rest());
};

const REFUSALS: readonly LiedAbout[] = ['close', 'reverse', 'refund'];

/** A channel refuses what it could do, or tells of another amount. */
export const liar: Blow = ({ world, random, untilQuiet }) => {
  const channel = pick(random, ['wechat', 'alipay'] as const satisfies readonly LyingChannel[]);
  const times = random.integer(1, 3);
  if (random.chance(0.3)) {
    world.trace.note(channel, 'will tell of one fen more');
    world.liar.tell({ channel, operation: 'query', times, does_it: true, say: (truth) => oneFenMore(channel, truth) });
  } else {
    const operation = pick(random, REFUSALS);
    world.trace.note(channel, `will refuse to ${operation}`);
    world.liar.tell({ channel, operation, times, does_it: false, say: () => refusal(channel) });
  }
  untilQuiet(() => world.liar.repent());
};
