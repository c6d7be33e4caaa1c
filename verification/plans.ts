/** How PostgreSQL runs a statement, as far as it tells whether a table is read from its first row to its last. */

export interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** A row of EXPLAIN (FORMAT JSON). */
export interface Explained {
  readonly 'QUERY PLAN': readonly [{ readonly Plan: Plan }];
}

/**
 * @param option `ANALYZE` runs the statement with its values, `GENERIC_PLAN` plans it for any
 * @returns the statement that explains another
 */
export function explaining(option: 'ANALYZE' | 'GENERIC_PLAN', text: string): string {
  return `EXPLAIN (FORMAT JSON, ${option}) ${text}`;
}

/** The plan in the answer. Throws when there is none. */
export function planIn(rows: readonly Explained[]): Plan {
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  if (!plan) throw new Error('no plan');
  return plan;
}

/** The tables that a plan reads from their first row to their last. */
export function tablesReadWhole(plan: Plan): string[] {
  const here = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] ?? ''] : [];
  return [...here, ...(plan.Plans ?? []).flatMap(tablesReadWhole)];
}

/** The indexes that a plan goes by, each once. */
export function indexesUsed(plan: Plan): string[] {
  const here = plan['Index Name'] === undefined ? [] : [plan['Index Name']];
  return [...new Set([...here, ...(plan.Plans ?? []).flatMap(indexesUsed)])];
}

/** The most rows that one step of a plan, as it was run, took from a table or an index. */
export function mostRowsRead(plan: Plan): number {
  const { 'Actual Rows': rows = 0, 'Actual Loops': loops = 0, 'Rows Removed by Filter': removed = 0 } = plan;
  const is_scan = plan['Node Type'].includes('Scan') && (plan['Relation Name'] ?? plan['Index Name']) !== undefined;
  return Math.max(is_scan ? (rows + removed) * loops : 0, ...(plan.Plans ?? []).map(mostRowsRead));
}
