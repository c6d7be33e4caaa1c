import type { BankEntry } from '../../src/domain/bank-credit.ts';
import { fen } from '../../src/domain/money.ts';
import type { DecisionInput, Order } from '../../src/domain/order.ts';
import type { PaymentFacts } from '../../src/domain/payment-facts.ts';
import type { Refund } from '../../src/domain/refund.ts';

/** When sample orders are made; they live for an hour. */
export const CREATED_AT_MS = 1_700_000_000_000;
export const EXPIRES_AT_MS = CREATED_AT_MS + 3_600_000;

/** What a channel must say about a sample order's owner. */
export const IDENTITY: Readonly<Record<string, string>> = {
  sp_appid: 'wx1',
  sp_mchid: '1900000001',
  sub_mchid: '1900000002',
};

/** An order of 100 fen that has just been inserted. */
export function anOrder(changes: Partial<Order> = {}): Order {
  return {
    merchant_id: '1000000000000001',
    trade_id: '6553f1000000000000000001',
    mch_trade_id: 'shop.1',
    pay_type: 'wechat.scan',
    initial_trade_state: 2,
    channel: 'wechat',
    account_id: 'wechat-1',
    merchant_params: { sub_mchid: '1900000002' },
    total_fen: fen(100),
    request: { body: 'goods' },
    request_hash: 'hash',
    notify_url: 'https://shop.example.com/notify',
    created_at_ms: CREATED_AT_MS,
    expires_at_ms: EXPIRES_AT_MS,
    preorder_id: null,
    payer_key: null,
    version: 1,
    state: 'undecided',
    finished: false,
    ending: null,
    placement: 'calling',
    placing_until_ms: CREATED_AT_MS + 20_000,
    reply: null,
    reply_message: '',
    channel_message: '',
    facts: null,
    late_facts: null,
    refunded_fen: fen(0),
    refund_reserved_fen: fen(0),
    refund_count: 0,
    checked_at_ms: 0,
    check_count: 0,
    decided_at_ms: null,
    updated_at_ms: CREATED_AT_MS,
    ...changes,
  };
}

/** A payment of a sample order, as its channel tells it. */
export function facts(changes: Partial<PaymentFacts> = {}): PaymentFacts {
  return {
    transaction_id: 'T1',
    amount_fen: fen(100),
    currency: 'CNY',
    identity: IDENTITY,
    paid_at_ms: CREATED_AT_MS + 60_000,
    details: {},
    refunded: false,
    ...changes,
  };
}

/** A decision a minute after the order was made, about what a callback said. */
export function anInput(changes: Partial<DecisionInput> = {}): DecisionInput {
  return {
    at_ms: CREATED_AT_MS + 60_000,
    source: 'callback',
    late_payment: 'refund',
    expected_identity: IDENTITY,
    preorder_is_paid: false,
    ...changes,
  };
}

/** A merchant's refund of 40 fen that has just been reserved. */
export function aRefund(changes: Partial<Refund> = {}): Refund {
  return {
    merchant_id: '1000000000000001',
    refund_id: '6553f1100000000000000001',
    trade_id: '6553f1000000000000000001',
    mch_refund_id: 'shop.1.r1',
    refund_fen: fen(40),
    refund_desc: 'returned',
    notify_url: 'https://shop.example.com/refunded',
    request_hash: 'hash',
    created_at_ms: CREATED_AT_MS,
    version: 1,
    state: 'undecided',
    channel_refund_no: '6553f1100000000000000001',
    channel_refund_id: null,
    channel_message: '',
    calling_until_ms: CREATED_AT_MS + 20_000,
    check_count: 0,
    decided_at_ms: null,
    updated_at_ms: CREATED_AT_MS,
    ...changes,
  };
}

export const BANK_NUMBER = '9902000000000002';

/** What a bank says of a credit of 100 fen. */
export function aBankEntry(changes: Partial<BankEntry> = {}): BankEntry {
  return {
    reference: 'B1',
    kind: 'credit',
    number: BANK_NUMBER,
    amount_fen: fen(100),
    currency: 'CNY',
    payer_name: null,
    payer_account: '6222',
    payer_bank: null,
    end_to_end_id: null,
    remittance: null,
    original_reference: null,
    booked_at_ms: CREATED_AT_MS,
    booked_on: '2026-04-12',
    ...changes,
  };
}
