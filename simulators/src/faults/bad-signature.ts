import type { Fault } from './fault.ts';

/** An answer or callback that somebody on the way could have written. */
export const badSignature: Fault = {
  name: 'bad_signature',
  effect:
    'The effect happened, but the signature of the answer does not verify; a callback attempt is sent with such a signature and repeated by the cadence when refused.',
  default_delay_ms: 0,
  answer: async (context) => ({
    kind: 'answer',
    delay_ms: 0,
    answer: context.hooks.breakSignature(await context.run()),
  }),
  callback: (context) => context.send((request) => context.breakSignature(request)),
};
