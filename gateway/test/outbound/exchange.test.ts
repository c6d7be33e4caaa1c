import { describe, expect, test } from 'vitest';
import { Exchange } from '../../src/outbound/exchange.ts';
import { type HttpAnswer, NoAnswer } from '../../src/ports.ts';

describe('an exchange', () => {
  test('that undici would write a second time is aborted before that and counts as lost', async () => {
    let finished = 0;
    const aborted: string[] = [];
    const owner = { abandoned: () => {}, finished: () => (finished += 1) };
    let exchange: Exchange | null = null;
    const answer = new Promise<HttpAnswer>((resolve, reject) => {
      const url = new URL('http://127.0.0.1/pay');
      const request = {
        method: 'POST',
        url: url.href,
        headers: {},
        body: '1',
        timeout_ms: 9_000,
        max_bytes: 9,
      } as const;
      exchange = new Exchange(request, url, { wait_ms: 9_000, answer_ms: 9_000 }, owner, { resolve, reject });
      const made = exchange;
      const controller = {
        aborted: false,
        paused: false,
        reason: null,
        pause: () => {},
        resume: () => {},
        abort: (reason: Error) => {
          aborted.push(reason.message);
          made.onResponseError(controller, reason);
        },
      };
      made.onRequestStart(controller);
      expect(aborted).toEqual([]);
      made.onRequestStart(controller);
    });
    await expect(answer).rejects.toEqual(new NoAnswer('lost', 'connection_lost'));
    expect(aborted).toEqual(['the request is no longer wanted']);
    expect(finished).toBe(1);
  });
});
