/** Upstream's limits of an amount: 0.01 to 100000000 yuan (opendocs.alipay.com/open/05osv9, total_amount). */
export const SMALLEST_FEN = 1;
export const LARGEST_FEN = 100_000_000 * 100;

/** @returns an amount in fen as yuan with two decimals: 10001 → `100.01` */
export function yuan(amount_fen: number): string {
  const digits = String(amount_fen).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** @returns yuan with at most two decimals as fen, without passing through a fraction; undefined for any other text */
export function parseYuan(text: string): number | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text);
  if (!match) return undefined;
  return Number(`${match[1]}${(match[2] ?? '').padEnd(2, '0')}`);
}
