/** Every time on Alipay's wire is China Standard Time, UTC+8, without summer time. */
const CHINA_OFFSET_MS = 8 * 60 * 60 * 1000;

/** @returns `yyyy-MM-dd HH:mm:ss` in China */
export function chinaTime(at_ms: number): string {
  return chinaTimeWithMillis(at_ms).slice(0, 19);
}

/** @returns `yyyy-MM-dd HH:mm:ss.SSS`, the form of gmt_refund in callbacks */
export function chinaTimeWithMillis(at_ms: number): string {
  return new Date(at_ms + CHINA_OFFSET_MS).toISOString().replace('T', ' ').slice(0, 23);
}

/** @returns `yyyy-MM-dd` in China */
export function chinaDate(at_ms: number): string {
  return chinaTime(at_ms).slice(0, 10);
}

/** @returns `HHmmss` in China */
export function chinaTimeDigits(at_ms: number): string {
  return chinaTime(at_ms).slice(11).replaceAll(':', '');
}

/** @returns the instant of `yyyy-MM-dd HH:mm:ss` in China in ms; undefined when the text is of another form or no date */
export function parseChinaTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined;
  const at_ms = Date.parse(`${text.replace(' ', 'T')}Z`) - CHINA_OFFSET_MS;
  // Date.parse turns February 30 into March: a date that does not come back unchanged does not exist.
  return Number.isNaN(at_ms) || chinaTime(at_ms) !== text ? undefined : at_ms;
}
