/** NUL and lone surrogates are text that PostgreSQL's jsonb refuses; channels and strangers may send them all the same. */
function cleaned(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD').toWellFormed() : value;
}

/** JSON for a json or jsonb parameter. What PostgreSQL could not take is shown as U+FFFD instead of losing the whole record. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  // Both appear only as escapes in well-formed JSON.stringify output; the second pass is for the rare text that has one.
  return json.includes('\\u0000') || json.includes('\\ud') ? JSON.stringify(value, cleaned) : json;
}
