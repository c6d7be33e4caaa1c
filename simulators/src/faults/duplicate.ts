import type { Fault } from './fault.ts';

/** The same callback twice at the same moment, as when two of the channel's machines pick it up. */
export const duplicate: Fault = {
  name: 'duplicate',
  effect: 'The callback is sent twice at the same moment, each time freshly signed, under one notification id.',
  default_delay_ms: 0,
  callback: async (context) => {
    const verdicts = await Promise.all([context.send(), context.send()]);
    return verdicts.includes('accepted') ? 'accepted' : 'refused';
  },
};
