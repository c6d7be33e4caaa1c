import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import type { Answer } from '../kernel/ports.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The page's own files and jsqr, the QR reader that runs in the browser, by their path under `/wallet/`. They are read
 * once: what is not in the list cannot be asked for.
 */
export function loadAssets(): ReadonlyMap<string, Answer> {
  const folder = join(import.meta.dirname, 'assets');
  const files = readdirSync(folder).map((name) => [name, join(folder, name)] as const);
  const reader = ['jsqr.js', createRequire(import.meta.url).resolve('jsqr')] as const;
  return new Map([...files, reader].map(([name, path]) => [`/wallet/${name}`, assetAnswer(path)]));
}

function assetAnswer(path: string): Answer {
  return {
    status: 200,
    headers: {
      'content-type': CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    },
    body: readFileSync(path),
  };
}
