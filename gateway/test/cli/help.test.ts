import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { examplesOf, fullName, leafCommands } from '../../src/cli/command.ts';
import { createProgram, run as runHere } from '../../src/cli/program.ts';
import { renderReference } from '../../src/cli/reference.ts';
import { BASE_ENV, finish, start } from './support.ts';

const commands = leafCommands(createProgram()).map((command) => [fullName(command), command] as const);

/** What the operating contract promises. */
const PROMISED = [
  'serve',
  'migrate',
  'doctor',
  'user create',
  'merchant create',
  'merchant list',
  'merchant set-key',
  'merchant rotate',
  'channel add',
  'channel list',
  'channel test',
  'route set',
  'order show',
  'notify replay',
  'exceptions list',
  'exceptions resolve',
];

test('every promised command is there', () => {
  const names = commands.map(([name]) => name);
  expect(names).toEqual(expect.arrayContaining(PROMISED.map((name) => `heliu ${name}`)));
});

describe.each(commands)('%s', (name, command) => {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();

  test('has --json and shows examples of itself', () => {
    expect(help).toContain('--json');
    const examples = examplesOf(command);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(example).toContain(name);
      expect(help).toContain(`  $ ${example}`);
    }
  });

  test('shows examples that give every argument and option it insists on', () => {
    const required = command.options.filter((option) => option.mandatory).map((option) => option.long ?? '');
    for (const example of examplesOf(command)) {
      for (const option of required) expect(example).toContain(option);
      const given = /(?:^|\| |[A-Z_]+=\S+ )heliu (.*)$/.exec(example)?.[1] ?? '';
      const known = new Set(command.options.map((option) => option.long));
      for (const [option] of given.matchAll(/(?<= )--[a-z-]+/g)) expect(known).toContain(option);
    }
  });
});

test('docs/cli.md is what the commands say: write it by npx node scripts/cli-reference.ts', async () => {
  const page = await readFile(join(import.meta.dirname, '..', '..', '..', 'docs', 'cli.md'), 'utf8');
  for (const [name] of commands) expect(page).toContain(`\n## ${name}\n`);
  expect(page).toBe(renderReference(createProgram()));
});

describe('the command line', () => {
  const run = (line: string) => finish(start(line.split(' '), BASE_ENV));

  test('lists its commands on --help, needing nothing', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const [name] of commands) expect(stdout).toContain(`  ${name.split(' ')[1]} `);
  });

  test.each([
    ['frobnicate', "heliu: Unknown command 'frobnicate'. See --help."],
    ['order show 1', "heliu: Required option '--merchant <merchant_id>' not specified. See --help."],
    ['order show --merchant 5399355381712172', "heliu: Missing required argument 'number'. See --help."],
    ['merchant list --limit 0', 'It must be a whole number from 1 to 500. See --help.'],
    ['user create li --role king', 'Allowed choices are admin, merchant. See --help.'],
    [
      'notify replay --merchant 5399355381712172 --failed --order 1',
      'by exactly one of <notification_id>, --order <number> and --failed.',
    ],
    ['merchant set 5399355381712172', 'Nothing to change: give at least one of --name, --status'],
    ['merchant show 12', '<merchant_id> must be 16 digits, and it is "12".'],
    ['channel test', 'Name one <account_id>, or give --all.'],
    ['user create li --role merchant', '--role merchant needs --merchant <merchant_id>'],
  ])('refuses %s with exit code 2', async (line, sentence) => {
    const written: string[] = [];
    const keep = (text: unknown): boolean => written.push(String(text)) > 0;
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(keep);
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(keep);
    const before = process.exitCode;
    try {
      await runHere(line.split(' '));
      expect(process.exitCode).toBe(2);
    } finally {
      process.exitCode = before;
      stderr.mockRestore();
      stdout.mockRestore();
    }
    expect(written).toHaveLength(1);
    expect(written[0]).toContain(sentence);
    expect(written[0]).toMatch(/^heliu: [^\n]+\n$/);
  });

  test('refuses in JSON when --json is given', async () => {
    const { code, stdout, error } = await run('order show 1 --json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(error()).toEqual({
      code: 'usage',
      message: "Required option '--merchant <merchant_id>' not specified. See --help.",
    });
  });

  test('shows a group its commands when none is named, with exit code 2', async () => {
    const { code, stderr } = await run('merchant');
    expect(code).toBe(2);
    expect(stderr).toContain('set-key');
  });
});
