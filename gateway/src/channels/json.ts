/** Reading values out of JSON that somebody else wrote: each function answers null for whatever is not what it asks for. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses text as a JSON object; null when it is not JSON or not an object. */
export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** The member `name` when it is an object. */
export function objectAt(object: JsonObject | null, name: string): JsonObject | null {
  const value = object?.[name];
  return isObject(value) ? value : null;
}

/** The member `name` as a list of objects; null when it is not a list or one of its entries is not an object. */
export function objectsAt(object: JsonObject | null, name: string): readonly JsonObject[] | null {
  const value = object?.[name];
  return Array.isArray(value) && value.every(isObject) ? value : null;
}

/** The member `name` when it is a string with at least one character. One with a NUL is none: PostgreSQL takes no such text. */
export function textAt(object: JsonObject | null, name: string): string | null {
  const value = object?.[name];
  return typeof value === 'string' && value !== '' && !value.includes('\0') ? value : null;
}

/** The member `name` when it is a safe integer of zero or more. */
export function integerAt(object: JsonObject | null, name: string): number | null {
  const value = object?.[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
