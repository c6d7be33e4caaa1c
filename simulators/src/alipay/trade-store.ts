import type { Journal } from '../kernel/journal.ts';
import { reservedFen } from './trade-records.ts';
import type { PrecreatedCode, Trade } from './trade-records.ts';

interface CodeRecord {
  readonly snapshot_of: string;
  readonly record: 'alipay.code';
  readonly code: PrecreatedCode;
}

interface TradeRecord {
  readonly snapshot_of: string;
  readonly record: 'alipay.trade';
  readonly trade: Trade;
}

/** Codes and trades, kept in the journal. An out_trade_no is unique within its app. */
export class TradeStore {
  readonly #journal: Journal;
  readonly #codes = new Map<string, PrecreatedCode>();
  readonly #codeByNumber = new Map<string, string>();
  readonly #trades = new Map<string, Trade>();
  readonly #tradeByNumber = new Map<string, string>();
  readonly #keptByApp = new Map<string, number>();

  /** Takes over what the journal holds. */
  constructor(journal: Journal) {
    this.#journal = journal;
    for (const record of journal.load()) {
      if (isRecord<CodeRecord>(record, 'alipay.code')) this.#indexCode(record.code);
      if (isRecord<TradeRecord>(record, 'alipay.trade')) this.#indexTrade(record.trade);
    }
  }

  saveCode(code: PrecreatedCode): void {
    const snapshot_of = `alipay.code:${code.qr_code}`;
    this.#journal.append({ snapshot_of, record: 'alipay.code', code } satisfies CodeRecord);
    this.#indexCode(code);
  }

  saveTrade(trade: Trade): void {
    const snapshot_of = `alipay.trade:${trade.trade_no}`;
    this.#journal.append({ snapshot_of, record: 'alipay.trade', trade } satisfies TradeRecord);
    this.#indexTrade(trade);
  }

  code(qr_code: string): PrecreatedCode | undefined {
    return this.#codes.get(qr_code);
  }

  /** The newest code of an order number. */
  codeOf(app_id: string, out_trade_no: string): PrecreatedCode | undefined {
    const qr_code = this.#codeByNumber.get(key(app_id, out_trade_no));
    return qr_code === undefined ? undefined : this.#codes.get(qr_code);
  }

  trade(trade_no: string): Trade | undefined {
    return this.#trades.get(trade_no);
  }

  tradeOf(app_id: string, out_trade_no: string): Trade | undefined {
    const trade_no = this.#tradeByNumber.get(key(app_id, out_trade_no));
    return trade_no === undefined ? undefined : this.#trades.get(trade_no);
  }

  /** Fen an app has collected, less what has been refunded or may still be. */
  keptFen(app_id: string): number {
    return this.#keptByApp.get(app_id) ?? 0;
  }

  /** In the order of creation. */
  codes(): PrecreatedCode[] {
    return [...this.#codes.values()];
  }

  /** In the order of creation. */
  trades(): Trade[] {
    return [...this.#trades.values()];
  }

  #indexCode(code: PrecreatedCode): void {
    this.#codes.set(code.qr_code, code);
    this.#codeByNumber.set(key(code.app_id, code.out_trade_no), code.qr_code);
  }

  #indexTrade(trade: Trade): void {
    const before = this.#trades.get(trade.trade_no);
    this.#keptByApp.set(trade.app_id, this.keptFen(trade.app_id) + kept(trade) - (before ? kept(before) : 0));
    this.#trades.set(trade.trade_no, trade);
    this.#tradeByNumber.set(key(trade.app_id, trade.out_trade_no), trade.trade_no);
  }
}

function kept(trade: Trade): number {
  return trade.paid_at_ms === undefined ? 0 : trade.total_fen - reservedFen(trade);
}

function key(app_id: string, out_trade_no: string): string {
  return `${app_id}/${out_trade_no}`;
}

function isRecord<Kind extends { record: string }>(record: object, kind: Kind['record']): record is Kind {
  return 'record' in record && record.record === kind;
}
