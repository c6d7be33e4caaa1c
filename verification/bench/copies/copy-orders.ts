import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Fate } from './samples.ts';
import { COPIED_TABLES } from './templates.ts';
import type { Columns, CopiedTable, Gap, LineTemplate, OrderTemplate } from './templates.ts';

/** Fills a database with copies of the sample orders, by COPY: as many as wanted, each with its own numbers and times. */

export interface CopyPlan {
  /** Decided orders. */
  readonly orders: number;
  /** Their fates; the shares add up to 1. */
  readonly shares: Readonly<Partial<Record<Exclude<Fate, 'undecided'>, number>>>;
  /** Orders that wait for their payer, each with a job. */
  readonly undecided: number;
  /** When those jobs are due. */
  readonly jobs_due_ms: number;
  readonly merchant_id: string;
  /** One order in so many is this merchant's; the others belong to 499 more. */
  readonly merchant_every: number;
  /** Orders are spread evenly over this time. */
  readonly first_ms: number;
  readonly last_ms: number;
}

export interface Copied {
  readonly rows: number;
  readonly seconds: number;
}

/** A request has a nonce; an order is asked for about once. */
const NONCES_PER_ORDER = 2;
const OTHER_MERCHANTS = 499;
const CHUNK_CHARACTERS = 262_144;

type FilledTable = CopiedTable | 'nonces';

/** What is one copy's own, all of it a function of its number. */
interface Copy {
  readonly index: number;
  readonly merchant_id: string;
  readonly created_ms: number;
  readonly template: OrderTemplate;
}

/**
 * Writes everything in one transaction, frozen, so that no vacuum has to come after it; then analyses.
 *
 * @param progress told how many rows of how many are written
 */
export async function copyOrders(
  database_url: string,
  { columns, templates }: { readonly columns: Columns; readonly templates: readonly OrderTemplate[] },
  plan: CopyPlan,
  progress: (table: string, rows: number, of: number) => void,
): Promise<Copied> {
  const started_ms = performance.now();
  const copies = new Copies(plan, templates);
  const tables: readonly FilledTable[] = [...(Object.keys(COPIED_TABLES) as CopiedTable[]), 'nonces'];
  const total = copies.rows();
  const client = new pg.Client({ connectionString: database_url });
  await client.connect();
  let rows = 0;
  try {
    await client.query('BEGIN');
    // The copies' foreign keys hold by how they are made: looking each of them up would take most of the time.
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(`TRUNCATE ${tables.join(', ')}`);
    for (const table of tables) {
      const names = table === 'nonces' ? ['merchant_id', 'nonce_str'] : columns[table];
      const list = names.map((name) => `"${name}"`).join(', ');
      const counted = (written: number): void => {
        rows += written;
        progress(table, rows, total);
      };
      const lines = Readable.from(chunks(copies.lines(table), counted));
      await pipeline(lines, client.query(copyFrom(`COPY ${table} (${list}) FROM STDIN WITH (FREEZE)`)));
    }
    await client.query('COMMIT');
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
  return { rows, seconds: (performance.now() - started_ms) / 1000 };
}

/** Numbers of paid orders of the merchant, at most so many, spread evenly over all of them. */
export function paidNumbers(plan: CopyPlan, most: number): readonly string[] {
  const numbers: string[] = [];
  for (let index = 0; index < plan.orders; index += 1) {
    if (index % plan.merchant_every === 0 && fateOf(plan, index) === 'paid') numbers.push(numberOf(index));
  }
  const step = Math.max(1, numbers.length / most);
  return Array.from({ length: Math.min(most, numbers.length) }, (_, place) => numbers[Math.floor(place * step)] ?? '');
}

class Copies {
  readonly #plan: CopyPlan;
  readonly #templates: ReadonlyMap<Fate, OrderTemplate>;

  constructor(plan: CopyPlan, templates: readonly OrderTemplate[]) {
    this.#plan = plan;
    this.#templates = new Map(templates.map((template) => [template.fate, template]));
  }

  /** About how many rows there will be: shares are kept on average. */
  rows(): number {
    const { orders, undecided, shares } = this.#plan;
    const linesOf = (fate: Fate): number =>
      Object.values(this.#template(fate).lines).reduce((sum, lines) => sum + lines.length, 0);
    const decided = Object.entries(shares).reduce((sum, [fate, share]) => sum + share * linesOf(fate as Fate), 0);
    return Math.round(orders * decided + undecided * linesOf('undecided') + (orders + undecided) * NONCES_PER_ORDER);
  }

  *lines(table: FilledTable): Generator<string> {
    const { orders, undecided } = this.#plan;
    for (let index = 0; index < orders + undecided; index += 1) {
      const copy = this.#copy(index);
      if (table === 'nonces') {
        for (let nonce = 0; nonce < NONCES_PER_ORDER; nonce += 1) {
          yield `${copy.merchant_id}\t${hex16(index, 100 + nonce)}${hex16(index, 200 + nonce)}\n`;
        }
      } else {
        for (const line of copy.template.lines[table]) yield this.#line(copy, line);
      }
    }
  }

  #copy(index: number): Copy {
    const { orders, first_ms, last_ms, merchant_id, merchant_every } = this.#plan;
    const decided = index < orders;
    const other = 1_000_000_000_000_000 + (mix(index, 1) % OTHER_MERCHANTS);
    return {
      index,
      merchant_id: index % merchant_every === 0 ? merchant_id : String(other),
      created_ms: decided ? Math.floor(first_ms + ((last_ms - first_ms) * index) / orders) : last_ms,
      template: this.#template(decided ? fateOf(this.#plan, index) : 'undecided'),
    };
  }

  #template(fate: Fate): OrderTemplate {
    const template = this.#templates.get(fate);
    if (template === undefined) throw new Error(`there is no sample order that is ${fate}`);
    return template;
  }

  #line(copy: Copy, { pieces, gaps }: LineTemplate): string {
    let line = pieces[0] ?? '';
    for (let place = 0; place < gaps.length; place += 1) {
      const gap = gaps[place];
      if (gap !== undefined) line += this.#filled(copy, gap) + (pieces[place + 1] ?? '');
    }
    return line;
  }

  #filled(copy: Copy, gap: Gap): string {
    switch (gap.kind) {
      case 'merchant_id':
        return copy.merchant_id;
      case 'trade_id':
        return second(copy) + hex16(copy.index, 2);
      case 'mch_trade_id':
        return numberOf(copy.index);
      case 'job_due':
        return String(this.#plan.jobs_due_ms);
      case 'id':
        return second(copy) + hex16(copy.index, 10 + gap.index);
      case 'digits':
        return `42000${String(copy.index).padStart(gap.length - 7, '0')}${String(gap.index).padStart(2, '0')}`;
      case 'time':
        return String(copy.created_ms + gap.after_ms);
    }
  }
}

function fateOf(plan: CopyPlan, index: number): Exclude<Fate, 'undecided'> {
  const drawn = mix(index, 3) / 2 ** 32;
  let sum = 0;
  let last: Exclude<Fate, 'undecided'> = 'paid';
  for (const fate of ['paid', 'refunded', 'closed'] as const) {
    const share = plan.shares[fate] ?? 0;
    if (share > 0) last = fate;
    sum += share;
    if (drawn < sum) return fate;
  }
  return last;
}

function numberOf(index: number): string {
  return `copy.${index}`;
}

/** Our numbers begin with the second of their creation. */
function second(copy: Copy): string {
  return Math.floor(copy.created_ms / 1000)
    .toString(16)
    .padStart(8, '0');
}

function hex16(index: number, purpose: number): string {
  return hex8(mix(index, purpose)) + hex8(mix(index, purpose + 1_000));
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** A number from 0 to 2^32-1 that looks drawn by lot and is always the same (the finaliser of MurmurHash3). */
function mix(index: number, purpose: number): number {
  let hash = Math.imul(index, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Lines in pieces that are worth a write. */
function* chunks(lines: Iterable<string>, written: (rows: number) => void): Generator<Buffer> {
  let chunk = '';
  let rows = 0;
  for (const line of lines) {
    chunk += line;
    rows += 1;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(chunk);
    written(rows);
    chunk = '';
    rows = 0;
  }
  yield Buffer.from(chunk);
  written(rows);
}
