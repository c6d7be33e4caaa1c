/**
 * What each statement changes, row by row. Triggers say it in notices of the same session: known as soon as it is done, and of no
 * consequence for the statement itself.
 */
import type { Session } from './sessions.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Change {
  readonly table: string;
  /** Null: the row is new. */
  readonly before: Row | null;
  /** Null: the row is gone. */
  readonly after: Row | null;
}

/** Tables whose changes are told, each with its key. */
export const WATCHED: Readonly<Record<string, readonly string[]>> = {
  orders: ['merchant_id', 'trade_id'],
  order_events: ['merchant_id', 'trade_id', 'event_no'],
  refunds: ['merchant_id', 'refund_id'],
  notifications: ['merchant_id', 'notification_id'],
  notification_attempts: ['merchant_id', 'notification_id', 'attempt'],
  jobs: ['kind', 'merchant_id', 'subject_id'],
  exceptions: ['exception_id'],
  preorders: ['merchant_id', 'preorder_id'],
  virtual_accounts: ['account_id', 'number'],
  bank_credits: ['account_id', 'reference'],
  bank_returns: ['return_no'],
};

/** Begins the notices that are ours. */
const MARK = 'simulation ';

/** What an operator configures once, for all worlds. */
const CONFIGURATION = ['platform_keys', 'merchants', 'channel_accounts', 'routes'] as const;

const INSTALL = `
CREATE FUNCTION simulation_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE '${MARK}%', json_build_object('table', TG_TABLE_NAME,
    'before', CASE WHEN TG_OP <> 'INSERT' THEN to_json(OLD) END, 'after', CASE WHEN TG_OP <> 'DELETE' THEN to_json(NEW) END);
  RETURN NULL;
END $$;
${Object.keys(WATCHED)
  .map(
    (table) =>
      `CREATE TRIGGER simulation_tell AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION simulation_tell();`,
  )
  .join('\n')}
`;

/** Keeps what is configured now, and makes the function that brings every table back to it. */
const KEEP = `
CREATE SCHEMA kept;
${[...CONFIGURATION, 'config_state'].map((table) => `CREATE TABLE kept.${table} AS TABLE public.${table};`).join('\n')}
CREATE FUNCTION simulation_reset() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' LOOP
    EXECUTE format('DELETE FROM public.%I', name);
  END LOOP;
  ${[...CONFIGURATION, 'config_state'].map((table) => `INSERT INTO public.${table} SELECT * FROM kept.${table};`).join('\n  ')}
  PERFORM setval(pg_get_serial_sequence('order_events', 'event_no'), 1, false);
END $$;
`;

/** Makes the triggers in a migrated database, once. */
export async function tellChanges(session: Session): Promise<void> {
  await session.run(INSTALL);
}

/** From now on `resetDatabase` brings the database back to what is configured now. Once. */
export async function keepConfiguration(session: Session): Promise<void> {
  await session.run(KEEP);
}

/** Empties the database for the next world, but for what was kept. */
export async function resetDatabase(session: Session): Promise<void> {
  await session.run('SELECT simulation_reset()');
}

/** The change that a notice tells of; null when it is another notice. */
export function changeIn(message: string | undefined): Change | null {
  if (message === undefined || !message.startsWith(MARK)) return null;
  return JSON.parse(message.slice(MARK.length)) as Change;
}
