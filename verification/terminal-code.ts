import { createRequire } from 'node:module';

type Scan = (data: Uint8ClampedArray, width: number, height: number) => { readonly data: string } | null;

/** A QR decoder that has nothing to do with any encoder here; its package is the simulators'. */
const scan = createRequire(import.meta.resolve('../simulators/package.json'))('jsqr') as Scan;

const ESCAPE = '\u001b';

/** Pixels of the picture for a module: enough for a decoder that looks for edges. */
const SCALE = 4;

/**
 * Reads the QR code that a program has drawn in a terminal in half blocks.
 *
 * @returns its text; null when there is none that a scanner could read
 */
export function readTerminalCode(output: string): string | null {
  // Colours begin and end by ESC [ … m, and only a line of the picture has both around blocks alone.
  const lines = output
    .split('\n')
    .map((line) => line.split(ESCAPE).map((part) => part.replace(/^\[[\d;]*m/, '')))
    .filter((parts) => parts.length > 2 && /^[ ▀▄█]{29,}$/.test(parts[1] ?? ''))
    .map((parts) => parts[1] ?? '');
  const width = Math.max(0, ...lines.map((line) => line.length)) * SCALE;
  const height = lines.length * 2 * SCALE;
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const row = Math.floor(y / SCALE);
      const block = lines[Math.floor(row / 2)]?.[Math.floor(x / SCALE)] ?? ' ';
      const dark = block === '█' || block === (row % 2 === 0 ? '▀' : '▄');
      if (dark) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return width === 0 ? null : (scan(pixels, width, height)?.data ?? null);
}
