import { createHash } from 'node:crypto';

/** What one run did, line by line: `+HH:MM:SS.mmm  who  what`. Two runs of one seed give the same lines, byte for byte. */
export class Trace {
  readonly #now_ms: () => number;
  readonly #start_ms: number;
  readonly #lines: string[] = [];
  readonly #hash = createHash('sha256');

  /** @param now_ms the virtual clock */
  constructor(now_ms: () => number) {
    this.#now_ms = now_ms;
    this.#start_ms = now_ms();
  }

  /** Writes a line. */
  note(who: string, what: string): void {
    const line = `${this.#at()}  ${who}  ${what}`;
    this.#lines.push(line);
    this.#hash.update(`${line}\n`);
  }

  /** Counts for the digest alone: what happens thousands of times and tells nothing, such as a poll that finds no work. */
  tick(who: string, what: string): void {
    this.#hash.update(`${this.#now_ms()} ${who} ${what}\n`);
  }

  /** Every line that was noted. */
  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  /** Lines that contain the text: the timeline of one order, given its number. */
  about(text: string): string[] {
    return this.#lines.filter((line) => line.includes(text));
  }

  /** SHA-256 over notes and ticks alike, hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  #at(): string {
    const passed_ms = this.#now_ms() - this.#start_ms;
    const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
    const clock = [passed_ms / 3_600_000, (passed_ms / 60_000) % 60, (passed_ms / 1_000) % 60].map(two).join(':');
    return `+${clock}.${String(passed_ms % 1000).padStart(3, '0')}`;
  }
}
