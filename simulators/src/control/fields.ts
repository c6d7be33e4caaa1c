import { ControlError } from '../kernel/control-error.ts';
import type { ControlRequest } from './http.ts';

/** The members of a JSON body; each reader below names the member it refuses and says what would be right. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON object and refuses members that the call does not have: a misspelt one would be ignored silently.
 * @throws ControlError 400
 */
export function readFields(request: ControlRequest, known: readonly string[]): Fields {
  const expected = `a JSON object with ${known.join(', ')}`;
  const text = request.body.toString('utf8');
  let parsed: unknown;
  try {
    parsed = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new ControlError(400, `the body is not JSON: send ${expected}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ControlError(400, `the body is not an object: send ${expected}`);
  }
  const stranger = Object.keys(parsed).find((name) => !known.includes(name));
  if (stranger !== undefined) throw new ControlError(400, `unknown field ${stranger}: send ${expected}`);
  return parsed as Fields;
}

/** @throws ControlError 400 unless the member is a non-empty string */
export function textField(fields: Fields, name: string, meaning: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.trim() === '') throw new ControlError(400, `${name} is missing: ${meaning}`);
  return value.trim();
}

/** @throws ControlError 400, listing the choices */
export function choiceField<Choice extends string>(fields: Fields, name: string, choices: readonly Choice[]): Choice {
  const value = fields[name];
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw new ControlError(400, `${name} ${described(value)}: one of ${choices.join(', ')}`);
  }
  return choice;
}

export interface NumberRange {
  readonly minimum: number;
  readonly maximum: number;
  readonly whole: boolean;
}

/** @throws ControlError 400 unless the member is absent or a number within the range */
export function optionalNumber(fields: Fields, name: string, range: NumberRange): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  const fits =
    typeof value === 'number' &&
    value >= range.minimum &&
    value <= range.maximum &&
    (!range.whole || Number.isInteger(value));
  if (!fits) {
    const kind = range.whole ? 'a whole number' : 'a number';
    throw new ControlError(400, `${name} ${described(value)}: ${kind} from ${range.minimum} to ${range.maximum}`);
  }
  return value;
}

function described(value: unknown): string {
  if (value === undefined) return 'is missing';
  return `is ${JSON.stringify(value).slice(0, 60)}, which it cannot be`;
}
