import type { Fault } from './fault.ts';

/** Everything is right, only late. */
export const slow: Fault = {
  name: 'slow',
  effect:
    'The effect happens at once and the answer comes after delay_ms (3 s); a callback attempt starts after delay_ms.',
  default_delay_ms: 3_000,
  answer: async (context) => ({ kind: 'answer', delay_ms: context.delay_ms, answer: await context.run() }),
  callback: async (context) => {
    await context.wait(context.delay_ms);
    return context.send();
  },
};
