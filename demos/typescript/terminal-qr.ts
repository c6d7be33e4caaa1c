/**
 * A QR code for the terminal (ISO/IEC 18004): byte mode, error correction L, versions 1 to 6, always mask 0. That is all a
 * payment link needs, and every scanner reads it. On a page use a library.
 */

/** Data words, error correction words of a block, and blocks of versions 1 to 6 at level L. */
const VERSIONS = [
  { data: 19, correction: 7, blocks: 1 },
  { data: 34, correction: 10, blocks: 1 },
  { data: 55, correction: 15, blocks: 1 },
  { data: 80, correction: 20, blocks: 1 },
  { data: 108, correction: 26, blocks: 1 },
  { data: 136, correction: 18, blocks: 2 },
] as const;

/** Level L and mask 0, as the 15 bits of the format information. */
const FORMAT = 0b111011111000100;

/**
 * Half blocks, black on white whatever the colours of the terminal, with the white border that scanners need.
 *
 * @returns null when the text is longer than 134 bytes: show the text itself then
 */
export function terminalQr(text: string): string | null {
  const bytes = Buffer.from(text);
  const index = VERSIONS.findIndex(({ data }) => bytes.length <= data - 2);
  const version = VERSIONS[index];
  if (!version) return null;
  const code = new Modules(17 + 4 * (index + 1));
  drawPatterns(code);
  drawWords(code, codewords(bytes, version));
  const lines: string[] = [];
  for (let row = -4; row < code.size + 4; row += 2) {
    let line = '';
    for (let column = -4; column < code.size + 4; column += 1) {
      line += ' ▄▀█'.charAt((code.isDark(row, column) ? 2 : 0) + (code.isDark(row + 1, column) ? 1 : 0));
    }
    lines.push(`   \u001b[30;107m${line}\u001b[0m`);
  }
  return lines.join('\n');
}

/** The square: each module is not drawn yet, light, or dark. */
class Modules {
  readonly size: number;
  readonly #modules: Uint8Array;

  constructor(size: number) {
    this.size = size;
    this.#modules = new Uint8Array(size * size);
  }

  isDrawn(row: number, column: number): boolean {
    return this.#modules[row * this.size + column] !== 0;
  }

  isDark(row: number, column: number): boolean {
    const inside = row >= 0 && column >= 0 && row < this.size && column < this.size;
    return inside && this.#modules[row * this.size + column] === 2;
  }

  set(row: number, column: number, dark: boolean): void {
    if (row >= 0 && column >= 0 && row < this.size && column < this.size) {
      this.#modules[row * this.size + column] = dark ? 2 : 1;
    }
  }
}

function codewords(bytes: Buffer, { data, correction, blocks }: (typeof VERSIONS)[number]): number[] {
  // Mode 0100, eight bits of length, the bytes, 0000: everything is half a byte off.
  const hex = `4${bytes.length.toString(16).padStart(2, '0')}${bytes.toString('hex')}0`;
  const words = [...Buffer.from(hex, 'hex')];
  for (let pad = 0xec; words.length < data; pad ^= 0xec ^ 0x11) words.push(pad);
  const size = data / blocks;
  const parts = Array.from({ length: blocks }, (_block, at) => words.slice(at * size, (at + 1) * size));
  return [...interleaved(parts), ...interleaved(parts.map((part) => checkWords(part, correction)))];
}

/** The first word of each block, the second of each … */
function interleaved(blocks: readonly (readonly number[])[]): number[] {
  return (blocks[0] ?? []).flatMap((_word, at) => blocks.map((block) => block[at] ?? 0));
}

/** Reed-Solomon: what is left of the words after division by (x - 1)(x - 2)(x - 4) … */
function checkWords(words: readonly number[], count: number): number[] {
  let divisor = [1];
  for (let at = 0, root = 1; at < count; at += 1, root = times(root, 2)) {
    divisor = [...divisor, 0].map((value, index) => value ^ times(divisor[index - 1] ?? 0, root));
  }
  let rest = Array<number>(count).fill(0);
  for (const word of words) {
    const lead = word ^ (rest[0] ?? 0);
    rest = divisor.slice(1).map((value, index) => (rest[index + 1] ?? 0) ^ times(value, lead));
  }
  return rest;
}

/** Multiplication in GF(256) modulo x⁸ + x⁴ + x³ + x² + 1. */
function times(left: number, right: number): number {
  let product = 0;
  for (let bit = 128; bit > 0; bit >>= 1) {
    product = (product << 1) ^ (product >= 128 ? 0x11d : 0) ^ ((right & bit) === 0 ? 0 : left);
  }
  return product;
}

/** Everything that is the same in every code of a size. */
function drawPatterns(code: Modules): void {
  const { size } = code;
  const rings = (row: number, column: number, radius: number, light: readonly number[]): void => {
    for (let y = -radius; y <= radius; y += 1) {
      for (let x = -radius; x <= radius; x += 1) {
        code.set(row + y, column + x, !light.includes(Math.max(Math.abs(y), Math.abs(x))));
      }
    }
  };
  rings(3, 3, 4, [2, 4]);
  rings(3, size - 4, 4, [2, 4]);
  rings(size - 4, 3, 4, [2, 4]);
  if (size > 21) rings(size - 7, size - 7, 2, [1]);
  for (let at = 8; at < size - 8; at += 1) {
    code.set(6, at, at % 2 === 0);
    code.set(at, 6, at % 2 === 0);
  }
  for (let bit = 0; bit < 15; bit += 1) {
    const dark = ((FORMAT >> bit) & 1) === 1;
    code.set(bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit, 8, dark);
    code.set(8, bit < 8 ? size - 1 - bit : bit === 8 ? 7 : 14 - bit, dark);
  }
  code.set(size - 8, 8, true);
}

/** The words go up and down in columns of two, from the right, past the vertical timing line. */
function drawWords(code: Modules, words: readonly number[]): void {
  let bit = 0;
  let upwards = true;
  for (let right = code.size - 1; right > 0; right -= right === 8 ? 3 : 2, upwards = !upwards) {
    for (let step = 0; step < code.size; step += 1) {
      const row = upwards ? code.size - 1 - step : step;
      for (const column of [right, right - 1]) {
        if (code.isDrawn(row, column)) continue;
        const dark = (((words[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
        code.set(row, column, dark !== ((row + column) % 2 === 0));
        bit += 1;
      }
    }
  }
}
