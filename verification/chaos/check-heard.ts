/** Every outcome was heard by the merchant under one nonce, with the same bytes each time, and nothing else was. */
import { openJwt, type Json } from '../merchant.ts';
import type { Violation } from './check-books.ts';
import type { Books } from './books.ts';

interface Heard {
  readonly nonce_str: string;
  readonly token: string;
  readonly data: Json;
}

export function checkHeard(books: Books): Violation[] {
  // One token comes more than once: its signature is checked once.
  const opened = new Map<string, Heard>();
  const by_path = new Map<string, Heard[]>();
  const found: Violation[] = [];
  for (const { path, token } of books.heard) {
    try {
      const heard = opened.get(token) ?? open(token, books.platform_public_key);
      opened.set(token, heard);
      by_path.set(path, [...(by_path.get(path) ?? []), heard]);
    } catch (error) {
      found.push({ text: `${path} heard what nobody signed: ${String(error)}`, trade_id: null });
    }
  }
  const outbox = new Set(books.notifications.map(({ payload }) => (JSON.parse(payload) as Json)['nonce_str']));
  for (const [path, heard] of by_path) {
    for (const [nonce, same] of Map.groupBy(heard, (one) => one.nonce_str)) {
      const trade_id = String(same[0]?.data['trade_id']);
      if (!outbox.has(nonce)) found.push({ text: `${path} heard ${nonce}, which is in no outbox`, trade_id });
      if (new Set(same.map((one) => one.token)).size > 1)
        found.push({ text: `${path} heard ${nonce} with two contents`, trade_id });
    }
  }
  return [...found, ...ofOrders(books, by_path), ...ofRefunds(books, by_path)];
}

function open(token: string, platform_public_key: string): Heard {
  const payload = openJwt(token, platform_public_key);
  return { nonce_str: String(payload['nonce_str']), token, data: payload['data'] as Json };
}

function ofOrders(books: Books, by_path: ReadonlyMap<string, readonly Heard[]>): Violation[] {
  const paid_there = new Set(books.ledger.filter(({ kind }) => kind === 'payment').map((one) => one.out_trade_no));
  return books.orders.flatMap(({ trade_id, mch_trade_id, state, total_fen }) => {
    const heard = by_path.get(`/${mch_trade_id}`) ?? [];
    const nonces = new Set(heard.map((one) => one.nonce_str));
    const found: string[] = [];
    if (state === 'paid' && nonces.size === 0) found.push('is paid, and its merchant has not heard of it');
    if (nonces.size > 1) found.push(`was told under ${nonces.size} nonces`);
    if (nonces.size > 0 && !paid_there.has(trade_id)) found.push('was notified as paid, and the channel took nothing');
    if (nonces.size > 0 && !['paid', 'reversed'].includes(state)) found.push(`was notified as paid, and is ${state}`);
    for (const { data } of heard) {
      const is_right = data['trade_id'] === trade_id && data['trade_state'] === 0 && data['total_fee'] === total_fen;
      if (!is_right) found.push(`was notified with ${JSON.stringify(data)}`);
    }
    return found.map((text) => ({ text, trade_id }));
  });
}

function ofRefunds(books: Books, by_path: ReadonlyMap<string, readonly Heard[]>): Violation[] {
  return books.refunds.flatMap(({ mch_refund_id, trade_id, state }) => {
    if (mch_refund_id === null) return [];
    const heard = by_path.get(`/${mch_refund_id}`) ?? [];
    const told = heard.filter((one) => (one.data['refunds'] as Json)['refund_status'] === 0);
    const nonces = new Set(told.map((one) => one.nonce_str));
    const expected = state === 'succeeded' ? 1 : 0;
    const text = `has the refund ${mch_refund_id}, which is ${state} and was told as done under ${nonces.size} nonces`;
    return nonces.size === expected ? [] : [{ text, trade_id }];
  });
}
