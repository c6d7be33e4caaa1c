/** What a fuzz target is: one parser that strangers reach, and what must be true of it whatever they send. */

export interface Target {
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /** Parts of paths: the blocks of these files are the ground to be covered. */
  readonly watched: readonly string[];
  /** Valid messages, and others worth starting from. */
  readonly seeds: readonly Buffer[];
  /** Names and marks of this format, beside those of every format (mutations.ts). */
  readonly words: readonly string[];
  /** Gives the input to the parser. Whatever it throws is a finding. */
  run(input: Buffer): void | Promise<void>;
}

/** Makes a target; what takes time (keys, accounts) is done here once. */
export interface TargetMaker {
  readonly name: string;
  open(): Target | Promise<Target>;
}

/** A property does not hold. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/** Throws `Broken` with these words unless it holds. */
export function must(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Broken(words);
}

/** Throws `Broken` unless both are the same as JSON. */
export function mustEqual(found: unknown, expected: unknown, words: string): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  must(one === other, `${words}: ${one?.slice(0, 300)} is not ${other?.slice(0, 300)}`);
}

/** Names that reach the prototype of an object when they are assigned carelessly. */
const POLLUTED = ['polluted', 'isAdmin', 'x', 'a', 'amount', 'total_fee'] as const;

/** Throws `Broken` when a message has put a member on every object. */
export function mustNotBePolluted(): void {
  const bare: Record<string, unknown> = {};
  must(Object.keys(Object.prototype).length === 0, 'Object.prototype has a new member');
  must(
    POLLUTED.every((name) => bare[name] === undefined),
    'an empty object has members',
  );
}

/** Throws `Broken` unless the amount is one of our own: a whole number of fen from 0 to what a double holds. */
export function mustBeFen(amount: unknown, words: string): void {
  must(Number.isSafeInteger(amount) && Number(amount) >= 0 && !Object.is(amount, -0), `${words}: ${String(amount)}`);
}

/** Throws `Broken` when a text could not be stored: PostgreSQL refuses NUL, and what would be written with it is lost. */
export function mustBeStorable(value: unknown, words: string): void {
  if (typeof value === 'string') must(!value.includes('\0'), `${words} cannot be stored`);
  else if (typeof value === 'object' && value !== null)
    for (const [name, member] of Object.entries(value)) mustBeStorable(member, `${words}.${name}`);
}
