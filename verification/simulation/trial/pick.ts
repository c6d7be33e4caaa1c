import type { SeededRandom } from '../random.ts';

/** One of them. */
export function pick<Item>(random: SeededRandom, items: readonly Item[]): Item {
  if (items.length === 0) throw new Error('nothing to choose from');
  return items[random.integer(0, items.length - 1)] as Item;
}
