import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OutgoingRequest } from '../../src/kernel/ports.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver, Received } from '../support/receiver.ts';
import {
  newNumber,
  openResource,
  partnerOrder,
  placePaid,
  queryDirect,
  raw,
  refundDirect,
  signatureHolds,
  start,
} from './support.ts';
import type { Running } from './support.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

interface Notice {
  readonly id: string;
  readonly create_time: string;
  readonly resource_type: string;
  readonly event_type: string;
  readonly summary: string;
  readonly resource: {
    readonly algorithm: string;
    readonly original_type: string;
    readonly ciphertext: string;
    readonly nonce: string;
    readonly associated_data: string;
  };
}
const noticeOf = (body: Buffer): Notice => JSON.parse(body.toString('utf8')) as Notice;

describe('over real HTTP', () => {
  let running: Running;
  let receiver: Receiver;
  beforeEach(async () => {
    [running, receiver] = [await start(), await startReceiver()];
  });
  afterEach(() => Promise.all([running.close(), receiver.close()]));

  const check = (received: Received | undefined): Notice => {
    if (!received) throw new Error('nothing received');
    expect([received.method, received.headers['content-type']]).toEqual(['POST', 'application/json']);
    expect(signatureHolds(running, received.headers, received.body)).toBe(true);
    expect(Math.abs(Number(received.headers['wechatpay-timestamp']) - Date.now() / 1000)).toBeLessThan(5);
    return noticeOf(received.body);
  };

  test('a payment is told as TRANSACTION.SUCCESS with what a query shows', async () => {
    const order = await placePaid(running, { notify_url: `${receiver.url}/notify`, attach: 'mine' });
    const [received] = await receiver.take(1);
    const notice = check(received);
    expect(received?.url).toBe('/notify');
    expect(notice).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      create_time: expect.stringMatching(/\+08:00$/),
      resource_type: 'encrypt-resource',
      event_type: 'TRANSACTION.SUCCESS',
      summary: '支付成功',
      resource: { algorithm: 'AEAD_AES_256_GCM', original_type: 'transaction', associated_data: 'transaction' },
    });
    const opened = openResource(running.direct.api_v3_key, notice.resource);
    expect(opened).toEqual((await queryDirect(running, order.out_trade_no)).json);
    expect(opened).toMatchObject({ trade_state: 'SUCCESS', attach: 'mine', mchid: running.direct.mchid });
    expect(() => openResource(running.provider.api_v3_key, notice.resource)).toThrow();
  });

  test('a service provider is told under its own key, with the sub-merchant', async () => {
    const body = partnerOrder(running, { notify_url: `${receiver.url}/notify` });
    const placed = await raw(running, running.provider, 'POST', '/v3/pay/partner/transactions/native', { body });
    running.simulator.scan(String(placed.json?.['code_url']), 'pay');
    const [received] = await receiver.take(1);
    const opened = openResource(running.provider.api_v3_key, check(received).resource);
    expect(opened).toMatchObject({ sp_mchid: body['sp_mchid'], sub_mchid: body['sub_mchid'], trade_state: 'SUCCESS' });
    expect(opened).not.toHaveProperty('mchid');
  });

  test.each([
    ['退款', 'REFUND.SUCCESS', '退款成功', 'SUCCESS'],
    ['异常', 'REFUND.ABNORMAL', '退款异常', 'ABNORMAL'],
    ['关闭', 'REFUND.CLOSED', '退款关闭', 'CLOSED'],
  ])('a refund with reason %s is told as %s', async (reason, event_type, summary, refund_status) => {
    const { out_trade_no } = await placePaid(running, { notify_url: `${receiver.url}/paid` });
    const out_refund_no = newNumber();
    const notify_url = `${receiver.url}/refunded`;
    await refundDirect(running, out_trade_no, { refund: 25, total: 100, out_refund_no, reason, notify_url });
    const [, received] = await receiver.take(2);
    const notice = check(received);
    expect([received?.url, notice.event_type, notice.summary]).toEqual(['/refunded', event_type, summary]);
    expect(notice.resource.associated_data).toBe('refund');
    const opened = openResource(running.direct.api_v3_key, notice.resource);
    expect(opened).toMatchObject({
      mchid: running.direct.mchid,
      out_trade_no,
      out_refund_no,
      refund_status,
      amount: { total: 100, refund: 25, payer_total: 100, payer_refund: 25 },
    });
    expect('success_time' in opened).toBe(refund_status === 'SUCCESS');
  });

  test('a signature probe does not verify, changes nothing, and is remembered with its answer', async () => {
    const { out_trade_no } = await placePaid(running, { notify_url: `${receiver.url}/notify` });
    await receiver.take(1);
    const attempt = await running.simulator.sendSignatureProbe(out_trade_no);
    const [first, probe] = await receiver.take(2);
    expect(probe?.headers['wechatpay-signature']).toMatch(/^WECHATPAY\/SIGNTEST\//);
    expect(signatureHolds(running, probe?.headers ?? {}, probe?.body ?? Buffer.alloc(0))).toBe(false);
    expect(probe?.body).toEqual(first?.body);
    expect(attempt).toMatchObject({ fault: 'signature_probe', status: 200, out_trade_no });
    expect(await running.simulator.sendSignatureProbe('NOSUCHORDER')).toBeUndefined();
  });

  test('is sent again on demand, and attempts are listed newest first', async () => {
    const { out_trade_no } = await placePaid(running, { notify_url: `${receiver.url}/notify` });
    await receiver.take(1);
    expect(running.simulator.resendCallback(out_trade_no)).toBe(true);
    expect(running.simulator.resendCallback('NOSUCHORDER')).toBe(false);
    const [first, second] = await receiver.take(2);
    expect(noticeOf(second?.body ?? Buffer.alloc(0)).id).toBe(noticeOf(first?.body ?? Buffer.alloc(0)).id);
    expect(second?.headers['wechatpay-nonce']).not.toBe(first?.headers['wechatpay-nonce']);
    await expect
      .poll(() => running.simulator.callbacks(10).map((one) => [one.attempt, one.accepted]))
      .toEqual([
        [2, true],
        [1, true],
      ]);
  });
});

describe('under a virtual clock', () => {
  const sent: { at_ms: number; request: OutgoingRequest }[] = [];
  let running: Running | undefined;
  afterEach(async () => {
    sent.length = 0;
    await running?.close();
  });

  /** @param status of the n-th answer; null: none comes */
  const begin = async (
    status: (index: number) => number | null,
    cadence_scale = 1,
  ): Promise<ReturnType<typeof virtualPorts>> => {
    const ports = virtualPorts({
      send: (request) => {
        sent.push({ at_ms: ports.now(), request });
        const answered = status(sent.length - 1);
        if (answered === null) throw new Error('timed out');
        return { status: answered, headers: {}, body: Buffer.alloc(0) };
      },
    });
    running = await start({ ports });
    if (cadence_scale !== 1) {
      const { config } = running;
      await running.close();
      running = await start({ ports, config: { ...config, cadence_scale } });
    }
    return ports;
  };
  const waits = (): number[] => sent.slice(1).map((one, index) => one.at_ms - (sent[index]?.at_ms ?? 0));

  test("keeps upstream's cadence of sixteen attempts while refused, each freshly signed, and then gives up", async () => {
    const ports = await begin((index) => [500, 404, 302, null, 201, 401][index % 6] ?? null);
    await placePaid(running as Running, {}, ports.now());
    await ports.advance(48 * HOUR_MS);
    expect(waits()).toEqual([
      ...[15, 15, 30].map((seconds) => seconds * SECOND_MS),
      ...[3, 10, 20, 30, 30, 30, 60].map((minutes) => minutes * MINUTE_MS),
      ...[3, 3, 3, 6, 6].map((hours) => hours * HOUR_MS),
    ]);
    expect((sent.at(-1)?.at_ms ?? 0) - (sent[0]?.at_ms ?? 0)).toBe(24 * HOUR_MS + 4 * MINUTE_MS);
    expect(new Set(sent.map((one) => one.request.headers['Wechatpay-Nonce'])).size).toBe(16);
    expect(new Set(sent.map((one) => one.request.headers['Wechatpay-Signature'])).size).toBe(16);
    expect(new Set(sent.map((one) => noticeOf(one.request.body).id)).size).toBe(1);
    expect(sent.map((one) => Number(one.request.headers['Wechatpay-Timestamp']) * 1000)).toEqual(
      sent.map((one) => Math.floor(one.at_ms / 1000) * 1000),
    );
    expect(sent.every((one) => one.request.timeout_ms === 5_000)).toBe(true);
  });

  test.each([200, 204])('stops at the first %d', async (status) => {
    const ports = await begin((index) => (index < 2 ? 503 : status));
    await placePaid(running as Running, {}, ports.now());
    await ports.advance(48 * HOUR_MS);
    expect(waits()).toEqual([15 * SECOND_MS, 15 * SECOND_MS]);
  });

  test('the cadence can be scaled', async () => {
    const ports = await begin(() => 500, 0.01);
    await placePaid(running as Running, {}, ports.now());
    await ports.advance(MINUTE_MS);
    expect(waits().slice(0, 4)).toEqual([150, 150, 300, 1_800]);
  });

  test('a resend that is accepted ends the cadence', async () => {
    const ports = await begin((index) => (index === 0 ? 500 : 200));
    const { out_trade_no } = await placePaid(running as Running, {}, ports.now());
    await ports.advance(SECOND_MS);
    running?.simulator.resendCallback(out_trade_no);
    await ports.advance(48 * HOUR_MS);
    expect(sent.length).toBe(2);
  });
});
