/** What a reader of a trace wants to know of a statement. */

type Fields = Readonly<Record<string, unknown>>;

/** Statements that ask the same thing all the time; they are worth a line only when they find something. */
const POLLS: ReadonlySet<string> = new Set(['config_version', 'claim_jobs', 'claim_notifications', 'ping']);

/**
 * Words for the end of a trace line: what changes, and how many rows came back.
 * @returns null for a poll that found nothing
 */
export function describeStatement(name: string, values: readonly unknown[], rows: readonly unknown[]): string | null {
  if (POLLS.has(name) && (name === 'config_version' || rows.length === 0)) return null;
  const inputs = inputsOf(values);
  const changes = inputs.map((input) => ` ${changeOf(name, input)}`).join(',');
  return `${changes === ' ' ? '' : changes} → ${rows.length}`;
}

/** The records of a statement that takes them as one JSON parameter. */
function inputsOf(values: readonly unknown[]): Fields[] {
  const [first] = values;
  if (typeof first !== 'string' || !/^[[{]/.test(first)) return [];
  const parsed: unknown = JSON.parse(first);
  return (Array.isArray(parsed) ? parsed : [parsed]) as Fields[];
}

const SHOWN: Readonly<Record<string, readonly string[]>> = {
  insert_orders: ['trade_id', 'mch_trade_id', 'pay_type', 'total_fen'],
  save_orders: ['trade_id', 'state', 'placement', 'event_kind', 'late_refund_id'],
  reserve_refund: ['refund_id', 'trade_id', 'refund_fen'],
  save_refund: ['refund_id', 'trade_id', 'state', 'money', 'event_kind'],
  record_notification_attempts: ['notification_id', 'attempt', 'delivered', 'reason'],
};

function changeOf(name: string, input: Fields): string {
  const shown = (SHOWN[name] ?? []).map((field) => input[field]);
  return shown
    .filter((value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    .join(' ');
}
