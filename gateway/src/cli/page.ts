/** Lists in pages: one row more than a page is read, which tells whether there are more. */

/** @param found up to `limit` + 1 rows */
export function onePage<Row>(found: readonly Row[], limit: number, idOf: (row: Row) => string) {
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const next = found.length > page.length && last !== undefined ? idOf(last) : null;
  return { page, next };
}

/** The line below a page that is not the last. */
export function moreLine(option: '--after' | '--before', next: string | null): string[] {
  return next === null ? [] : [`More: ${option} ${next}`];
}
