/** Alipay writes every time as `yyyy-MM-dd HH:mm:ss` in China Standard Time (UTC+8, no summer time). */

const OFFSET_MS = 8 * 3_600_000;

/** Milliseconds since the epoch as Alipay writes them; part of a second is dropped. */
export function formatTime(at_ms: number): string {
  return new Date(at_ms + OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** Alipay's time as milliseconds since the epoch, null when it is not one. gmt_refund alone carries a fraction, which is accepted. */
export function parseTime(text: string): number | null {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)$/.exec(text);
  if (!match) return null;
  const at_ms = Date.parse(`${match[1]}T${match[2]}+08:00`);
  return Number.isNaN(at_ms) ? null : at_ms;
}
