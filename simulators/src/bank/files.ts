import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatorPorts } from '../kernel/ports.ts';
import type { BankBook } from './book.ts';
import { camt053, camt054 } from './camt.ts';
import type { CamtVersion } from './camt.ts';
import { chinaDay } from './china-time.ts';
import type { BankConfig } from './config.ts';
import type { BankStore } from './store.ts';

export interface FileRequest {
  readonly kind: 'camt053' | 'camt054';
  readonly version: CamtVersion;
  /** YYYY-MM-DD in China; today when absent. */
  readonly day?: string;
  /** Entries that are left out: as if the bank had forgotten them. */
  readonly without?: readonly string[];
  /** `truncate`: it breaks off in the middle. `entry`: its first entry has no amount. */
  readonly damage?: 'truncate' | 'entry';
}

export interface WrittenFile {
  readonly name: string;
  readonly xml: string;
  /** Where it was left; null: nowhere. */
  readonly path: string | null;
}

/** Writes the files of a day as the bank's transfer program leaves them. */
export class BankFiles {
  readonly #options: {
    ports: SimulatorPorts;
    config: BankConfig;
    store: BankStore;
    book: BankBook;
    drop_folder: string | null;
  };

  /** @param options.drop_folder where the customer wants its files */
  constructor(options: {
    ports: SimulatorPorts;
    config: BankConfig;
    store: BankStore;
    book: BankBook;
    drop_folder: string | null;
  }) {
    this.#options = options;
  }

  write(request: FileRequest): WrittenFile {
    const { ports, config, store, book, drop_folder } = this.#options;
    const day = request.day ?? chinaDay(ports.now());
    const left_out = new Set(request.without ?? []);
    const entries = store
      .entries()
      .filter((entry) => chinaDay(entry.booked_at_ms) === day && !left_out.has(entry.reference));
    const serial = ports.randomBytes(4).toString('hex');
    const context = {
      version: request.version,
      message_id: `F${day.replaceAll('-', '')}${serial}`,
      created_at_ms: ports.now(),
      settlement_account: config.settlement_account,
      fund_acc_name: config.fund_acc_name,
    };
    const came = entries.filter((entry) => entry.direction === 'CRDT');
    const went = entries.filter((entry) => entry.direction === 'DBIT');
    const sum = (list: typeof entries): number => list.reduce((total, entry) => total + entry.amount, 0);
    const totals = { credits: came.length, credits_fen: sum(came), debits: went.length, debits_fen: sum(went) };
    const statement = { id: `S${day.replaceAll('-', '')}${serial}`, day, opening_fen: book.balance(day), totals };
    const xml =
      request.kind === 'camt053' ? [...camt053(context, statement, entries)].join('') : camt054(context, entries);
    return this.#leave(`${request.kind}-${day}-${serial}.xml`, damaged(xml, request.damage), drop_folder);
  }

  /** Under its own name only when it is whole. */
  #leave(name: string, xml: string, folder: string | null): WrittenFile {
    if (folder === null) return { name, xml, path: null };
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(`${path}.part`, xml);
    renameSync(`${path}.part`, path);
    return { name, xml, path };
  }
}

function damaged(xml: string, damage: FileRequest['damage']): string {
  if (damage === 'truncate') return xml.slice(0, Math.floor(xml.length / 2));
  if (damage === 'entry') return xml.replace(/<Ntry><Amt [^>]*>[^<]*<\/Amt>/, '<Ntry>');
  return xml;
}
