const OFFSET_MS = 8 * 3_600_000;

/** ISO 8601 in China's time: 2026-04-12T10:15:00+08:00. */
export function chinaDateTime(at_ms: number): string {
  return `${new Date(at_ms + OFFSET_MS).toISOString().slice(0, 19)}+08:00`;
}

/** The day in China: 2026-04-12. */
export function chinaDay(at_ms: number): string {
  return new Date(at_ms + OFFSET_MS).toISOString().slice(0, 10);
}
