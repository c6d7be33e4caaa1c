/** `heliu channel …`: accounts at payment channels. Secrets come from a file or standard input and are never printed. */
import { type Command, Option } from 'commander';
import { CHANNELS } from '../channels/registry.ts';
import { saveChannelAccount } from '../operations/channel-accounts.ts';
import { setAccountStatus } from '../operations/suspend-channel-account.ts';
import { testChannelAccount, type AccountTest } from '../operations/test-channel-account.ts';
import type { StoredAccount } from '../storage/configuration.ts';
import { addCommand, addGroup, DEFAULT_LIMIT, MAX_LIMIT, wholeNumber } from './command.ts';
import { CliError, usageError } from './errors.ts';
import { readJsonObject } from './input.ts';
import { createOutput } from './output.ts';
import { moreLine, onePage } from './page.ts';
import { columns, localTime, table } from './text.ts';
import { inWorkplace, type Workplace } from './workplace.ts';

interface Json {
  readonly json?: boolean;
}

interface AddOptions extends Json {
  readonly channel: string;
  readonly file: string;
  readonly name?: string;
  readonly replace?: boolean;
}

const FILE_EXAMPLE = `
The file holds settings and secrets; {"file": "…"} stands for the text of that file:
  {
    "settings": {"mode": "partner", "mchid": "1230000109", "appid": "wx8888888888888888",
                 "merchant_serial": "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"},
    "secrets":  {"merchant_private_key": {"file": "apiclient_key.pem"}, "api_v3_key": "…"}
  }
docs/cli.md lists what each channel takes.`;

/** Adds the group to the program. */
export function addChannelCommands(program: Command): void {
  const channel = addGroup(program, 'channel', 'accounts at payment channels');
  addCommand(channel, 'add <account_id>', 'add a channel account; its keys are checked before anything is stored', [
    'heliu channel add wechat-main --channel wechat --name 微信服务商 --file wechat.json',
    'heliu channel add wechat-main --channel wechat --file - --replace < wechat.json',
  ])
    .addOption(
      new Option('--channel <code>', 'which channel').choices(CHANNELS.map((one) => one.code)).makeOptionMandatory(),
    )
    .requiredOption('--file <file>', 'JSON file with settings and secrets; - reads standard input')
    .option('--name <text>', 'name for people (default: the account_id)')
    .option('--replace', 'replace the account of that id; without it an existing account is left alone')
    .addHelpText('after', FILE_EXAMPLE)
    .action(add);
  addCommand(channel, 'list', 'list the channel accounts, without secrets', [
    'heliu channel list',
    'heliu channel list --json',
  ])
    .option('--limit <count>', 'how many at most', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--after <account_id>', 'go on after this one')
    .action(list);
  addCommand(
    channel,
    'test [account_id]',
    'open an account and ask its channel something harmless; exit code 1 when that fails',
    ['heliu channel test wechat-main', 'heliu channel test --all'],
  )
    .option('--all', 'test every active account')
    .action(test);
  addCommand(
    channel,
    'suspend <account_id>',
    'take an account out of use for new orders; queries, refunds and callbacks go on',
    ['heliu channel suspend wechat-main'],
  ).action((account_id: string, options: Json) => setStatus(account_id, 'suspended', options));
  addCommand(channel, 'resume <account_id>', 'put a suspended account back into use', [
    'heliu channel resume wechat-main',
  ]).action((account_id: string, options: Json) => setStatus(account_id, 'active', options));
}

async function add(account_id: string, options: AddOptions): Promise<void> {
  const { settings, secrets, ...others } = await readJsonObject(options.file, '--file');
  const unknown = Object.keys(others);
  if (unknown.length > 0 || settings === undefined || secrets === undefined) {
    throw new CliError(
      'file',
      `--file must hold the members settings and secrets${unknown.length > 0 ? ' and nothing else' : ''}. See the example in --help.`,
    );
  }
  await inWorkplace(async (place) => {
    const known = await place.store.configuration.storedAccount(account_id);
    if (known && !options.replace) {
      throw new CliError(
        'account_exists',
        `The channel account ${account_id} exists already. Add --replace, or choose another account_id.`,
      );
    }
    await place.prepareToSeal();
    await saveChannelAccount(place, {
      account_id,
      channel: options.channel,
      name: options.name ?? known?.name ?? account_id,
      status: known?.status,
      settings,
      secrets,
    });
    const account = await place.store.configuration.storedAccount(account_id);
    createOutput(options).result(
      account && accountFields(account),
      () =>
        `${known ? 'Replaced' : 'Added'} channel account ${account_id} (${options.channel}). Test it by heliu channel test ${account_id}.`,
    );
  });
}

async function list(options: Json & { limit: number; after?: string }): Promise<void> {
  await inWorkplace(async ({ store }) => {
    const found = await store.configuration.accounts(options.after ?? '', options.limit + 1);
    const { page, next } = onePage(found, options.limit, (one) => one.account_id);
    createOutput(options).result({ accounts: page.map(accountFields), next_after: next }, () =>
      [
        table(
          ['account_id', 'channel', 'name', 'status', 'updated'],
          page.map((one) => [one.account_id, one.channel, one.name, one.status, localTime(one.updated_at_ms)]),
        ),
        ...moreLine('--after', next),
      ].join('\n'),
    );
  });
}

async function test(account_id: string | undefined, options: Json & { all?: boolean }): Promise<void> {
  if ((account_id === undefined) !== (options.all ?? false)) throw usageError('Name one <account_id>, or give --all.');
  await inWorkplace(async (place) => {
    const ids = account_id === undefined ? await activeAccountIds(place) : [account_id];
    const results: (AccountTest & { account_id: string })[] = [];
    for (const id of ids) results.push({ account_id: id, ...(await testChannelAccount(place, id)) });
    createOutput(options).result(account_id === undefined ? { accounts: results } : results[0], () =>
      results.length === 0
        ? 'There is no active channel account. Add one by heliu channel add.'
        : columns(results.map((one) => [one.ok ? 'ok' : 'fail', one.account_id, one.message])),
    );
    if (results.some((one) => !one.ok)) process.exitCode = 1;
  });
}

const PAGE = 100;

/** Every account that takes new orders, by id. */
export async function activeAccountIds({ store }: Pick<Workplace, 'store'>): Promise<string[]> {
  const ids: string[] = [];
  let after_id = '';
  for (;;) {
    const page = await store.configuration.accounts(after_id, PAGE);
    ids.push(...page.filter((one) => one.status === 'active').map((one) => one.account_id));
    if (page.length < PAGE) return ids;
    after_id = page.at(-1)?.account_id ?? after_id;
  }
}

async function setStatus(account_id: string, status: StoredAccount['status'], options: Json): Promise<void> {
  await inWorkplace(async (place) => {
    const account = await setAccountStatus(place, account_id, status);
    createOutput(options).result(accountFields(account), () =>
      status === 'active'
        ? `Channel account ${account_id} takes orders again.`
        : `Channel account ${account_id} takes no new orders.`,
    );
  });
}

function accountFields(account: StoredAccount): Record<string, unknown> {
  const { config_version: _version, ...fields } = account;
  return fields;
}
