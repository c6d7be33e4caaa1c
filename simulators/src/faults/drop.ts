import type { Fault } from './fault.ts';

/** A callback that never comes. */
export const drop: Fault = {
  name: 'drop',
  effect: 'The callback is never sent, not even by the cadence; only POST /control/callback sends it.',
  default_delay_ms: 0,
  callback: async () => 'abandoned',
};
