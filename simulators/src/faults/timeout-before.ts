import type { Fault } from './fault.ts';

/** Nothing happened and nothing is answered. */
export const timeoutBefore: Fault = {
  name: 'timeout_before',
  effect:
    'The request is swallowed: the effect did not happen and no answer comes; a callback attempt is not sent and the next one follows the cadence.',
  default_delay_ms: 0,
  answer: async () => ({ kind: 'silence' }),
  callback: async () => 'refused',
};
