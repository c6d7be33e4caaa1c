import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Heliu,
  isRefused,
  transferAccountOf,
  type PaidOrder,
  type RefundedOrder,
} from '../../sdk/typescript/src/index.ts';
import { newTestMerchant } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

// The SDK against the real gateway and the simulated channels: both were written from the documents, not from one another.

const AMOUNT = 221;

let world: World;
let heliu: Heliu;
let server: Server;
let notify_url: string;
const paid: PaidOrder[] = [];
const refunded: RefundedOrder[] = [];
const told = new Map<string, () => void>();

beforeAll(async () => {
  world = await startWorld();
  const { merchant_id, private_key } = world.merchant.merchant;
  heliu = new Heliu({
    gateway_url: world.url,
    merchant_id,
    private_key: private_key.export({ type: 'pkcs1', format: 'pem' }).toString(),
    platform_public_key: world.platform_public_key,
  });
  const endpoint = heliu.notifications({
    expected: ({ mch_trade_id }) => (mch_trade_id.startsWith('sdk.') ? AMOUNT : null),
    onPaid(order) {
      paid.push(order);
      told.get(order.mch_trade_id)?.();
    },
    expectedRefund: ({ mch_refund_id }) => (mch_refund_id.endsWith('.r1') ? 100 : AMOUNT - 100),
    onRefund(refund) {
      refunded.push(refund);
      told.get(refund.refunds.mch_refund_id)?.();
    },
  });
  server = createServer(endpoint.node());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  notify_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/heliu`;
}, 60_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await world.close();
});

/** Resolves when the merchant has been told about an order or a refund. */
function notified(number: string): Promise<void> {
  return new Promise((resolve) => told.set(number, resolve));
}

async function scan(code: string): Promise<void> {
  expect(await world.control('POST', '/control/scan', { code, action: 'pay' })).toMatchObject({ status: 200 });
}

describe('the SDK', () => {
  it.each(['wechat.scan', 'alipay.scan'] as const)(
    'pays, is told, refunds in parts and queries with %s',
    async (pay_type) => {
      const mch_trade_id = `sdk.${pay_type}`;
      const is_paid = notified(mch_trade_id);
      const order = { mch_trade_id, total_fee: AMOUNT, body: '咖啡', attach: 'table 7', notify_url };
      const placed = await heliu.pay({ pay_type, spbill_create_ip: '127.0.0.1', ...order });
      expect(await heliu.waitForPayment(mch_trade_id, { first_ms: 1, patience_ms: 1 })).toMatchObject({
        outcome: 'undecided',
        order: { code_url: placed.code_url },
      });
      await scan(placed.code_url);
      await is_paid;
      expect(paid.at(-1)).toMatchObject({
        mch_trade_id,
        total_fee: AMOUNT,
        trade_state: 0,
        attach: 'table 7',
        pay_type,
      });
      expect(await heliu.waitForPayment(mch_trade_id, { first_ms: 1 })).toMatchObject({ outcome: 'paid' });

      for (const [part, refund_fee] of [
        ['r1', 100],
        ['r2', AMOUNT - 100],
      ] as const) {
        const mch_refund_id = `${mch_trade_id}.${part}`;
        const is_refunded = notified(mch_refund_id);
        const refund = await heliu.refund({ mch_trade_id, mch_refund_id, refund_fee, refund_desc: 'cold', notify_url });
        expect(refund).toMatchObject({ trade_state: 1, refunds: { mch_refund_id, refund_fee } });
        await is_refunded;
        const answer = await heliu.queryRefund({ mch_refund_id });
        expect(answer.refunds).toMatchObject({ mch_refund_id, refund_status: 0 });
      }
      expect((await heliu.queryRefund({ mch_trade_id })).refunds.map(({ refund_fee }) => refund_fee)).toEqual(
        expect.arrayContaining([100, 121]),
      );
      expect(await heliu.query({ mch_trade_id })).toMatchObject({ trade_state: 1, refunded_fee: AMOUNT });
      expect(refunded.filter((one) => one.mch_trade_id === mch_trade_id)).toHaveLength(2);
    },
  );

  it('hears a refusal by its name', async () => {
    await expect(heliu.query({ mch_trade_id: 'sdk.nothing' })).rejects.toMatchObject({
      api_code: 301,
      reason: 'no_order',
    });
    const dear = { pay_type: 'wechat.scan', mch_trade_id: 'sdk.dear', total_fee: 0, body: 'b' } as const;
    await expect(heliu.pay(dear)).rejects.toMatchObject({
      reason: 'malformed_field',
      msg: expect.stringContaining('total_fee'),
    });
    const stranger = newTestMerchant();
    const other = new Heliu({
      gateway_url: world.url,
      merchant_id: world.merchant.merchant.merchant_id,
      private_key: stranger.private_key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      platform_public_key: world.platform_public_key,
    });
    const error: unknown = await other.query({ mch_trade_id: 'a' }).catch((caught: unknown) => caught);
    expect(isRefused(error, 'bad_signature')).toBe(true);
    await expect(other.queryPreorder({ mch_pre_id: 'a' })).rejects.toMatchObject({ code: 'ERR_HELIU_REFUSED' });
  });

  it('gets the code of an order whose first answer the channel lost', async () => {
    const fault = { channel: 'wechat', operation: 'pay', fault: 'timeout_after', count: 1 };
    expect(await world.control('POST', '/control/faults', fault)).toMatchObject({ status: 200 });
    const mch_trade_id = 'sdk.lost';
    const is_paid = notified(mch_trade_id);
    const { code_url } = await heliu.pay({
      pay_type: 'wechat.scan',
      mch_trade_id,
      total_fee: AMOUNT,
      body: 'b',
      notify_url,
    });
    await scan(code_url);
    await is_paid;
    expect(paid.filter((order) => order.mch_trade_id === mch_trade_id)).toHaveLength(1);
  });

  it.each(['wechat', 'alipay'])(
    'takes a payment by a code of %s, refused, at once, and after a password',
    async (wallet) => {
      const code = async (behaviour: string): Promise<string> => {
        const made = await world.control('POST', '/control/auth-code', { wallet, behaviour });
        return String(made.body['auth_code']);
      };
      const order = (number: string, auth_code: string) => ({
        mch_trade_id: `sdk.${wallet}.${number}`,
        total_fee: AMOUNT,
        body: 'b',
        auth_code,
      });
      const at_once = await heliu.payByAuthCode(order('at-once', await code('pay')));
      expect(at_once).toMatchObject({ outcome: 'paid', order: { trade_state: 0 } });
      await expect(heliu.payByAuthCode(order('poor', await code('insufficient')))).rejects.toMatchObject({
        api_code: 600,
      });
      const typing = heliu.payByAuthCode(order('typing', await code('password_then_pay')), {
        first_ms: 10,
        every_ms: 50,
      });
      await eventually(async () => {
        const pending = (await world.control('GET', '/control/pending')).body['pending'] as Record<string, unknown>[];
        const [asked] = pending;
        if (!asked) return false;
        return (await world.control('POST', '/control/scan', { code: asked['code'], action: 'pay' })).status === 200;
      });
      expect(await typing).toMatchObject({ outcome: 'paid' });
      const reversed = await heliu.reverse({ mch_trade_id: `sdk.${wallet}.at-once` });
      expect(reversed).toMatchObject({ trade_state: 5 });
    },
  );

  it('closes an order, makes a link for the payment page, and takes and writes off a transfer', async () => {
    const fields = { total_fee: AMOUNT, body: 'b' };
    await heliu.pay({ pay_type: 'alipay.scan', mch_trade_id: 'sdk.closed', ...fields });
    expect(await heliu.close({ mch_trade_id: 'sdk.closed' })).toMatchObject({ trade_state: 3 });

    const { pay_url } = await heliu.createPreorder({ mch_pre_id: 'sdk.page', ...fields });
    expect((await fetch(pay_url)).status).toBe(200);
    expect(await heliu.queryPreorder({ mch_pre_id: 'sdk.page' })).toMatchObject({ pay_orders: [], total_fee: AMOUNT });

    const is_paid = notified('sdk.transfer');
    const { pay_info } = await heliu.pay({
      pay_type: 'ecp.transfer',
      mch_trade_id: 'sdk.transfer',
      notify_url,
      ...fields,
    });
    const { fund_acc } = transferAccountOf(pay_info);
    await expect(heliu.writeOff({ mch_trade_id: 'sdk.transfer' })).rejects.toMatchObject({ api_code: 302 });
    const transfer = { fund_acc, amount: AMOUNT, payer_name: '深圳市甲公司' };
    expect((await world.control('POST', '/control/transfer', transfer)).status).toBe(200);
    await is_paid;
    expect(await heliu.query({ mch_trade_id: 'sdk.transfer' })).toMatchObject({ trade_state: 0 });
    expect(await heliu.writeOff({ mch_trade_id: 'sdk.transfer' })).toMatchObject({ mch_trade_id: 'sdk.transfer' });
  });

  it('does not take an answer for a notification', async () => {
    const { text } = await world.merchant.call('/v2/pay/query', { mch_trade_id: paid[0]?.mch_trade_id });
    await expect(heliu.readNotification(text)).rejects.toMatchObject({
      code: 'ERR_HELIU_INVALID_TOKEN',
      message: 'this is an answer to a call, not a notification',
    });
  });
});
