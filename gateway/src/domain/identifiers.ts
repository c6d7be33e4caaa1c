/**
 * A platform number (trade_id, refund_id, nonce_str …): 24 lower-case hex characters, the first 8 of which are the creation
 * second, so that numbers sort by time (protocol section 1).
 *
 * @param now_ms milliseconds since the Unix epoch
 * @param random at least 8 random bytes
 */
export function makeId(now_ms: number, random: Buffer): string {
  const second = Math.floor(now_ms / 1000)
    .toString(16)
    .padStart(8, '0');
  return second.slice(-8) + random.toString('hex', 0, 8);
}

/** Whether text has the form of a platform number. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text);
}
