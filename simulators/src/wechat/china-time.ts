/** WeChat Pay writes times as RFC 3339 with China's offset ("2018-06-08T10:34:56+08:00"); China has had no other since 1991. */
const CHINA_OFFSET_MS = 8 * 60 * 60 * 1000;

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?(?:Z|[+-]\d{2}:\d{2})$/;

/** @param at_ms milliseconds since the epoch; fractions of a second are cut off */
export function chinaTime(at_ms: number): string {
  return `${new Date(at_ms + CHINA_OFFSET_MS).toISOString().slice(0, 19)}+08:00`;
}

/** The day in China, `yyyymmdd`, as it stands inside transaction numbers. */
export function chinaDay(at_ms: number): string {
  return new Date(at_ms + CHINA_OFFSET_MS).toISOString().slice(0, 10).replaceAll('-', '');
}

/** `yyyymmddHHMMSS` in China, as APIv2 writes times and as prepay_ids begin. */
export function compactChinaTime(at_ms: number): string {
  return new Date(at_ms + CHINA_OFFSET_MS).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');
}

/** `yyyy-mm-dd HH:MM:SS` in China, as APIv2 writes the times of refunds. */
export function spacedChinaTime(at_ms: number): string {
  return new Date(at_ms + CHINA_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** Milliseconds since the epoch; undefined when the text is no `yyyymmddHHMMSS`. */
export function parseCompactTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return parseTime(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
}

/** Milliseconds since the epoch; undefined when the text is not an RFC 3339 time (doc 4012081709, 日期格式). */
export function parseTime(text: string): number | undefined {
  if (!RFC3339.test(text)) return undefined;
  const at_ms = Date.parse(text);
  return Number.isNaN(at_ms) ? undefined : at_ms;
}
