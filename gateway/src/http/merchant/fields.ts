/**
 * The fields of the merchant API: one schema gives the check, the error, the type and the OpenAPI text. Real merchants send
 * every claim as a string, and numbers where the document says string: both are taken (protocol section 1).
 */
import { z } from 'zod';
import type { FieldRule } from '../../channels/channel.ts';
import { ApiError } from '../../domain/codes.ts';
import { MAX_FEN } from '../../domain/money.ts';
import { checkNotifyUrl } from '../../domain/notify-url.ts';
import type { Claims } from './json-web-token.ts';

/** C0, DEL and C1 controls have no place in a name, a number or a text that is shown; PostgreSQL refuses NUL. */
const CONTROL = /\p{Cc}/u;

function textProblem(value: string, max_length: number): string | null {
  if (value.length > max_length) return `must be at most ${max_length} characters`;
  if (CONTROL.test(value) || !value.isWellFormed()) return 'must not contain control characters or broken Unicode';
  return null;
}

function checked(rule: (value: string) => string | null): z.ZodType<string> {
  return z.string('must be text').superRefine((value, context) => {
    const broken = rule(value);
    if (broken !== null) context.addIssue({ code: 'custom', message: broken });
  });
}

/** A text of 1 to `max_length` characters. */
export function text(max_length: number, description: string, example: string): z.ZodType<string> {
  return checked((value) => textProblem(value, max_length)).meta({
    description,
    example,
    minLength: 1,
    maxLength: max_length,
  });
}

/** A merchant's number: no white space, so that it looks the same wherever it is printed. */
export function number(description: string, example: string): z.ZodType<string> {
  return checked((value) => textProblem(value, 64) ?? (/\s/.test(value) ? 'must not contain white space' : null)).meta({
    description,
    example,
    minLength: 1,
    maxLength: 64,
  });
}

/** An amount in fen, at least 1. */
export function amount(description: string, example: number): z.ZodType<number> {
  const rule = 'must be a positive integer number of fen (a decimal digit string is taken too)';
  return z.int(rule).min(1, rule).max(MAX_FEN, `must be at most ${MAX_FEN} fen`).meta({ description, example });
}

/** A 10-digit Unix second. */
export function unixSecond(description: string, example: number): z.ZodType<number> {
  const rule = 'must be a 10-digit Unix second';
  return z.int(rule).min(1_000_000_000, rule).max(9_999_999_999, rule).meta({ description, example });
}

/** 通知 url: http(s), without query string or fragment. */
export function notifyUrl(description: string): z.ZodType<string> {
  return checked(checkNotifyUrl).meta({ description, example: 'https://md.pooul.com/v2_test/notify', maxLength: 256 });
}

/** A field of one pay type, from its rule. */
export function fromRule(rule: FieldRule): z.ZodType<string | undefined> {
  const schema = checked((value) => textProblem(value, rule.max_length) ?? rule.check?.(value) ?? null).meta({
    description: rule.description,
    example: rule.example,
    maxLength: rule.max_length,
  });
  return rule.required ? schema : schema.optional();
}

/** A schema of an endpoint and which of its fields are integers, found once. */
export interface Endpoint<Shape extends z.ZodRawShape> {
  readonly schema: z.ZodObject<Shape>;
  readonly integers: ReadonlySet<string>;
}

/** Makes an endpoint's reader; `integers` are the fields in which a digit string counts as a number. */
export function endpoint<Shape extends z.ZodRawShape>(
  shape: Shape,
  integers: readonly (keyof Shape & string)[],
): Endpoint<Shape> {
  return { schema: z.object(shape), integers: new Set(integers) };
}

/** Reads claims. Throws 103 naming a missing field, 102 naming a malformed one and its rule; the first in the order of the schema. */
export function readFields<Shape extends z.ZodRawShape>(
  reader: Endpoint<Shape>,
  claims: Claims,
): z.output<z.ZodObject<Shape>> {
  const input: Record<string, unknown> = {};
  for (const name of Object.keys(reader.schema.shape)) {
    const value = normalise(claims[name], reader.integers.has(name));
    if (value !== undefined) input[name] = value;
  }
  const parsed = reader.schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw problem(parsed.error, input);
}

function problem(error: z.ZodError, input: Readonly<Record<string, unknown>>): ApiError {
  const missing = error.issues.find((issue) => !(String(issue.path[0]) in input));
  if (missing) return new ApiError('missing_field', `${String(missing.path[0])} is required`);
  const first = error.issues[0];
  return new ApiError('malformed_field', `${String(first?.path[0])} ${first?.message ?? 'is malformed'}`);
}

/** Absent, null and empty are the same: not sent. */
function normalise(value: unknown, integer: boolean): unknown {
  if (value === undefined || value === null || value === '') return undefined;
  if (integer) return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
}
