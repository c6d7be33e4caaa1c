/** The gateway's books as they stand after each commit, kept beside the database from what changed. */
import type { JobKind } from '../../gateway/src/storage/jobs.ts';
import { WATCHED, type Change, type Row } from './changes.ts';

export interface OrderRow {
  readonly merchant_id: string;
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly pay_type: string;
  readonly account_id: string;
  readonly channel: string;
  readonly state: string;
  readonly ending: string | null;
  readonly placement: string;
  readonly placing_until_ms: number;
  readonly total_fen: number;
  readonly refunded_fen: number;
  readonly refund_reserved_fen: number;
  readonly facts: { readonly transaction_id: string } | null;
  readonly late_facts: { readonly transaction_id: string } | null;
  readonly notify_url: string | null;
  readonly preorder_id: string | null;
  readonly expires_at_ms: number;
  readonly version: number;
}

export interface RefundRow {
  readonly merchant_id: string;
  readonly refund_id: string;
  readonly mch_refund_id: string | null;
  readonly trade_id: string;
  readonly state: string;
  readonly refund_fen: number;
  readonly channel_refund_no: string;
  readonly notify_url: string | null;
}

export interface NotificationRow {
  readonly notification_id: string;
  readonly merchant_id: string;
  readonly subject: string;
  readonly trade_id: string;
  readonly refund_id: string | null;
  readonly url: string;
  readonly payload: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_reason: string | null;
}

export interface EventRow {
  readonly trade_id: string;
  readonly event_no: number;
  readonly source: string;
  readonly kind: string;
  readonly detail: Row;
}

export interface ExceptionRow {
  readonly exception_id: string;
  readonly kind: string;
  readonly trade_id: string | null;
  readonly merchant_id: string | null;
  readonly state: string;
  readonly detail: Row;
}

export interface JobRow {
  readonly kind: JobKind;
  readonly merchant_id: string;
  readonly subject_id: string;
  readonly run_at_ms: number;
}

export interface PreorderRow {
  readonly merchant_id: string;
  readonly preorder_id: string;
  readonly mch_pre_id: string;
  readonly state: string;
  readonly paid_trade_id: string | null;
}

export interface CreditRow {
  readonly account_id: string;
  readonly reference: string;
  readonly number: string | null;
  readonly amount_fen: number;
  readonly currency: string;
  readonly heard_at_ms: number;
  readonly state: string;
  readonly reversed_by: string | null;
  readonly exception_id: string | null;
  readonly trade_id: string | null;
  readonly surplus_fen: number;
  readonly payment_reference: string | null;
}

export interface BankReturnRow {
  readonly return_no: string;
  readonly account_id: string;
  readonly whole: boolean;
  readonly reference: string;
  readonly amount_fen: number;
  readonly state: string;
  readonly check_at_ms: number;
}

export interface NumberRow {
  readonly account_id: string;
  readonly number: string;
  readonly state: string;
  readonly merchant_id: string | null;
  readonly trade_id: string | null;
  readonly opened_at_ms: number;
  readonly closed_at_ms: number;
  readonly free_at_ms: number;
  readonly check_at_ms: number;
}

interface Tables {
  readonly orders: OrderRow;
  readonly refunds: RefundRow;
  readonly notifications: NotificationRow;
  readonly order_events: EventRow;
  readonly exceptions: ExceptionRow;
  readonly jobs: JobRow;
  readonly preorders: PreorderRow;
  readonly bank_credits: CreditRow;
  readonly bank_returns: BankReturnRow;
  readonly virtual_accounts: NumberRow;
}

export class Mirror {
  readonly #tables = new Map<string, Map<string, Row>>();

  apply(changes: readonly Change[]): void {
    for (const { table, before, after } of changes) {
      const rows = this.#rows(table);
      if (before) rows.delete(keyOf(table, before));
      if (after) rows.set(keyOf(table, after), after);
    }
  }

  /** Every row of a table, in the order in which they were last changed. */
  all<Name extends keyof Tables>(table: Name): Tables[Name][] {
    return [...this.#rows(table).values()] as unknown as Tables[Name][];
  }

  order(trade_id: string): OrderRow | undefined {
    return this.all('orders').find((order) => order.trade_id === trade_id);
  }

  orderByNumber(merchant_id: string, mch_trade_id: string): OrderRow | undefined {
    return this.all('orders').find((one) => one.merchant_id === merchant_id && one.mch_trade_id === mch_trade_id);
  }

  refundsOf(trade_id: string): RefundRow[] {
    return this.all('refunds').filter((refund) => refund.trade_id === trade_id);
  }

  eventsOf(trade_id: string): EventRow[] {
    return this.all('order_events').filter((event) => event.trade_id === trade_id);
  }

  notificationsOf(trade_id: string): NotificationRow[] {
    return this.all('notifications').filter((one) => one.trade_id === trade_id);
  }

  #rows(table: string): Map<string, Row> {
    const known = this.#tables.get(table);
    if (known) return known;
    const rows = new Map<string, Row>();
    this.#tables.set(table, rows);
    return rows;
  }
}

function keyOf(table: string, row: Row): string {
  return (WATCHED[table] ?? []).map((column) => String(row[column])).join(' ');
}

/** The row as a change left it, when it is one of that table. */
export function changeOf<Name extends keyof Tables>(
  change: Change,
  table: Name,
): { readonly before: Tables[Name] | null; readonly after: Tables[Name] | null } | null {
  if (change.table !== table) return null;
  return { before: change.before, after: change.after } as unknown as {
    before: Tables[Name] | null;
    after: Tables[Name] | null;
  };
}
