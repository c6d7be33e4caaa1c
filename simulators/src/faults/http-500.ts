import type { Fault } from './fault.ts';

/** What a proxy in front of the channel says when the channel behind it is away. */
export const http500: Fault = {
  name: 'http_500',
  effect: 'The effect did not happen; the answer is an unsigned HTTP 500 page that is not of the protocol.',
  default_delay_ms: 0,
  answer: async () => ({
    kind: 'answer',
    delay_ms: 0,
    answer: {
      status: 500,
      headers: { 'content-type': 'text/html' },
      body: Buffer.from('<html><head><title>500 Internal Server Error</title></head></html>\n'),
    },
  }),
};
