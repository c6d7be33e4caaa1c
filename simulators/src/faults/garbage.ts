import type { Fault } from './fault.ts';

/** Bytes that are of no protocol. */
export const garbage: Fault = {
  name: 'garbage',
  effect:
    'The effect happened, but the body of the answer is random bytes; a callback attempt is sent with such a body and repeated by the cadence when refused.',
  default_delay_ms: 0,
  answer: async (context) => {
    const answer = await context.run();
    return {
      kind: 'answer',
      delay_ms: 0,
      // 204 has no body to spoil, so it becomes a 200.
      answer: { ...answer, status: answer.status === 204 ? 200 : answer.status, body: context.randomBytes(64) },
    };
  },
  callback: (context) => context.send((request) => ({ ...request, body: context.randomBytes(64) })),
};
