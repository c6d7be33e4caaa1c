/** No statement that a world has sent may read a table that grows from its first row to its last. */
import type { Statement } from '../../../gateway/src/storage/database.ts';
import { explaining, planIn, tablesReadWhole, type Explained } from '../../plans.ts';
import type { Session } from '../sessions.ts';

/** A handful of rows each. */
const SMALL: ReadonlySet<string> = new Set(['config_state', 'platform_keys']);

/** Plans depend on no data here (plans go by rule, storage/database.ts): each statement is looked at once in a process. */
const looked_at = new Map<string, string | null>();

/** @returns a sentence about the first statement that reads a growing table whole */
export async function wholeTableRead(session: Session, statements: Iterable<Statement>): Promise<string | null> {
  for (const statement of statements) {
    const { name, text } = statement;
    const known = looked_at.get(name);
    const found = known === undefined ? await lookAt(session, statement) : known;
    looked_at.set(name, found);
    if (found !== null) return `statement ${name} reads ${found} from its first row to its last: ${text.slice(0, 200)}`;
  }
  return null;
}

async function lookAt(session: Session, { text }: Statement): Promise<string | null> {
  const rows = (await session.ask(explaining('GENERIC_PLAN', text))) as Explained[];
  return tablesReadWhole(planIn(rows)).find((table) => !SMALL.has(table)) ?? null;
}
