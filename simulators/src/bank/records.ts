/** What the bank keeps. Amounts in fen. */

/** A number that was opened for one order, on the customer's call. */
export interface IssuedNumber {
  readonly fund_acc: string;
  readonly out_trade_no: string;
  readonly amount: number;
  readonly description: string;
  readonly status: 'OPEN' | 'CLOSED';
  readonly opened_at_ms: number;
}

export interface Party {
  readonly name: string | null;
  readonly account: string | null;
  readonly bank: string | null;
}

/** A booked line of the settlement account. */
export interface AccountEntry {
  /** AcctSvcrRef: the bank's own number of the entry. */
  readonly reference: string;
  readonly direction: 'CRDT' | 'DBIT';
  /** 冲正: takes back an earlier entry. */
  readonly reversal: boolean;
  /** 退汇: a payment of the customer's came back, and why. */
  readonly return_reason: string | null;
  /** The virtual account it was sent to. */
  readonly fund_acc: string | null;
  readonly amount: number;
  readonly currency: string;
  readonly party: Party;
  readonly booked_at_ms: number;
  readonly end_to_end_id: string | null;
  readonly remittance: string | null;
  /** Of a reversal: the reference it takes back. */
  readonly original_reference: string | null;
}

/** A payment that the customer orders. */
export interface OutgoingTransfer {
  readonly transfer_no: string;
  readonly out_transfer_no: string;
  readonly amount: number;
  readonly payee: Party;
  readonly remark: string;
  readonly status: 'PROCESSING' | 'SUCCEEDED' | 'FAILED';
  readonly reason: string | null;
  /** When it is decided; null: never by itself. */
  readonly due_at_ms: number | null;
}

/** How the customer is told. */
export interface PushSettings {
  /** Null: not at all. */
  readonly url: string | null;
  readonly format: 'camt054' | 'camt054.02' | 'json';
}
