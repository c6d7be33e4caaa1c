import { createHash } from 'node:crypto';

/**
 * A repeatable source of randomness (sfc32, seeded by SHA-256). Each part of the world draws from a stream of its own, so
 * that one more draw in one part does not change what the others see. For simulation only: nobody may protect a secret by it.
 */
export class SeededRandom {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any text; the same text gives the same sequence */
  constructor(seed: string) {
    this.#seed = seed;
    const digest = createHash('sha256').update(seed).digest();
    this.#a = digest.readUInt32LE(0);
    this.#b = digest.readUInt32LE(4);
    this.#c = digest.readUInt32LE(8);
  }

  /** An independent stream; the same name under the same seed is the same stream. */
  stream(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`);
  }

  /** 32 random bits. */
  next(): number {
    const next = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + next) | 0;
    return next >>> 0;
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + (this.next() % (most - least + 1));
  }

  /** True with a probability of `rate` (0..1); draws nothing for 0. */
  chance(rate: number): boolean {
    return rate > 0 && this.next() / 2 ** 32 < rate;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length + 3);
    for (let at = 0; at < length; at += 4) bytes.writeUInt32LE(this.next(), at);
    return bytes.subarray(0, length);
  }

  /** Puts the items in a random order, in place. */
  shuffle(items: unknown[]): void {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.integer(0, last);
      [items[last], items[other]] = [items[other], items[last]];
    }
  }
}
