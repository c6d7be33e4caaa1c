/** An order's whole story as text for people, and as JSON. */
import { refundStatus, type Refund } from '../domain/refund.ts';
import { tradeInfo, tradeState } from '../domain/trade-state.ts';
import { refundFields } from '../notifications/payload.ts';
import { orderFields } from '../operations/query.ts';
import type { NotificationRecord, OrderRecord } from '../operations/show-order.ts';
import type { Attempt, Notification } from '../storage/notifications.ts';
import type { TimelineEvent } from '../storage/orders.ts';
import { columns, fieldList, indent, localTime, oneLine, preciseTime, yuan, zoneName } from './text.ts';

/** The record as --json prints it. */
export function orderDocument(record: OrderRecord): Record<string, unknown> {
  const { order } = record;
  return {
    order: {
      ...orderFields(order, Date.now()),
      state: order.state,
      placement: order.placement,
      ending: order.ending,
      channel: order.channel,
      account_id: order.account_id,
      check_count: order.check_count,
      decided_at_ms: order.decided_at_ms,
      facts: order.facts,
      late_facts: order.late_facts,
    },
    timeline: record.timeline,
    timeline_is_whole: record.timeline_is_whole,
    refunds: record.refunds.map((refund) => ({
      ...refundFields(refund),
      state: refund.state,
      channel_refund_id: refund.channel_refund_id,
      created_at_ms: refund.created_at_ms,
      decided_at_ms: refund.decided_at_ms,
    })),
    notifications: record.notifications.map(({ notification, attempts }) => ({
      ...notificationFields(notification),
      attempts: attempts.map(({ notification_id: _id, ...attempt }) => attempt),
    })),
  };
}

/** A notification as the commands print it. */
export function notificationFields(notification: Notification): Record<string, unknown> {
  const { attempts, ...fields } = notification;
  return { ...fields, attempts_made: attempts };
}

/** The record as a person reads it. */
export function orderText(record: OrderRecord): string {
  const { order } = record;
  const parts = [
    `Order ${order.trade_id}`,
    fieldList([
      ['mch_trade_id', order.mch_trade_id],
      ['merchant_id', order.merchant_id],
      ['pay_type', `${order.pay_type} through ${order.account_id}`],
      ['goods', String(order.request['body'] ?? '')],
      ['amount', amounts(record)],
      [
        'state',
        `${order.state}${order.state === 'undecided' ? ` (placement ${order.placement}${order.ending === null ? '' : `, to be ended: ${order.ending}`})` : ''}`,
      ],
      ['trade_state', `${tradeState(order, Date.now())} ${tradeInfo(order, Date.now())}`],
      ...paymentFields(record),
      ['created', localTime(order.created_at_ms)],
      ['expires', localTime(order.expires_at_ms)],
      ['decided', localTime(order.decided_at_ms)],
    ]),
    '',
    `Timeline (local time, ${zoneName(order.created_at_ms)})`,
    indent(timelineText(record.timeline)),
    ...(record.timeline_is_whole ? [] : ['  … more events than are shown']),
  ];
  if (record.refunds.length > 0) parts.push('', 'Refunds', indent(refundsText(record.refunds)));
  parts.push('', 'Notifications', indent(notificationsText(record.notifications)));
  return parts.join('\n');
}

function amounts({ order }: OrderRecord): string {
  const refunds = [
    ...(order.refunded_fen > 0 ? [`refunded ${yuan(order.refunded_fen)}`] : []),
    ...(order.refund_reserved_fen > 0 ? [`being refunded ${yuan(order.refund_reserved_fen)}`] : []),
  ];
  return [yuan(order.total_fen), ...refunds].join(', ');
}

function paymentFields({ order }: OrderRecord): [string, string][] {
  const facts = order.facts ?? order.late_facts;
  if (!facts) return [];
  const label = order.facts ? 'payment' : 'late payment';
  return [[label, `${facts.transaction_id}, ${localTime(facts.paid_at_ms)}`]];
}

function timelineText(events: readonly TimelineEvent[]): string {
  return columns(events.map((event) => [preciseTime(event.at_ms), event.source, event.kind, detailText(event.detail)]));
}

/** What a person looks for first; the database keeps no order of its own. */
const FIRST = ['code', 'amount_fen', 'transaction_id', 'paid_at_ms', 'message'];

function byImportance([one]: [string, unknown], [other]: [string, unknown]): number {
  const place = (name: string): number => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
  return place(one) - place(other);
}

/** An event's details on one line; the channel's raw words are for --json. */
export function detailText(detail: Readonly<Record<string, unknown>>): string {
  const words: string[] = [];
  for (const [name, value] of Object.entries(detail).toSorted(byImportance)) {
    if (name === 'raw' || value === null || value === '' || value === false) continue;
    if (typeof value === 'number' && isAmount(name)) words.push(`${name.replace(/_fen$/, '')}=${yuan(value)}`);
    else if (typeof value === 'number' && name.endsWith('_at_ms'))
      words.push(`${name.replace(/_ms$/, '')}=${localTime(value)}`);
    else if (typeof value === 'object') words.push(detailText(value as Record<string, unknown>));
    else if (typeof value === 'string') words.push(`${name}=${oneLine(value)}`);
    else words.push(`${name}=${JSON.stringify(value)}`);
  }
  return words.filter((word) => word !== '').join(' ');
}

function isAmount(name: string): boolean {
  return name.endsWith('_fen') || name === 'refund_fee' || name === 'total_fee';
}

function refundsText(refunds: readonly Refund[]): string {
  return columns(
    refunds.map((refund) => [
      localTime(refund.created_at_ms),
      refund.mch_refund_id ?? `${refund.refund_id} (automatic)`,
      yuan(refund.refund_fen),
      `${refund.state} (refund_status ${refundStatus(refund.state)})`,
      [refund.refund_desc, refund.channel_message].filter((text) => text !== '').join('; '),
    ]),
  );
}

function notificationsText(records: readonly NotificationRecord[]): string {
  if (records.length === 0) return '(none)';
  return records
    .map(({ notification, attempts }) =>
      [
        `${notification.notification_id}  ${notification.subject}  ${notification.state}  ${oneLine(notification.url)}`,
        ...(attempts.length === 0 ? ['  (no attempt yet)'] : [indent(attemptsText(attempts))]),
      ].join('\n'),
    )
    .join('\n');
}

function attemptsText(attempts: readonly Attempt[]): string {
  return columns(
    attempts.map((attempt) => [
      `#${attempt.attempt}`,
      preciseTime(attempt.at_ms),
      attempt.delivered ? 'delivered' : (attempt.reason ?? 'failed'),
      attempt.http_status === null ? '' : `HTTP ${attempt.http_status}`,
      attempt.answer === null || attempt.answer === '' ? '' : JSON.stringify(attempt.answer),
    ]),
  );
}
