import { describe, expect, it } from 'vitest';
import { NoAnswer } from '../../gateway/src/ports.ts';
import { CALM, Network, type Fate, type NetworkAnswer, type NetworkHandler } from '../simulation/network.ts';
import { Scheduler } from '../simulation/scheduler.ts';

const ORIGIN = 'https://peer.example';
const ok: NetworkHandler = async ({ body }) => ({
  kind: 'answer',
  answer: { status: 200, headers: { 'Content-Type': 'text/plain' }, body },
  delay_ms: 0,
});

function start(handle: NetworkHandler = ok) {
  const scheduler = new Scheduler({ seed: 'network', start_ms: 0 });
  const network = new Network(scheduler);
  let seen = 0;
  network.listen(ORIGIN, 'peer', (request) => {
    seen += 1;
    return handle(request);
  });
  const send = (url = `${ORIGIN}/path?x=1`, max_bytes = 100): Promise<NetworkAnswer> =>
    network.exchange('we', {
      method: 'POST',
      url,
      headers: { 'X-Name': 'v' },
      body: Buffer.from('hello'),
      timeout_ms: 5_000,
      max_bytes,
    });
  /** How an exchange ends, when, and how often the peer has seen it once everything has arrived. */
  const ending = async (exchange: Promise<NetworkAnswer>) => {
    const end = await scheduler.during(
      exchange.then(
        ({ status, body }) => `${status} ${body.toString()}`,
        (error: unknown) => (error instanceof NoAnswer ? error.message : 'something else than NoAnswer'),
      ),
    );
    const at_ms = scheduler.now_ms();
    await scheduler.runUntil(at_ms + 60_000);
    return { end, seen, waited: at_ms >= 5_000 };
  };
  return { network, scheduler, send, ending };
}

describe('an exchange', () => {
  it.each<[Fate, { end: string; seen: number; waited: boolean }]>([
    ['delivered', { end: '200 hello', seen: 1, waited: false }],
    ['refused', { end: 'not_sent: connection_refused', seen: 0, waited: false }],
    ['request_lost', { end: 'lost: timeout', seen: 0, waited: true }],
    ['answer_lost', { end: 'lost: timeout', seen: 1, waited: true }],
    ['reset_before', { end: 'lost: connection_lost', seen: 0, waited: false }],
    ['reset_after', { end: 'lost: connection_lost', seen: 1, waited: false }],
    ['duplicated', { end: '200 hello', seen: 2, waited: false }],
  ])('that is %s', async (fate, expected) => {
    const { network, send, ending } = start();
    network.befall({ when: () => true, fate });
    expect(await ending(send())).toEqual(expected);
    expect(network.fates()[fate]).toBe(1);
  });

  it.each([
    [4_000, '200 hello'],
    [6_000, 'lost: timeout'],
  ])('whose answer is %i ms late', async (late_ms, end) => {
    const { network, send, ending } = start();
    network.befall({ when: () => true, fate: 'answer_late', late_ms });
    expect(await ending(send())).toMatchObject({ end, seen: 1 });
  });

  it('with nobody is refused, as is one with somebody who has gone', async () => {
    const { network, send, ending } = start();
    expect(await ending(send('https://nobody.example/'))).toMatchObject({ end: 'not_sent: connection_refused' });
    network.unlisten(ORIGIN);
    expect(await ending(send())).toMatchObject({ end: 'not_sent: connection_refused', seen: 0 });
  });

  it('with somebody who goes while the request is on its way is lost, for the sender cannot know', async () => {
    const { network, send, ending } = start();
    const exchange = send();
    network.unlisten(ORIGIN);
    expect(await ending(exchange)).toMatchObject({ end: 'lost: connection_lost', seen: 0 });
  });

  it('ends as the peer ends it', async () => {
    const reset = start(async () => ({ kind: 'reset', delay_ms: 10 }));
    expect(await reset.ending(reset.send())).toMatchObject({ end: 'lost: connection_lost', seen: 1 });
    const silent = start(async () => ({ kind: 'silence' }));
    expect(await silent.ending(silent.send())).toMatchObject({ end: 'lost: timeout', seen: 1, waited: true });
  });

  it('whose answer is too large is lost', async () => {
    const { send, ending } = start();
    expect(await ending(send(undefined, 4))).toMatchObject({ end: 'lost: too_large', seen: 1 });
  });

  it('carries path, query, lower-case headers and body untouched', async () => {
    let request: unknown;
    const { send, ending } = start(async (received) => {
      request = received;
      return ok(received);
    });
    await ending(send());
    expect(request).toMatchObject({
      from: 'we',
      target: '/path?x=1',
      headers: { 'x-name': 'v' },
      body: Buffer.from('hello'),
    });
  });
});

it('rates befall about as many exchanges as they say, the same ones for the same seed', async () => {
  const run = async () => {
    const { network, scheduler, send } = start();
    network.become({ ...CALM, rates: () => ({ request_lost: 0.1, duplicated: 0.2 }) });
    for (let sent = 0; sent < 1_000; sent += 1) send().catch(() => undefined);
    await scheduler.runUntil(60_000);
    return { fates: network.fates(), digest: scheduler.trace.digest() };
  };
  const { fates, digest } = await run();
  expect(fates.request_lost).toBeGreaterThan(70);
  expect(fates.request_lost).toBeLessThan(130);
  expect(fates.duplicated).toBeGreaterThan(140);
  expect(fates.duplicated).toBeLessThan(220);
  expect((await run()).digest).toBe(digest);
});
