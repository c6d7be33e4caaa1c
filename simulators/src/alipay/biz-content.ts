import { BusinessRefusal } from './business-refusal.ts';
import { LARGEST_FEN, parseYuan, SMALLEST_FEN } from './money.ts';

export type BizContent = Readonly<Record<string, unknown>>;

/**
 * A text member of biz_content. Numbers are taken as their text: upstream's parser does not mind, and the official
 * examples write amounts as numbers.
 *
 * @param maximum_length in UTF-16 units, as upstream counts
 * @throws BusinessRefusal ACQ.INVALID_PARAMETER when it is neither text nor number, or too long
 */
export function optionalText(biz: BizContent, name: string, maximum_length: number): string | undefined {
  const value = biz[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') throw new BusinessRefusal('ACQ.INVALID_PARAMETER', name);
  const text = String(value);
  if (text.length > maximum_length) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', `${name}超长`);
  return text;
}

/** @throws BusinessRefusal ACQ.INVALID_PARAMETER when it is missing or as for `optionalText` */
export function requiredText(biz: BizContent, name: string, maximum_length: number): string {
  const text = optionalText(biz, name, maximum_length);
  if (text === undefined) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', `缺少${name}`);
  return text;
}

/**
 * An amount in yuan: 0.01 to 100000000, at most two decimals.
 * @returns fen
 * @throws BusinessRefusal ACQ.INVALID_PARAMETER, or ACQ.TOTAL_FEE_EXCEED above the upper limit
 */
export function requiredAmount(biz: BizContent, name: string): number {
  const fen = parseYuan(requiredText(biz, name, 16));
  if (fen === undefined || fen < SMALLEST_FEN) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', name);
  if (fen > LARGEST_FEN) throw new BusinessRefusal('ACQ.TOTAL_FEE_EXCEED');
  return fen;
}

/** The numbers by which a method names a trade; trade_no counts when both are there. */
export interface TradeReference {
  readonly trade_no: string | undefined;
  readonly out_trade_no: string | undefined;
}

/** @throws BusinessRefusal ACQ.INVALID_PARAMETER when neither is there */
export function tradeReference(biz: BizContent): TradeReference {
  const trade_no = optionalText(biz, 'trade_no', 64);
  const out_trade_no = optionalText(biz, 'out_trade_no', 64);
  if (trade_no === undefined && out_trade_no === undefined) {
    throw new BusinessRefusal('ACQ.INVALID_PARAMETER', '缺少out_trade_no或trade_no');
  }
  return { trade_no, out_trade_no };
}

/** @returns the names in `query_options`, which ask for members that are not returned by themselves */
export function queryOptions(biz: BizContent): readonly string[] {
  const options = biz['query_options'];
  return Array.isArray(options) ? options.filter((option) => typeof option === 'string') : [];
}
