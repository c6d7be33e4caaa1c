import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * An append-only record of everything a simulator must know after a restart.
 *
 * A record may carry `snapshot_of: string`: it is then the whole state of the thing so named, and earlier records of the
 * same name are superseded and disappear at the next load (`removed: true` makes the thing itself disappear). Records
 * without it, such as ledger entries, are kept for ever in order.
 */
export interface Journal {
  /** Records before it returns: an answer that leaves afterwards is never ahead of the journal. */
  append(record: object): void;
  /** Everything appended so far, oldest first, without superseded snapshots. */
  load(): object[];
  /**
   * Records appended while `run` runs become one indivisible line, so that a SIGKILL never leaves an order paid without
   * its ledger entry. Nothing is recorded when `run` throws. Calls nest.
   */
  atomically<Result>(run: () => Result): Result;
}

/** A journal that lives as long as the object: for tests, which "restart" by handing it to a second simulator. */
export function memoryJournal(): Journal {
  const lines: string[] = [];
  return journalOver(
    (line) => void lines.push(line),
    () => lines,
  );
}

/**
 * A journal of JSON lines in a file. Each line is handed to the operating system before `append` returns, which is what
 * survives a SIGKILL of this process (it does not claim to survive a power cut: simulators hold no real money). A last
 * line torn by the kill is dropped. The file is compacted when it is opened.
 *
 * @param path the file; its folder is created
 * @throws when the file cannot be read or written, or a line before the last is damaged
 */
export function fileJournal(path: string): Journal & { close(): void } {
  mkdirSync(dirname(path), { recursive: true });
  compactFile(path);
  const descriptor = openSync(path, 'a');
  const journal = journalOver(
    (line) => writeWhole(descriptor, `${line}\n`),
    () => readLines(path),
  );
  return { ...journal, close: () => closeSync(descriptor) };
}

function journalOver(write: (line: string) => void, read: () => string[]): Journal {
  let batch: object[] | undefined;
  return {
    append(record) {
      if (batch) batch.push(record);
      else write(JSON.stringify(record));
    },
    load: () => withoutSuperseded(read().flatMap(parseLine)),
    atomically(run) {
      if (batch) return run();
      batch = [];
      try {
        const result = run();
        if (batch.length > 0) write(JSON.stringify(batch));
        return result;
      } finally {
        batch = undefined;
      }
    },
  };
}

function parseLine(line: string): object[] {
  const parsed: unknown = JSON.parse(line);
  if (Array.isArray(parsed)) return parsed as object[];
  if (typeof parsed === 'object' && parsed !== null) return [parsed];
  throw new Error(`journal line is not a record: ${line.slice(0, 80)}`);
}

function withoutSuperseded(records: object[]): object[] {
  const lastOf = new Map<string, object>();
  for (const record of records) {
    const name = snapshotName(record);
    if (name !== undefined) lastOf.set(name, record);
  }
  return records.filter((record) => {
    const name = snapshotName(record);
    return name === undefined || (lastOf.get(name) === record && !('removed' in record && record.removed === true));
  });
}

function snapshotName(record: object): string | undefined {
  return 'snapshot_of' in record && typeof record.snapshot_of === 'string' ? record.snapshot_of : undefined;
}

function readLines(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  // The text after the last newline is empty, or the torn line of a killed process.
  return lines.slice(0, -1).filter((line) => line !== '');
}

function compactFile(path: string): void {
  if (!existsSync(path)) return;
  const records = withoutSuperseded(readLines(path).flatMap(parseLine));
  const temporary = `${path}.compacting`;
  writeFileSync(temporary, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  renameSync(temporary, path);
}

function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let written = 0; written < bytes.length;) {
    written += writeSync(descriptor, bytes, written);
  }
}
