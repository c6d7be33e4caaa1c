/** docs/cli.md, written from the commands themselves by `npx node scripts/cli-reference.ts`; a test compares the two. */
import type { Command } from 'commander';
import { z } from 'zod';
import { CHANNELS } from '../channels/registry.ts';
import { examplesOf, fullName, leafCommands } from './command.ts';

const INTRODUCTION = `# Command line

\`npx heliu <command>\` is the operator's tool. It works on the database of \`DATABASE_URL\`, else on the embedded PostgreSQL that
\`npm start\` or \`heliu serve\` runs under \`HELIU_HOME\` (default \`.heliu\`); apart from \`serve\` and \`migrate\` it starts none.

- \`--json\` prints one JSON document on standard output and nothing else. An error is then
  \`{"error":{"code":"…","message":"…"}}\` on standard error.
- Exit codes: 0 done, 1 failed, 2 called wrongly.
- Amounts in JSON are fen, times named \`…_ms\` are milliseconds since the Unix epoch, \`created_at\` and \`updated_at\` are seconds.
  Text for people shows yuan and local time.
- Lists are paged: \`next_after\` or \`next_before\` is what to pass as \`--after\` or \`--before\`, null on the last page.
- Secrets enter by files or standard input and are never printed. What is made up (a password, a private key) is printed once.

This page is written from the commands themselves by \`node scripts/cli-reference.ts\`.
`;

/** The whole page. */
export function renderReference(program: Command): string {
  const commands = leafCommands(program).map(commandSection);
  return `${[INTRODUCTION, ...commands, ACCOUNTS, ...CHANNELS.map(channelSection)].join('\n').trimEnd()}\n`;
}

function commandSection(command: Command): string {
  const help = command.createHelp();
  const options = help
    .visibleOptions(command)
    .filter((option) => option.long !== '--help' && option.long !== '--json')
    .map((option) => `| \`${cell(option.flags)}\` | ${cell(help.optionDescription(option))} |`);
  const table = options.length === 0 ? [] : ['', '| option | |', '|---|---|', ...options];
  return [
    `## ${fullName(command)}`,
    '',
    sentence(command.description()),
    ...table,
    '',
    '```sh',
    ...examplesOf(command),
    '```',
    '',
  ].join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function cell(text: string): string {
  return text.replaceAll('|', String.raw`\|`);
}

const ACCOUNTS = `# Files for \`channel add\`

\`{"settings": {…}, "secrets": {…}}\`. A member \`{"file": "key.pem"}\` anywhere in it stands for the text of that file; a relative
path counts from the JSON file's folder. \`--param\` of \`route set\` takes the parameters per merchant.
`;

function channelSection(channel: (typeof CHANNELS)[number]): string {
  return [
    `## ${channel.code} (${channel.name})`,
    '',
    ...fields('settings', channel.settings),
    ...fields('secrets', channel.secrets),
    ...fields('parameters per merchant', channel.merchant_params),
  ].join('\n');
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly ObjectSchema[];
  readonly oneOf?: readonly ObjectSchema[];
}

interface PropertySchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
}

function fields(title: string, schema: z.ZodType): string[] {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as ObjectSchema;
  return (json.anyOf ?? json.oneOf ?? [json]).flatMap((variant) => {
    const rows = Object.entries(variant.properties ?? {}).map(
      ([name, property]) =>
        `| \`${name}\` | ${values(property)} | ${variant.required?.includes(name) ? 'required' : otherwise(property)} |`,
    );
    return [`| ${title} | | |`, '|---|---|---|', ...rows, ''];
  });
}

function values({ type, const: only, enum: choices }: PropertySchema): string {
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (choices) return choices.map((choice) => `\`${JSON.stringify(choice)}\``).join(' or ');
  return type === 'integer' ? 'whole number' : type === 'string' ? 'text' : (type ?? 'text');
}

function otherwise({ default: value }: PropertySchema): string {
  return value === undefined ? 'optional' : `default \`${JSON.stringify(value)}\``;
}
