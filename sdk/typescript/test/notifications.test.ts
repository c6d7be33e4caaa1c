import express from 'express';
import Fastify from 'fastify';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RecentNotifications, type NotificationHandling, type PaidOrder, type RefundedOrder } from '../src/index.ts';
import { notificationHandler } from '../src/handle-notification.ts';
import { client, merchant_keys, MERCHANT_ID, platformToken, success, type Json } from './test-gateway.ts';

const NONCE = '5c00a5b901c9110e2a5c9933';
const ORDER = { trade_id: 'a', mch_trade_id: 'shop.1', merchant_id: MERCHANT_ID, pay_type: 'wechat.scan' };
const REFUND = { refund_id: 'b', mch_refund_id: 'shop.1.r', refund_fee: 100, refund_status: 0, refund_desc: 'cold' };

function paid(changes: Json = {}, nonce_str = NONCE): string {
  const data = { ...ORDER, total_fee: 221, trade_state: 0, trade_info: '支付成功, ', ...changes };
  return platformToken({ code: 0, data, nonce_str });
}

function refunded(changes: Json = {}): string {
  const data = { ...ORDER, refunds: { ...REFUND, ...changes } };
  return platformToken({ code: 0, msg: 'success', data, nonce_str: 'c'.repeat(24) });
}

const { heliu } = client('http://127.0.0.1:9');

/** An endpoint of a shop that has one order, of 221 fen. */
function shop(changes: Partial<NotificationHandling> = {}) {
  const shipped: PaidOrder[] = [];
  const refunds: RefundedOrder[] = [];
  const refused: string[] = [];
  const endpoint = heliu.notifications({
    expected: ({ mch_trade_id }) => (mch_trade_id === 'shop.1' ? 221 : null),
    onPaid: (order) => void shipped.push(order),
    expectedRefund: ({ mch_refund_id }) => (mch_refund_id === 'shop.1.r' ? 100 : null),
    onRefund: (refund) => void refunds.push(refund),
    onRefused: (error) => refused.push(error.message),
    ...(changes as object),
  });
  return { endpoint, shipped, refunds, refused };
}

describe('a notification', () => {
  test('of a payment is acted upon and answered success', async () => {
    const { endpoint, shipped } = shop();
    expect(await endpoint.handle(paid({ attach: 'table 7' }))).toEqual({ status: 200, body: 'success' });
    expect(shipped).toMatchObject([{ mch_trade_id: 'shop.1', total_fee: 221, attach: 'table 7' }]);
  });

  test('of a refund is acted upon and answered success', async () => {
    const { endpoint, refunds } = shop();
    expect(await endpoint.handle(refunded())).toEqual({ status: 200, body: 'success' });
    expect(refunds).toMatchObject([{ mch_trade_id: 'shop.1', refunds: REFUND }]);
  });

  test('that comes again is answered success and not acted upon', async () => {
    const { endpoint, shipped } = shop();
    const body = paid();
    await endpoint.handle(body);
    expect(await endpoint.handle(body)).toEqual({ status: 200, body: 'success' });
    expect(shipped).toHaveLength(1);
    await endpoint.handle(paid({}, 'd'.repeat(24)));
    expect(shipped).toHaveLength(2);
  });

  test('that overtakes itself waits for the first, and is acted upon once', async () => {
    const shipping = Promise.withResolvers<void>();
    const shipped: PaidOrder[] = [];
    // Read beforehand, so that both are past the signature when the first is still being written down.
    const notification = await heliu.readNotification(paid());
    const handle = notificationHandler(async () => notification, {
      expected: () => 221,
      async onPaid(order) {
        shipped.push(order);
        await shipping.promise;
      },
    });
    const both = Promise.all([handle(''), handle('')]);
    await new Promise((resolve) => setImmediate(resolve));
    shipping.resolve();
    expect((await both).map(({ body }) => body)).toEqual(['success', 'success']);
    expect(shipped).toHaveLength(1);
  });

  test('that could not be written down comes again, and is acted upon then', async () => {
    let database_is_down = true;
    const { endpoint, shipped, refused } = shop({
      onPaid(order) {
        if (database_is_down) throw new Error('the database is down');
        shipped.push(order);
      },
    });
    expect(await endpoint.handle(paid())).toEqual({ status: 500, body: 'try again' });
    expect(refused).toEqual(['the database is down']);
    database_is_down = false;
    expect(await endpoint.handle(paid())).toEqual({ status: 200, body: 'success' });
    expect(shipped).toHaveLength(1);
  });

  test('that is refused is answered so although whoever was told of it has failed', async () => {
    const { endpoint } = shop({
      onRefused() {
        throw new Error('the log is full');
      },
    });
    expect(await endpoint.handle('forged')).toEqual({ status: 400, body: 'not genuine' });
  });

  test('that another process has handled is known by the store that they share', async () => {
    const seen = new RecentNotifications();
    const [first, second] = [shop({ seen }), shop({ seen })];
    await first.endpoint.handle(paid());
    expect(await second.endpoint.handle(paid())).toEqual({ status: 200, body: 'success' });
    expect([first.shipped.length, second.shipped.length]).toEqual([1, 0]);
  });

  test.each([
    ['signed by somebody else', platformToken({ code: 0, data: {}, nonce_str: NONCE }, merchant_keys.privateKey), 400],
    [
      'changed on the way',
      `${paid().split('.')[0]}.${paid({ total_fee: 1 }).split('.')[1]}.${paid().split('.')[2]}`,
      400,
    ],
    ['plain JSON', JSON.stringify({ code: 0, data: { ...ORDER, total_fee: 221, trade_state: 0 } }), 400],
    ['empty', '', 400],
    ['an answer to a call that somebody kept', success({ ...ORDER, total_fee: 221, trade_state: 0 }), 400],
    ['without a nonce', platformToken({ code: 0, data: { ...ORDER, total_fee: 221 } }), 400],
    ['for another merchant', paid({ merchant_id: '1111111111111111' }), 422],
    ['of another amount', paid({ total_fee: 1 }), 422],
    ['of an order that is not ours', paid({ mch_trade_id: 'shop.2' }), 422],
    ['of an order that is not paid', paid({ trade_state: 6 }), 422],
    ['of a refund of another amount', refunded({ refund_fee: 221 }), 422],
    ['of a refund that is not ours', refunded({ mch_refund_id: 'x' }), 422],
    ['of a refund without its amount', refunded({ refund_fee: undefined }), 400],
    ['larger than any', `${paid()}${' '.repeat(65_536)}`, 413],
  ])('that is %s is refused, and told', async (_what, body, status) => {
    const { endpoint, shipped, refunds, refused } = shop();
    const answer = await endpoint.handle(body);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/success/i);
    expect([...shipped, ...refunds]).toEqual([]);
    if (status !== 413) expect(refused).toHaveLength(1);
  });

  test('of a refund is refused by a shop that has nobody to tell', async () => {
    const endpoint = heliu.notifications({ expected: () => 221, onPaid: () => undefined });
    expect(await endpoint.handle(refunded())).toEqual({ status: 422, body: 'refused' });
  });

  test('names the amounts when they differ', async () => {
    const { endpoint, refused } = shop();
    await endpoint.handle(paid({ total_fee: 1 }));
    expect(refused).toEqual(['order shop.1 should be 221 fen, and 1 are told']);
  });
});

test('the memory of notifications is bounded: the oldest are forgotten', () => {
  const recent = new RecentNotifications(2);
  for (const nonce of ['a', 'b', 'c']) recent.add(nonce);
  expect(['a', 'b', 'c'].map((nonce) => recent.has(nonce))).toEqual([false, true, true]);
});

test('types: the amount check cannot be forgotten', () => {
  // @ts-expect-error expected is missing
  heliu.notifications({ onPaid: () => undefined });
  // @ts-expect-error expectedRefund is missing
  heliu.notifications({ expected: () => 1, onPaid: () => undefined, onRefund: () => undefined });
  // @ts-expect-error onPaid is missing
  const endpoint = heliu.notifications({ expected: () => 1 });
  expect(endpoint).toBeDefined();
});

/** Where a server of the test listens; it ends with the test. */
async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`;
}

/** Posts as the gateway does; answers status and body. */
async function post(url: string, body: string, content_type = 'text/plain'): Promise<[number, string]> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': content_type } });
  return [response.status, await response.text()];
}

describe('an endpoint', () => {
  type Shop = ReturnType<typeof shop>;
  const frameworks: [string, (opened: Shop) => Promise<string>][] = [
    ['node:http', ({ endpoint }) => listen(endpoint.node())],
    [
      'Express',
      ({ endpoint }) => {
        const app = express();
        app.post('/notify', endpoint.express());
        return listen(app);
      },
    ],
    [
      'Express with express.text',
      ({ endpoint }) => {
        const app = express();
        app.use(express.text());
        app.post('/notify', endpoint.express());
        return listen(app);
      },
    ],
    [
      'Express with express.raw',
      ({ endpoint }) => {
        const app = express();
        app.use(express.raw({ type: '*/*' }));
        app.post('/notify', endpoint.express());
        return listen(app);
      },
    ],
    [
      'Express with express.json, which leaves text alone',
      ({ endpoint }) => {
        const app = express();
        app.use(express.json());
        app.post('/notify', endpoint.express());
        return listen(app);
      },
    ],
    [
      'Fastify',
      async ({ endpoint }) => {
        const app = Fastify();
        await app.register(endpoint.fastify('/notify'));
        // The parsers of the application around it stay as they are.
        app.post('/echo', (request, reply) => reply.send(request.body));
        await app.listen({ port: 0, host: '127.0.0.1' });
        onTestFinished(() => app.close());
        const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
        expect(await post(`${url}/echo`, '{"a":1}', 'application/json')).toEqual([200, '{"a":1}']);
        return `${url}/notify`;
      },
    ],
  ];

  test.each(frameworks)('of %s takes what is genuine, and nothing else', async (_name, start) => {
    const opened = shop();
    const url = await start(opened);
    expect(await post(url, paid())).toEqual([200, 'success']);
    expect(await post(url, paid({ total_fee: 1 }, 'e'.repeat(24)))).toEqual([422, 'refused']);
    expect(await post(url, 'forged')).toEqual([400, 'not genuine']);
    const large = 'x'.repeat(70_000);
    expect((await post(url, large))[0]).toBe(413);
    expect(opened.shipped).toHaveLength(1);
  });

  test('takes a Request and gives a Response', async () => {
    const { endpoint, shipped } = shop();
    const handle = endpoint.fetch();
    const send = async (body: string | null): Promise<[number, string]> => {
      const response = await handle(new Request('https://shop.example.com/notify', { method: 'POST', body }));
      return [response.status, await response.text()];
    };
    expect(await send(paid())).toEqual([200, 'success']);
    expect(await send('forged')).toEqual([400, 'not genuine']);
    expect(await send(null)).toEqual([400, 'not genuine']);
    expect(await send('x'.repeat(70_000))).toEqual([413, 'too large']);
    expect(shipped).toHaveLength(1);
  });

  test('says what is wrong when a parser has eaten the body', async () => {
    const { endpoint, shipped } = shop();
    const app = express();
    app.use(express.json({ type: '*/*' }));
    app.post('/notify', endpoint.express());
    const [status, body] = await post(await listen(app), JSON.stringify({ a: 1 }));
    expect([status, body]).toEqual([500, 'the body was parsed before: mount this before body parsers']);
    expect(shipped).toEqual([]);
  });
});
