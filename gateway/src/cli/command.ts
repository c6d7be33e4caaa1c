/** How a command is declared: every one has --json and examples. */
import { type Command, InvalidArgumentError } from 'commander';

const EXAMPLES = new WeakMap<Command, readonly string[]>();

/** The examples of a command, as --help and the reference show them. */
export function examplesOf(command: Command): readonly string[] {
  return EXAMPLES.get(command) ?? [];
}

/** Adds a command group, e.g. `merchant`. Called without one of its commands it is a usage error. */
export function addGroup(parent: Command, name: string, summary: string): Command {
  return parent.command(name).description(summary).helpCommand(false);
}

/**
 * Adds a command.
 *
 * @param usage name and arguments, e.g. `show <number>`
 * @param examples whole command lines
 */
export function addCommand(parent: Command, usage: string, summary: string, examples: readonly string[]): Command {
  const command = parent.command(usage).description(summary).option('--json', 'print one JSON document');
  EXAMPLES.set(command, examples);
  const lines = examples.map((example) => `  $ ${example}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${lines}`);
}

/** Every command that does something, in the order of the help. */
export function leafCommands(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leafCommands);
}

/** The words by which a command is called: `heliu merchant show`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** Reads the value of an option that is a merchant's number. */
export function merchantId(text: string): string {
  if (/^\d{16}$/.test(text)) return text;
  throw new InvalidArgumentError('A merchant_id is 16 digits.');
}

/** A reader of options that are whole numbers. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** Reads the value of an option that is yes or no. */
export function yesOrNo(text: string): boolean {
  if (text === 'yes') return true;
  if (text === 'no') return false;
  throw new InvalidArgumentError('It must be yes or no.');
}

/** Gathers repeated `--param key=value`. */
export function keyValue(text: string, gathered: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, key, value] = /^([A-Za-z]\w{0,63})=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It must look like key=value.');
  return { ...gathered, [key]: value };
}

/** How many rows a list prints at most unless told. */
export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 500;
