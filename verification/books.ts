/** What the gateway has in its books, and what it counted, for tests that compare before and after. */
import type { World } from './world.ts';

/** Every row that says something about orders, refunds and notifications, as text. Jobs are left out: time alone moves them. */
export async function readBooks(world: Pick<World, 'sql'>): Promise<string> {
  const tables = ['orders', 'order_events', 'refunds', 'notifications', 'notification_attempts'];
  const rows = await Promise.all(tables.map((table) => world.sql(`SELECT * FROM ${table} AS t ORDER BY t::text`)));
  return JSON.stringify(rows);
}

export interface ExceptionRow {
  readonly kind: string;
  readonly trade_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly raw_headers: Readonly<Record<string, string>> | null;
  readonly raw_body: string | null;
  readonly occurrences: number;
}

/** The exceptions queue, oldest first. */
export function readExceptions(world: Pick<World, 'sql'>): Promise<ExceptionRow[]> {
  return world.sql<ExceptionRow>(
    `SELECT kind, trade_id, detail, raw_headers, convert_from(raw_body, 'UTF8') AS raw_body, occurrences
     FROM exceptions ORDER BY exception_id, kind`,
  );
}

/** A counter of /metrics; 0 when it was never raised. */
export async function readCounter(
  url: string,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && wanted.every((label) => one.includes(label)));
  return Number(line?.split(' ').at(-1) ?? 0);
}
