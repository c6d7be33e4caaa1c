import type { Journal } from '../kernel/journal.ts';
import type { Ledger, LedgerKind } from '../kernel/ledger.ts';
import type { SimulatorPorts } from '../kernel/ports.ts';
import type { AlipayApp } from './config.ts';
import { newTradeNo } from './numbers.ts';
import { refundedFen, reservedFen } from './trade-records.ts';
import type { PrecreatedCode, Refund, Trade, TradeOrder } from './trade-records.ts';
import type { TradeStore } from './trade-store.ts';

/** What becomes known to the merchant by a callback. */
export type TradeNews =
  | { readonly kind: 'paid' | 'closed' | 'finished' }
  | { readonly kind: 'refunded'; readonly refund: Refund };

/** Why a trade was closed unpaid. */
export type CloseNote = 'closed' | 'expired' | 'cancelled' | 'payer_cancelled';

export interface TradeBookOptions {
  readonly ports: SimulatorPorts;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly store: TradeStore;
  /** See AlipayConfig. */
  readonly refundable_ms: number;
  readonly refund_settle_ms: number;
  /** Owes the merchant a callback; called inside the journal's transaction of its cause. */
  notify(trade: Trade, news: TradeNews): void;
}

/** A refund that passed every check. */
export interface RefundOrder {
  readonly out_request_no: string;
  readonly amount_fen: number;
  readonly reason?: string;
  /** `success`: at once; the others are pending for `refund_settle_ms` first. */
  readonly outcome: 'success' | 'pending_then_success' | 'pending_then_failed';
}

/**
 * Everything that happens to trades and money. Each change of a trade, its ledger entry and its callback are one
 * transaction of the journal. What time alone does (expiry, the decision of pending refunds, the end of the refund
 * period) happens by timer and is caught up with whenever the trade is looked at.
 */
export class TradeBook {
  readonly #options: TradeBookOptions;

  constructor(options: TradeBookOptions) {
    this.#options = options;
  }

  /** @returns the trade as of now; an app sees only its own */
  find(
    app: AlipayApp,
    number: { trade_no?: string | undefined; out_trade_no?: string | undefined },
  ): Trade | undefined {
    const { store } = this.#options;
    const { app_id } = app.config;
    const trade =
      number.trade_no === undefined
        ? number.out_trade_no === undefined
          ? undefined
          : store.tradeOf(app_id, number.out_trade_no)
        : store.trade(number.trade_no);
    return trade?.app_id === app_id ? this.refresh(trade) : undefined;
  }

  /** The trade that was opened from a code, as of now. */
  findByCode(code: PrecreatedCode): Trade | undefined {
    const trade = this.#options.store.tradeOf(code.app_id, code.out_trade_no);
    return trade && this.refresh(trade);
  }

  /** An order becomes a trade that waits for its buyer. */
  open(order: TradeOrder): Trade {
    const now = this.#options.ports.now();
    const { trade_expires_at_ms, ...content } = order;
    const trade: Trade = {
      trade_no: newTradeNo(this.#options.ports, now),
      status: 'WAIT_BUYER_PAY',
      ...content,
      created_at_ms: now,
      expires_at_ms: trade_expires_at_ms,
      refunds: [],
    };
    this.#save(trade, 'order', { amount: trade.total_fen });
    this.#arm(trade);
    return trade;
  }

  /** Scanning opens the trade. */
  openCode({ qr_code: _code, created_at_ms: _made, code_expires_at_ms: _limit, ...order }: PrecreatedCode): Trade {
    return this.open({ ...order, placed_by: 'precreate' });
  }

  /** The buyer pays a waiting trade. */
  pay(trade: Trade): Trade {
    if (trade.status !== 'WAIT_BUYER_PAY') throw new Error(`trade ${trade.trade_no} cannot be paid: ${trade.status}`);
    const paid: Trade = { ...trade, status: 'TRADE_SUCCESS', paid_at_ms: this.#options.ports.now() };
    return this.#options.journal.atomically(() => {
      this.#save(paid, 'payment', { amount: paid.total_fen });
      this.#options.notify(paid, { kind: 'paid' });
      return paid;
    });
  }

  /** A waiting trade is closed; it can never be paid again. */
  close(trade: Trade, note: CloseNote): Trade {
    if (trade.status !== 'WAIT_BUYER_PAY') throw new Error(`trade ${trade.trade_no} cannot close: ${trade.status}`);
    const closed: Trade = { ...trade, status: 'TRADE_CLOSED', closed_at_ms: this.#options.ports.now() };
    return this.#options.journal.atomically(() => {
      this.#save(closed, 'close', { amount: closed.total_fen, note });
      this.#options.notify(closed, { kind: 'closed' });
      return closed;
    });
  }

  /** The merchant takes the trade back: a waiting one is closed, of a paid one everything goes back to the buyer. */
  cancel(trade: Trade): Trade {
    if (trade.status === 'WAIT_BUYER_PAY') return this.close({ ...trade, cancelled: 'close' }, 'cancelled');
    if (trade.status !== 'TRADE_SUCCESS' || reservedFen(trade) > 0) {
      throw new Error(`trade ${trade.trade_no} cannot be cancelled: ${trade.status}`);
    }
    const now = this.#options.ports.now();
    const refund: Refund = {
      out_request_no: trade.out_trade_no,
      amount_fen: trade.total_fen,
      state: 'success',
      requested_at_ms: now,
      succeeded_at_ms: now,
    };
    const others = trade.refunds.filter((other) => other.out_request_no !== refund.out_request_no);
    const cancelled: Trade = {
      ...trade,
      status: 'TRADE_CLOSED',
      cancelled: 'refund',
      closed_at_ms: now,
      refunds: [...others, refund],
    };
    return this.#options.journal.atomically(() => {
      this.#save(cancelled, 'reverse', { amount: refund.amount_fen });
      this.#options.notify(cancelled, { kind: 'refunded', refund });
      return cancelled;
    });
  }

  /** Remembers that a cancellation has asked once to be called again. */
  putOffCancel(trade: Trade): void {
    this.#options.store.saveTrade({ ...trade, cancel_put_off: true });
  }

  /** The payer has acted, and will not pay or give up by themself any more. */
  keepWaiting({ password: _decision, ...trade }: Trade): Trade {
    this.#options.store.saveTrade(trade);
    return trade;
  }

  /** A paid trade ends: nothing can be refunded any more. */
  finish(trade: Trade): Trade {
    if (trade.status !== 'TRADE_SUCCESS') throw new Error(`trade ${trade.trade_no} cannot finish: ${trade.status}`);
    const finished: Trade = { ...trade, status: 'TRADE_FINISHED', closed_at_ms: this.#options.ports.now() };
    return this.#options.journal.atomically(() => {
      this.#options.store.saveTrade(finished);
      this.#options.notify(finished, { kind: 'finished' });
      return finished;
    });
  }

  /** Takes a refund on; one that failed before under the same number gives way to it. */
  refund(trade: Trade, order: RefundOrder): Trade {
    if (reservedFen(trade) + order.amount_fen > trade.total_fen) {
      throw new Error(`refunds of trade ${trade.trade_no} would exceed what was paid`);
    }
    const now = this.#options.ports.now();
    const pending: Refund = {
      out_request_no: order.out_request_no,
      amount_fen: order.amount_fen,
      ...(order.reason === undefined ? {} : { reason: order.reason }),
      state: 'pending',
      requested_at_ms: now,
      decision: {
        at_ms: order.outcome === 'success' ? now : now + this.#options.refund_settle_ms,
        outcome: order.outcome === 'pending_then_failed' ? 'failed' : 'success',
      },
    };
    const others = trade.refunds.filter((refund) => refund.out_request_no !== order.out_request_no);
    const taken: Trade = { ...trade, refunds: [...others, pending] };
    return this.#options.journal.atomically(() => {
      if (order.outcome === 'success') return this.#decide(taken, pending);
      this.#options.store.saveTrade(taken);
      this.#arm(taken);
      return taken;
    });
  }

  /** Fen the seller can refund from: collected, less what has been or may be refunded. */
  balance(app: AlipayApp): number {
    return app.config.opening_balance_fen + this.#options.store.keptFen(app.config.app_id);
  }

  /** Catches up with what time has done to a trade. */
  refresh(trade: Trade): Trade {
    const now = this.#options.ports.now();
    if (trade.status === 'WAIT_BUYER_PAY') return this.#refreshWaiting(trade, now);
    let current = trade;
    for (const refund of trade.refunds) {
      if (refund.state === 'pending' && refund.decision && now >= refund.decision.at_ms) {
        current = this.#decide(current, refund);
      }
    }
    if (current.status === 'TRADE_SUCCESS' && now >= (current.paid_at_ms ?? 0) + this.#options.refundable_ms) {
      current = this.finish(current);
    }
    return current;
  }

  /** Arms the timers of every trade for which time will do something. */
  resume(): void {
    for (const trade of this.#options.store.trades()) this.#arm(trade);
  }

  #refreshWaiting(trade: Trade, now: number): Trade {
    const { password } = trade;
    if (password && now >= password.at_ms && password.at_ms < trade.expires_at_ms) {
      return password.outcome === 'pay' ? this.pay(trade) : this.close(trade, 'payer_cancelled');
    }
    return now >= trade.expires_at_ms ? this.close(trade, 'expired') : trade;
  }

  #decide(trade: Trade, pending: Refund): Trade {
    const { decision, ...rest } = pending;
    const outcome = decision?.outcome ?? 'success';
    const decided: Refund =
      outcome === 'success'
        ? { ...rest, state: 'success', succeeded_at_ms: this.#options.ports.now() }
        : { ...rest, state: 'failed' };
    const refunds = trade.refunds.map((refund) => (refund === pending ? decided : refund));
    const settled: Trade = { ...trade, refunds };
    // Fully refunded trades end as TRADE_CLOSED (open/02ekfq): the status alone does not say "never paid".
    const whole = outcome === 'success' && refundedFen(settled) === settled.total_fen;
    const after: Trade = whole
      ? { ...settled, status: 'TRADE_CLOSED', closed_at_ms: this.#options.ports.now() }
      : settled;
    return this.#options.journal.atomically(() => {
      this.#save(after, outcome === 'success' ? 'refund' : 'refund_failed', {
        amount: decided.amount_fen,
        out_refund_no: decided.out_request_no,
      });
      if (outcome === 'success') this.#options.notify(after, { kind: 'refunded', refund: decided });
      return after;
    });
  }

  #save(trade: Trade, kind: LedgerKind, entry: { amount: number; out_refund_no?: string; note?: string }): void {
    this.#options.journal.atomically(() => {
      this.#options.store.saveTrade(trade);
      this.#options.ledger.add({
        at_ms: this.#options.ports.now(),
        channel: 'alipay',
        kind,
        out_trade_no: trade.out_trade_no,
        transaction_id: trade.trade_no,
        merchant: trade.app_id,
        ...entry,
      });
    });
  }

  #arm(trade: Trade): void {
    const moments = trade.refunds.flatMap((refund) =>
      refund.state === 'pending' ? (refund.decision?.at_ms ?? []) : [],
    );
    if (trade.status === 'WAIT_BUYER_PAY') {
      moments.push(trade.expires_at_ms);
      if (trade.password) moments.push(trade.password.at_ms);
    }
    for (const moment of moments) {
      this.#options.ports.schedule(Math.max(0, moment - this.#options.ports.now()), () => {
        const current = this.#options.store.trade(trade.trade_no);
        if (current) this.refresh(current);
      });
    }
  }
}
