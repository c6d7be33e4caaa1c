/** `heliu route …`: which account a merchant's pay types go through. */
import type { Command } from 'commander';
import { setRoute } from '../operations/channel-accounts.ts';
import type { Route } from '../storage/configuration.ts';
import { addCommand, addGroup, keyValue, merchantId, wholeNumber } from './command.ts';
import { usageError } from './errors.ts';
import { readJsonObject } from './input.ts';
import { createOutput } from './output.ts';
import { table } from './text.ts';
import { inWorkplace, requireMerchant } from './workplace.ts';

interface SetOptions {
  readonly merchant: string;
  readonly payType: string;
  readonly account: string;
  readonly param?: Readonly<Record<string, string>>;
  readonly paramsFile?: string;
  readonly priority?: number;
  readonly weight?: number;
  readonly enable?: boolean;
  readonly disable?: boolean;
  readonly json?: boolean;
}

/** Adds the group to the program. */
export function addRouteCommands(program: Command): void {
  const route = addGroup(program, 'route', 'which account a merchant trades a pay type through');
  addCommand(route, 'set', 'add a route, or change it; what is not given stays', [
    'heliu route set --merchant 5399355381712172 --pay-type wechat.scan --account wechat-main --param sub_mchid=1900000109',
    'heliu route set --merchant 5399355381712172 --pay-type alipay.scan --account alipay-main --priority 2 --disable',
  ])
    .requiredOption('--merchant <merchant_id>', 'the merchant', merchantId)
    .requiredOption('--pay-type <code>', 'the pay type, e.g. wechat.scan')
    .requiredOption('--account <account_id>', 'the channel account')
    .option(
      '--param <key=value>',
      'what the channel needs to know of this merchant, e.g. sub_mchid; repeatable, replaces all params',
      keyValue,
    )
    .option('--params-file <file>', 'the same as a JSON object; - reads standard input')
    .option('--priority <number>', '1 is tried first (default of a new route: 1)', wholeNumber(1, 1000))
    .option(
      '--weight <number>',
      'share among routes of the same priority (default of a new route: 1)',
      wholeNumber(1, 1000),
    )
    .option('--enable', 'let the route take orders (default of a new route)')
    .option('--disable', 'keep the route, but let it take no orders')
    .action(set);
  addCommand(route, 'list', "list a merchant's routes", ['heliu route list --merchant 5399355381712172'])
    .requiredOption('--merchant <merchant_id>', 'the merchant', merchantId)
    .action(list);
}

async function set(options: SetOptions): Promise<void> {
  if (options.enable && options.disable)
    throw usageError('--enable and --disable exclude each other: give one of them.');
  if (options.param && options.paramsFile !== undefined)
    throw usageError('--param and --params-file exclude each other: give one of them.');
  const given =
    options.paramsFile === undefined ? options.param : await readJsonObject(options.paramsFile, '--params-file');
  await inWorkplace(async (place) => {
    const routes = await place.store.configuration.routesOf(options.merchant);
    const is_this = (one: Route): boolean => one.pay_type === options.payType && one.account_id === options.account;
    const known = routes.find(is_this);
    await setRoute(place, {
      merchant_id: options.merchant,
      pay_type: options.payType,
      account_id: options.account,
      priority: options.priority ?? known?.priority,
      weight: options.weight ?? known?.weight,
      merchant_params: given ?? known?.merchant_params ?? {},
      enabled: options.enable ? true : options.disable ? false : known?.enabled,
    });
    const stored = (await place.store.configuration.routesOf(options.merchant)).filter(is_this);
    createOutput(options).result({ ...stored.map(routeFields)[0], created: !known }, () =>
      [`${known ? 'Changed' : 'Added'} the route.`, routeTable(stored)].join('\n'),
    );
  });
}

async function list(options: { readonly merchant: string; readonly json?: boolean }): Promise<void> {
  await inWorkplace(async (place) => {
    await requireMerchant(place, options.merchant);
    const routes = await place.store.configuration.routesOf(options.merchant);
    createOutput(options).result({ routes: routes.map(routeFields) }, () => routeTable(routes));
  });
}

/** A route as the commands print it. */
export function routeFields(route: Route): Record<string, unknown> {
  const { config_version: _version, merchant_params, ...fields } = route;
  return { ...fields, merchant_params: shownParams(merchant_params) };
}

/** Routes in columns. */
export function routeTable(routes: readonly Route[]): string {
  return table(
    ['pay_type', 'account_id', 'priority', 'weight', 'enabled', 'params'],
    routes.map((route) => [
      route.pay_type,
      route.account_id,
      String(route.priority),
      String(route.weight),
      route.enabled ? 'yes' : 'no',
      Object.entries(shownParams(route.merchant_params))
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    ]),
  );
}

/** A merchant's authorisation (Alipay's app_auth_token) is shown by its first characters only. */
function shownParams(params: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      /token|secret|key/.test(name) ? `${value.slice(0, 6)}…` : value,
    ]),
  );
}
