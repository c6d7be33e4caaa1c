/** `npx node scripts/cli-reference.ts`: writes docs/cli.md from the commands themselves. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProgram } from '../gateway/src/cli/program.ts';
import { renderReference } from '../gateway/src/cli/reference.ts';

const folder = join(import.meta.dirname, '..', 'docs');
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'cli.md'), renderReference(createProgram()));
