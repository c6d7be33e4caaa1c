/** Money is an integer number of fen (1/100 yuan) in a branded type, so that a yuan amount cannot slip in. */
export type Fen = number & { readonly __unit: 'fen' };

/** The largest amount an order may have: 100 million yuan, the upper bound Alipay documents for total_amount. */
export const MAX_FEN = 10_000_000_000;

/** Brands an integer amount in fen. Throws when it is not a non-negative safe integer: that is a bug, not bad input. */
export function fen(amount: number): Fen {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError(`not an amount in fen: ${amount}`);
  // JSON knows -0, which is no other amount than 0.
  return (amount + 0) as Fen;
}

/** Fen as yuan with exactly two decimals, without floating point: 7622 → "76.22". */
export function fenToYuan(amount_fen: Fen): string {
  const digits = String(amount_fen).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Yuan text (at most two decimals) as fen: "76.2" → 7620. Answers null for anything else. */
export function yuanToFen(yuan: string): Fen | null {
  const match = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(yuan);
  if (!match) return null;
  return fen(Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')));
}
