/** Judges a world that has come to rest, from what is stored and what its merchants heard: for stories that are told by hand. */
import { WATCHED, type Change } from './changes.ts';
import type { World } from './world.ts';
import { INVARIANTS } from './invariants/index.ts';
import { Mirror } from './mirror.ts';

/**
 * @returns one sentence for each violation, with the number of the order concerned; none when all is well
 */
export async function violations(world: World): Promise<string[]> {
  const books = new Mirror();
  books.apply(await everythingStored(world));
  const ledger = world.ledger.list();
  const view = { books, ledger: () => ledger, merchants: world.merchants, secrets: [], now_ms: () => world.now_ms() };
  return INVARIANTS.flatMap((invariant) => {
    const judge = invariant.judge(view);
    const heard = world.merchants.flatMap(({ merchant_id, heard: all }) =>
      all.flatMap((one) => judge.watch?.({ kind: 'heard', merchant_id, ...one }) ?? []),
    );
    return [...heard, ...(judge.atRest?.() ?? [])].map(({ sentence }) => sentence);
  });
}

async function everythingStored(world: World): Promise<Change[]> {
  const changes: Change[] = [];
  for (const [table, key] of Object.entries(WATCHED)) {
    const text = `SELECT to_json(t) AS after FROM ${table} t ORDER BY ${key.join(', ')}`;
    const rows = await world.raw_database.query<Pick<Change, 'after'>>({ name: `all_of_${table}`, text }, []);
    changes.push(...rows.map(({ after }) => ({ table, before: null, after })));
  }
  return changes;
}
