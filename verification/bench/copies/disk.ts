import { statfs } from 'node:fs/promises';

/** What an order takes on disk with its events, notification, attempt, nonces and all their indexes: 5,520 were measured. */
const BYTES_PER_ORDER = 6_000;

/** The write-ahead log, temporary files, and what the rounds add. */
const BYTES_BESIDE = 5_000_000_000;

/** There is too little room on the disk. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

/**
 * Looks whether a folder has room for so many orders.
 *
 * @param free_bytes what is free there; asked for when left out
 * @throws NoRoom that says what is needed, what there is and what helps
 */
export async function assertRoom(folder: string, orders: number, free_bytes?: number): Promise<void> {
  const free = free_bytes ?? (await freeBytes(folder));
  const needed = neededBytes(orders);
  if (free >= needed) return;
  throw new NoRoom(
    `${orders.toLocaleString('en')} orders need about ${gigabytes(needed)} GB in ${folder}, where ${gigabytes(free)} GB are free: ` +
      'take fewer by --rows, or set TMPDIR to a folder on another disk',
  );
}

/** Bytes on disk for so many orders and for the work on them. */
export function neededBytes(orders: number): number {
  // Few orders need little log: it grows with them up to its bound.
  return orders * BYTES_PER_ORDER + Math.min(BYTES_BESIDE, 200_000_000 + orders * BYTES_PER_ORDER);
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
