import type { Fault } from './fault.ts';

/** A callback that comes when nobody waits for it any more. */
export const late: Fault = {
  name: 'late',
  effect: 'The callback is sent only after delay_ms (60 s).',
  default_delay_ms: 60_000,
  callback: async (context) => {
    await context.wait(context.delay_ms);
    return context.send();
  },
};
