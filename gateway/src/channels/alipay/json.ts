/** Reading values out of Alipay's JSON, beside ../json.ts: lists and objects that come as text, amounts that come as numbers. */
import { isObject, textAt as jsonTextAt, type JsonObject } from '../json.ts';

/** Parses text as a JSON string; null when it is anything else. */
export function parseText(text: string): string | null {
  const value = parse(text);
  return typeof value === 'string' ? value : null;
}

/** Entries of a list that are objects; an empty list when `value` is not a list. Text is parsed first. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  const list = typeof value === 'string' ? parse(value) : value;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/**
 * The member `name` as text, null when it is absent, empty or neither text nor number. The vendor's pages type amounts as
 * `price` and show them with and without quotes.
 */
export function textAt(object: JsonObject, name: string): string | null {
  const value = object[name];
  return typeof value === 'number' ? String(value) : jsonTextAt(object, name);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
