import type { Fault } from './fault.ts';

/** The channel's own "system error", whose meaning is "unknown: ask again". */
export const systemError: Fault = {
  name: 'system_error',
  effect: "The effect did not happen; the answer is the channel's own signed system error.",
  default_delay_ms: 0,
  answer: async (context) => ({
    kind: 'answer',
    delay_ms: 0,
    answer: context.hooks.systemErrorAnswer(context.operation),
  }),
};
