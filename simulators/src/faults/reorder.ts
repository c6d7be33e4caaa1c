import type { Fault } from './fault.ts';

/** A later callback overtakes this one. */
export const reorder: Fault = {
  name: 'reorder',
  effect: 'The callback is held back until another callback of the channel has been sent, for delay_ms (60 s) at most.',
  default_delay_ms: 60_000,
  callback: async (context) => {
    await context.waitForAnother(context.delay_ms);
    return context.send();
  },
};
