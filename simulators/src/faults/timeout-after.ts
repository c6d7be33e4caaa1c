import type { Fault } from './fault.ts';

/** It happened, the answer is lost. */
export const timeoutAfter: Fault = {
  name: 'timeout_after',
  effect:
    'The effect happened, but no answer comes; a callback is delivered but its acknowledgement is lost, so that it comes again.',
  default_delay_ms: 0,
  answer: async (context) => {
    await context.run();
    return { kind: 'silence' };
  },
  callback: async (context) => {
    await context.send();
    return 'refused';
  },
};
