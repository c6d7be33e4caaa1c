/** A gateway that is asked to end, has more to do than it can, or meets a caller who never finishes. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { proxyChannels, saveAccount } from '../accounts.ts';
import { freePort } from '../bench/free-port.ts';
import type { ChannelProxy } from '../channel-proxy.ts';
import { environmentOf } from '../command-line.ts';
import { GatewayProcess } from '../gateway-process.ts';
import { MerchantClient, type MerchantAnswer } from '../merchant.ts';
import { Shop, type Wallet } from '../shop.ts';
import { eventually, startWorld, type World } from '../world.ts';

/** What one request may use up before it is let go. */
const LIMITS = { HELIU_MAX_BUSY_REQUESTS: '4', HELIU_MAX_BODY_BYTES: '2048' };

let world: World;
let shop: Shop;
let proxies: Record<Wallet, ChannelProxy>;

beforeAll(async () => {
  world = await startWorld(LIMITS);
  shop = new Shop(world, 'end');
  proxies = await proxyChannels(world);
  // The longest time limit that an account may have.
  await saveAccount(world, 'sandbox-wechat', (account) => ({
    ...account,
    settings: { ...account.settings, timeout_ms: 20_000 },
  }));
  await world.restartGateway();
}, 60_000);

afterAll(async () => {
  await world.close();
  await proxies.wechat.close();
  await proxies.alipay.close();
});

const letting: (() => void)[] = [];

afterEach(() => {
  for (const letGo of letting.splice(0)) letGo();
  proxies.wechat.before = () => undefined;
});

/** Holds every order at WeChat Pay's door from now on; answers how many are there, and what lets them in. */
function holdOrders(): { held: () => number; letGo: () => void } {
  const released = Promise.withResolvers<void>();
  let count = 0;
  letting.push(() => released.resolve());
  proxies.wechat.before = async (passing) => {
    if (!passing.path.endsWith('/native')) return;
    count += 1;
    await released.promise;
  };
  return { held: () => count, letGo: () => released.resolve() };
}

describe('a gateway process that is told to end (SIGTERM)', () => {
  async function startProcess(more: Readonly<Record<string, string>> = {}) {
    const PORT = String(await freePort());
    const environment = {
      ...environmentOf(world),
      PORT,
      LOG_LEVEL: 'error',
      HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
      ...more,
    };
    const url = `http://127.0.0.1:${PORT}`;
    const merchant = new MerchantClient(url, world.platform_public_key, world.merchant.merchant);
    return { gateway: await GatewayProcess.start(environment), url, merchant };
  }

  const refused = (url: string): Promise<boolean> =>
    fetch(`${url}/healthz`).then(
      () => false,
      () => true,
    );

  it('answers and records what it has taken in, takes nothing new, and ends with 0', async () => {
    const { gateway, url, merchant } = await startProcess();
    const { held, letGo } = holdOrders();
    const claims = [shop.claims('wechat.scan'), shop.claims('wechat.scan')];
    const placing = claims.map((one) => merchant.call('/v2/pay', one));
    await eventually(async () => held() === 2);
    const ended = gateway.stop();
    await eventually(() => refused(url));
    letGo();
    for (const answer of await Promise.all(placing)) {
      expect(answer).toMatchObject({ code: 0, signed: true, data: { code_url: expect.stringContaining('weixin://') } });
    }
    const answered_ms = performance.now();
    expect(await ended).toBe(0);
    // No connection that a merchant keeps open holds it up.
    expect(performance.now() - answered_ms).toBeLessThan(5_000);
    for (const one of claims) {
      const order = await shop.placedUnder(one);
      expect(await shop.timeline(order)).toEqual(['pay created', 'pay accepted']);
    }
  });

  it('ends within its time limit although a channel never answers, and the order is not forgotten', async () => {
    const limit_ms = 4_000;
    const { gateway, merchant } = await startProcess({ HELIU_SHUTDOWN_TIMEOUT_MS: String(limit_ms) });
    const { held } = holdOrders();
    const claims = shop.claims('wechat.scan');
    const cut = merchant.call('/v2/pay', claims).then(
      () => 'answered',
      () => 'cut',
    );
    await eventually(async () => held() === 1);
    const asked_ms = performance.now();
    expect(await gateway.stop()).toBe(0);
    expect(performance.now() - asked_ms).toBeLessThan(limit_ms + 500);
    expect(await cut).toBe('cut');
    expect(gateway.output).toContain('did not finish in time');

    const order = await shop.placedUnder(claims);
    expect(await shop.stored(order)).toMatchObject({ state: 'undecided' });
    expect(await world.sql('SELECT 1 FROM jobs WHERE subject_id = $1', [order.trade_id])).toHaveLength(1);
    for (const letGo of letting.splice(0)) letGo();
    // Another node, once the lease of the dead one has run out.
    await shop.age(order, 60);
    const again = await world.merchant.call('/v2/pay', claims);
    expect(again).toMatchObject({ code: 0, data: { trade_id: order.trade_id } });
  });
});

describe('more requests than the cores can do', () => {
  it('are told 503 and when to come again, before anything is recorded, and the others are served', async () => {
    const claims = Array.from({ length: 80 }, () => shop.claims('alipay.scan'));
    const answers = await Promise.all(claims.map((one) => world.merchant.call('/v2/pay', one)));
    const shed = answers.flatMap((answer, at) => (answer.status === 503 ? [{ answer, claims: claims[at] }] : []));
    const served = answers.filter((answer) => answer.status !== 503);
    expect(shed.length).toBeGreaterThan(0);
    expect(served.length).toBeGreaterThanOrEqual(4);
    for (const answer of served) expect(answer.code).toBe(0);
    for (const { answer } of shed) {
      expect(answer).toMatchObject({ code: 503, signed: false, msg: expect.stringContaining('nothing was recorded') });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    const recorded = await world.sql('SELECT 1 FROM orders WHERE mch_trade_id = ANY ($1)', [
      claims.map((one) => one.mch_trade_id),
    ]);
    expect(recorded).toHaveLength(served.length);
    for (const one of shed.slice(0, 3)) {
      expect((await world.merchant.call('/v2/pay', one.claims ?? {})).code).toBe(0);
    }
  });

  it('are not made of those that wait for a slow channel', async () => {
    const { held, letGo } = holdOrders();
    const placing: Promise<MerchantAnswer>[] = [];
    // Whoever comes before the others have waited for a while may be sent away once more.
    while (placing.length < 12) {
      const sent = world.merchant.call('/v2/pay', shop.claims('wechat.scan'));
      const answers: MerchantAnswer[] = [];
      void sent.then((answer) => answers.push(answer));
      await eventually(async () => held() > placing.length || answers.length > 0);
      if (answers.length === 0) placing.push(sent);
      else expect(answers).toMatchObject([{ status: 503 }]);
    }
    const asked = await eventually(async () => {
      const answer = await world.merchant.call('/v2/pay/query', { mch_trade_id: 'nobody' });
      return answer.status !== 503 && answer;
    });
    expect(asked.code).toBe(301);
    letGo();
    for (const answer of await Promise.all(placing)) expect(answer.code).toBe(0);
  });
});

describe('a caller who sends too much, or never finishes', () => {
  it.each(['/v2/pay', '/v2/pay/query', '/web/user/session/login_name'])(
    '%s: a body over the limit is 413, announced or not',
    async (path) => {
      const url = `${world.url}${path}?merchant_id=${world.merchant.merchant.merchant_id}`;
      const announced = await fetch(url, { method: 'POST', body: 'x'.repeat(2_049) });
      const chunks = new ReadableStream({
        start(controller) {
          for (let count = 0; count < 3; count += 1) controller.enqueue(new TextEncoder().encode('x'.repeat(1_000)));
          controller.close();
        },
      });
      const chunked = await fetch(url, { method: 'POST', body: chunks, duplex: 'half' });
      for (const answer of [announced, chunked]) {
        expect(answer.status).toBe(413);
        expect(await answer.json()).toMatchObject({ code: 413 });
      }
    },
  );

  /** Sends the beginning of a request and nothing more. Resolves with what came back once the gateway has hung up. */
  async function begin(text: string): Promise<{ answer: string; after_ms: number }> {
    const { hostname, port } = new URL(world.url);
    const socket = connect(Number(port), hostname);
    const began_ms = performance.now();
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(text);
    await once(socket, 'close');
    return { answer, after_ms: performance.now() - began_ms };
  }

  it('is cut after fifteen seconds, in the head of the request as in its body, and keeps nobody from being served', async () => {
    const head = `POST /v2/pay?merchant_id=${world.merchant.merchant.merchant_id} HTTP/1.1\r\nHost: x\r\n`;
    const slow = Promise.all([
      begin(head),
      ...Array.from({ length: 8 }, () => begin(`${head}Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\nabc`)),
    ]);
    expect((await world.merchant.call('/v2/pay', shop.claims('alipay.scan'))).code).toBe(0);
    for (const { answer, after_ms } of await slow) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(after_ms).toBeLessThan(20_000);
    }
  }, 60_000);
});
