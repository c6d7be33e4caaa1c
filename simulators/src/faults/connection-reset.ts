import type { Fault } from './fault.ts';

/** It happened, then the connection broke. */
export const connectionReset: Fault = {
  name: 'connection_reset',
  effect:
    'The effect happened, then the connection is reset instead of an answer; a callback is delivered but its acknowledgement is lost, so that it comes again.',
  default_delay_ms: 0,
  answer: async (context) => {
    await context.run();
    return { kind: 'reset', delay_ms: context.delay_ms };
  },
  callback: async (context) => {
    await context.send();
    return 'refused';
  },
};
