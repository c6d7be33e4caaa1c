/** Times as APIv2 writes them: in Beijing, without a zone. */
const EIGHT_HOURS_MS = 28_800_000;

/** yyyyMMddHHmmss; fractions of a second are cut. */
export function compactTime(time_ms: number): string {
  return new Date(time_ms + EIGHT_HOURS_MS).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
}

/** Reads yyyyMMddHHmmss; null for anything else, 30 February included. */
export function readCompactTime(text: string | undefined): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text ?? '');
  if (!match) return null;
  const [, year, month, day, hour, minute, second] = match;
  const time_ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
  return Number.isNaN(time_ms) || compactTime(time_ms) !== text ? null : time_ms;
}
