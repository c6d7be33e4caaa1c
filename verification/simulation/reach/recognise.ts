/** How the rows of docs/outcomes.md are recognised in what a world shows. */
import { changeOf, type EventRow, type Mirror, type OrderRow } from '../mirror.ts';
import type { LedgerEntry } from '../../../simulators/src/kernel/ledger.ts';
import type { Observation } from '../observation.ts';

/** What a recogniser may look at beside the observation. */
export interface Look {
  /** The gateway's books, this observation included. */
  readonly books: Mirror;
  ledger(): readonly LedgerEntry[];
  now_ms(): number;
}

/** Whether an observation shows the row. */
export type Sign = (observation: Observation, look: Look) => boolean;

/** A row of a table: of which section, and its first cell. */
export interface Row {
  readonly section: string;
  readonly row: string;
  readonly sign: Sign;
}

/** Looks for rows until each has been seen once. */
export class Recogniser {
  #unseen: readonly Row[];
  readonly #look: Look;

  constructor(rows: readonly Row[], look: Look) {
    this.#unseen = rows;
    this.#look = look;
  }

  /** Rows that an observation shows for the first time. */
  recognise(observation: Observation): readonly Row[] {
    const seen = this.#unseen.filter(({ sign }) => sign(observation, this.#look));
    if (seen.length > 0) this.#unseen = this.#unseen.filter((row) => !seen.includes(row));
    return seen;
  }
}

/** What an event of a timeline belongs to. */
export interface Told {
  readonly event: EventRow;
  readonly order: OrderRow;
  readonly look: Look;
}

/** A line of one of these kinds is written into an order's timeline. */
export function told(kinds: readonly string[], where: (told: Told) => boolean = () => true): Sign {
  return (observation, look) => {
    if (observation.kind !== 'commit') return false;
    return observation.changes.some((change) => {
      const event = changeOf(change, 'order_events')?.after;
      if (!event || !kinds.includes(event.kind)) return false;
      const order = look.books.order(event.trade_id);
      return order !== undefined && where({ event, order, look });
    });
  };
}

/** A merchant hears this code of that request. */
export function heard(
  path: string,
  code: number,
  where: (answered: Extract<Observation, { kind: 'answered' }> & { readonly msg: string }) => boolean = () => true,
): Sign {
  return (observation) => {
    if (observation.kind !== 'answered' || observation.path !== path) return false;
    const { result } = observation;
    return result.kind === 'answered' && result.code === code && where({ ...observation, msg: result.msg });
  };
}

/** One of several signs. */
export function either(...signs: readonly Sign[]): Sign {
  return (observation, look) => signs.some((sign) => sign(observation, look));
}

/** Whether the channel has done that with an order. */
export function channelDid(look: Look, trade_id: string, kind: LedgerEntry['kind']): boolean {
  return look.ledger().some((entry) => entry.out_trade_no === trade_id && entry.kind === kind);
}
