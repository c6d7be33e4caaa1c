/** `heliu notify …`: notifications to merchants. */
import { type Command, Option } from 'commander';
import {
  replayFailedNotifications,
  replayNotification,
  replayNotificationsOfOrder,
} from '../operations/replay-notifications.ts';
import type { Notification } from '../storage/notifications.ts';
import { addCommand, addGroup, DEFAULT_LIMIT, MAX_LIMIT, merchantId, wholeNumber } from './command.ts';
import { usageError } from './errors.ts';
import { notificationFields } from './order-text.ts';
import { createOutput, type Output } from './output.ts';
import { moreLine, onePage } from './page.ts';
import { localTime, table } from './text.ts';
import { inWorkplace, requireMerchant, type Workplace } from './workplace.ts';

interface ListOptions {
  readonly merchant: string;
  readonly state?: Notification['state'];
  readonly limit: number;
  readonly before?: string;
  readonly json?: boolean;
}

interface ReplayOptions {
  readonly merchant: string;
  readonly order?: string;
  readonly failed?: boolean;
  readonly json?: boolean;
}

/** Greater than every id, which is 24 hexadecimal characters. */
const NEWEST = 'g';

/** Adds the group to the program. */
export function addNotifyCommands(program: Command): void {
  const notify = addGroup(program, 'notify', 'notifications to merchants');
  addCommand(notify, 'list', "list a merchant's notifications, the newest first", [
    'heliu notify list --merchant 5399355381712172 --state failed',
    'heliu notify list --merchant 5399355381712172 --before 67f2a1c09b3d4e5f60718293 --json',
  ])
    .requiredOption('--merchant <merchant_id>', 'the merchant', merchantId)
    .addOption(new Option('--state <state>', 'only those in this state').choices(['pending', 'delivered', 'failed']))
    .option('--limit <count>', 'how many at most', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--before <notification_id>', 'go on with older ones than this')
    .action(list);
  addCommand(
    notify,
    'replay [notification_id]',
    'send notifications again, at once and with the very same bytes: one by its id, those of an order, or all that failed',
    [
      'heliu notify replay 67f2a1c09b3d4e5f60718293 --merchant 5399355381712172',
      'heliu notify replay --order alabowy_0001 --merchant 5399355381712172',
      'heliu notify replay --failed --merchant 5399355381712172',
    ],
  )
    .requiredOption('--merchant <merchant_id>', 'the merchant', merchantId)
    .option('--order <number>', 'every notification of this order (trade_id or mch_trade_id)')
    .option('--failed', 'every notification of the merchant that failed after its last repeat')
    .action(replay);
}

async function list(options: ListOptions): Promise<void> {
  await inWorkplace(async (place) => {
    await requireMerchant(place, options.merchant);
    const state = options.state ?? null;
    const found = await place.store.notifications.list(
      options.merchant,
      state,
      options.before ?? NEWEST,
      options.limit + 1,
    );
    const { page, next } = onePage(found, options.limit, (one) => one.notification_id);
    createOutput(options).result({ notifications: page.map(notificationFields), next_before: next }, () =>
      [notificationTable(page), ...moreLine('--before', next)].join('\n'),
    );
  });
}

function notificationTable(page: readonly Notification[]): string {
  return table(
    ['notification_id', 'created', 'subject', 'trade_id', 'state', 'attempts', 'last reason', 'url'],
    page.map((one) => [
      one.notification_id,
      localTime(one.created_at_ms),
      one.subject,
      one.trade_id,
      one.state,
      String(one.attempts),
      one.last_reason ?? '',
      one.url,
    ]),
  );
}

async function replay(notification_id: string | undefined, options: ReplayOptions): Promise<void> {
  const ways = [notification_id !== undefined, options.order !== undefined, options.failed === true];
  if (ways.filter(Boolean).length !== 1) {
    throw usageError('Name what to send again by exactly one of <notification_id>, --order <number> and --failed.');
  }
  const output = createOutput(options);
  await inWorkplace(async (place) => {
    await requireMerchant(place, options.merchant);
    const ids = await plan(place, output, notification_id, options);
    output.result({ merchant_id: options.merchant, replayed: ids.length, notification_ids: ids }, () =>
      ids.length === 0
        ? 'There is nothing to send again.'
        : `${ids.length} ${ids.length === 1 ? 'notification is' : 'notifications are'} sent again now. Look by heliu notify list --merchant ${options.merchant}.`,
    );
  });
}

async function plan(
  place: Workplace,
  output: Output,
  notification_id: string | undefined,
  { merchant, order }: ReplayOptions,
): Promise<readonly string[]> {
  if (notification_id !== undefined) {
    await replayNotification(place, merchant, notification_id);
    return [notification_id];
  }
  if (order !== undefined) return replayNotificationsOfOrder(place, merchant, order);
  const ids: string[] = [];
  for await (const page of replayFailedNotifications(place, merchant)) {
    ids.push(...page);
    output.progress(`${ids.length} planned …`);
  }
  return ids;
}
