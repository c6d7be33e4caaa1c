/** Who gets how many of the notification attempts that are under way at once. */
import { expect, test } from 'vitest';
import { deliverNotifications } from '../../src/jobs/deliver-notifications.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import type { PlatformSigner } from '../../src/operations/sign-answer.ts';
import type { HttpAnswer, HttpClient } from '../../src/ports.ts';
import type { ClaimedNotification } from '../../src/storage/jobs.ts';

const SLOW = '1000000000000001';
const OTHER = '1000000000000002';

function jobsOf(merchant_id: string, count: number): ClaimedNotification[] {
  return Array.from({ length: count }, (_, index) => ({
    merchant_id,
    subject_id: `${merchant_id}.${index}`,
    attempt: 1,
    url: `https://${merchant_id}.test/notify`,
    payload: '{"code":0,"data":{}}',
    attempts_made: 0,
    trade_id: String(index),
  }));
}

/** Servers of merchants that answer nothing until they are told to. */
class SlowServers implements HttpClient {
  readonly #waiting: { readonly url: string; answer(answer: HttpAnswer): void }[] = [];

  send({ url }: { readonly url: string }): Promise<HttpAnswer> {
    return new Promise((resolve) => this.#waiting.push({ url, answer: resolve }));
  }

  underWay(merchant_id: string): number {
    return this.#waiting.filter(({ url }) => url.includes(merchant_id)).length;
  }

  answerOne(merchant_id: string): void {
    const at = this.#waiting.findIndex(({ url }) => url.includes(merchant_id));
    const [first] = this.#waiting.splice(at, 1);
    first?.answer({ status: 200, headers: {}, body: Buffer.from('success') });
  }
}

test('one merchant whose server hangs gets a quarter of the attempts at most, and holds up nobody else', async () => {
  const http = new SlowServers();
  const platform: PlatformSigner = { publicKeyPem: () => '', sign: (payload) => Promise.resolve(payload) };
  const left_out: (readonly string[])[] = [];
  const claims = [jobsOf(SLOW, 200), jobsOf(OTHER, 1)];
  const recorded: string[] = [];
  const gateway = {
    ports: { clock: { now_ms: () => 1_700_000_000_000 } },
    store: {
      jobs: {
        claimNotifications: (_now_ms: number, _lease_ms: number, _limit: number, except: readonly string[]) => {
          left_out.push(except);
          return Promise.resolve(claims.shift() ?? []);
        },
      },
      notifications: {
        record: ({ notification_id }: { notification_id: string }) => void recorded.push(notification_id),
      },
    },
    metrics: { notifications: { inc: () => undefined } },
    wakeJobs: () => undefined,
  } as unknown as Gateway;
  const loop = deliverNotifications(http, platform);
  const start = (run: () => Promise<void>): void => void run();

  await loop.runBatch(gateway, 200, start);
  await expect.poll(() => http.underWay(SLOW)).toBe(loop.max_running / 4);
  await loop.runBatch(gateway, 56, start);
  await expect.poll(() => http.underWay(OTHER)).toBe(1);
  expect(http.underWay(SLOW)).toBe(loop.max_running / 4);
  // Its line is long enough: the next claim leaves it out.
  expect(left_out).toEqual([[], [SLOW]]);

  http.answerOne(SLOW);
  await expect.poll(() => recorded).toEqual([`${SLOW}.0`]);
  await expect.poll(() => http.underWay(SLOW)).toBe(loop.max_running / 4);
});
