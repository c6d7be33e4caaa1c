import { expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { Order } from '../../src/domain/order.ts';
import { tradeInfo, tradeState } from '../../src/domain/trade-state.ts';
import { anOrder, CREATED_AT_MS, facts } from './samples.ts';

const YEAR_MS = 365 * 86_400_000;

const rows: readonly [Partial<Order>, number, string][] = [
  [{ state: 'undecided', initial_trade_state: 2, channel_message: '' }, 2, '未支付, '],
  [{ state: 'undecided', initial_trade_state: 2, channel_message: '订单未支付' }, 2, '未支付, 订单未支付'],
  [{ state: 'undecided', initial_trade_state: 6, channel_message: '10000,Success' }, 6, '支付中, 10000,Success'],
  [{ state: 'paid' }, 0, '支付成功, '],
  [{ state: 'paid', refund_reserved_fen: fen(1) }, 1, '转入退款, '],
  [{ state: 'paid', refunded_fen: fen(1) }, 1, '转入退款, '],
  [{ state: 'paid', refunded_fen: fen(100) }, 1, '转入退款, '],
  [{ state: 'paid', finished: true, refunded_fen: fen(1) }, 4, '已完结, '],
  [{ state: 'closed', channel_message: '订单已关闭,SUCCESS,OK' }, 3, '已关闭, 订单已关闭,SUCCESS,OK'],
  [{ state: 'closed', channel_message: '', refund_reserved_fen: fen(100) }, 3, '已关闭, '],
  [{ state: 'reversed', channel_message: '已撤销' }, 5, '已撤销, 已撤销'],
  [{ state: 'failed', channel_message: 'PARAM_ERROR: no' }, 5, '已撤销, PARAM_ERROR: no'],
];

test.each(rows)('%j is shown as trade_state %d, %s', (changes, state, info) => {
  const order = anOrder(changes);
  const at_ms = CREATED_AT_MS;
  expect([tradeState(order, at_ms), tradeInfo(order, at_ms)]).toEqual([state, info]);
});

test('a payment that is older than a year cannot be refunded any more: 4, 已完结', () => {
  const order = anOrder({ state: 'paid', facts: facts({ paid_at_ms: CREATED_AT_MS }) });
  expect(tradeState(order, CREATED_AT_MS + YEAR_MS)).toBe(0);
  expect(tradeState(order, CREATED_AT_MS + YEAR_MS + 1)).toBe(4);
  expect(tradeInfo(order, CREATED_AT_MS + YEAR_MS + 1)).toBe('已完结, ');
});
