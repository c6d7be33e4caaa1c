import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { CHANNELS, PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import { fullName, leafCommands } from '../../gateway/src/cli/command.ts';
import { createProgram } from '../../gateway/src/cli/program.ts';
import { CODES } from '../../gateway/src/domain/codes.ts';
import { createMetrics } from '../../gateway/src/metrics.ts';
import { readSourceFiles, type SourceFile } from '../repository.ts';

// Documents say what the code says: whatever has a name in the code and matters outside of it stands in the document where
// people look for it, and what a document names exists.

const ROOT = join(import.meta.dirname, '..', '..');

let files: readonly SourceFile[];
let documents: readonly SourceFile[];

beforeAll(async () => {
  files = await readSourceFiles();
  documents = files.filter((file) => file.path.endsWith('.md'));
});

function read(path: string): Promise<string> {
  return readFile(join(ROOT, path), 'utf8');
}

/** What stands between backticks or in a code block. */
function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```\w*\n([^]*?)^ *```/gm)].map(([, code = '']) => code);
  const spans = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...spans];
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/^ *```[^]*?^ *```/gm, '');
}

function headings(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/^(#+) (.+)$/gm)].map(([, , title = '']) => title);
}

/** The anchor that GitHub makes of a heading. */
function anchorOf(heading: string): string {
  const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return plain.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
}

/** First cells of the rows of the tables under a heading. */
function firstCells(text: string, heading: string): string[] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| (`[^|]+?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
  );
}

describe('links', () => {
  interface Link {
    readonly from: string;
    readonly target: string;
  }

  function links(): Link[] {
    return documents.flatMap(({ path, text }) =>
      [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => ({ from: path, target }))
        .filter(({ target }) => !/^[a-z]+:/.test(target)),
    );
  }

  test('and images lead to files that are there', () => {
    expect(links().length).toBeGreaterThan(50);
    const lost = links().filter(({ from, target }) => {
      const [path = ''] = target.split('#');
      return path !== '' && !existsSync(join(ROOT, dirname(from), path));
    });
    expect(lost).toEqual([]);
  });

  test('to a heading find it', () => {
    const lost = links().filter(({ from, target }) => {
      const [path = '', anchor] = target.split('#');
      if (anchor === undefined) return false;
      const page = path === '' ? from : normalize(join(dirname(from), path)).replaceAll('\\', '/');
      const text = documents.find((document) => document.path === page)?.text ?? '';
      return !headings(text).map(anchorOf).includes(anchor);
    });
    expect(lost).toEqual([]);
  });
});

describe('docs/api.md', () => {
  test('has a row for every code, with its number, name and HTTP status', async () => {
    const text = await read('docs/api.md');
    const missing = Object.entries(CODES).filter(
      ([name, { code, http, meaning }]) => !text.includes(`\n| ${code} | \`${name}\` | ${http} | ${meaning}`),
    );
    expect(missing).toEqual([]);
  });

  test('has every path of openapi.json and every field in and out', async () => {
    const text = await read('docs/api.md');
    const { paths } = JSON.parse(await read('openapi.json')) as { paths: Record<string, unknown> };
    const calls = Object.keys(paths).filter((path) => !/^\/(?:healthz|readyz|metrics|notify)/.test(path));
    expect(calls.length).toBeGreaterThan(7);
    expect(calls.filter((path) => !text.includes(path))).toEqual([]);
    const fields = [...new Set(propertyNames(paths))];
    expect(fields).toEqual(expect.arrayContaining(['refund_desc', 'time_expire', 'refunding_fee']));
    expect(fields.filter((name) => !text.includes(`\`${name}\``) && !text.includes(`"${name}"`))).toEqual([]);
  });

  /** Names of the members of every object that a schema anywhere inside describes. */
  function propertyNames(schema: unknown): string[] {
    if (typeof schema !== 'object' || schema === null) return [];
    return Object.entries(schema).flatMap(([name, value]) => [
      ...(name === 'properties' ? Object.keys(value as object) : []),
      ...propertyNames(value),
    ]);
  }

  test('has every pay type', async () => {
    const text = await read('docs/api.md');
    expect([...PAY_TYPES.keys()].filter((code) => !text.includes(`\n| \`${code}\` |`))).toEqual([]);
  });
});

describe('docs/operating.md', () => {
  test('has every environment variable of the configuration, and no other of ours', async () => {
    const config = await read('gateway/src/config.ts');
    const schema = /const Environment = z\.object\(\{([^]*?)\n\}\);/.exec(config)?.[1] ?? '';
    const variables = [...schema.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name = '']) => name);
    expect(variables).toContain('HELIU_MASTER_KEY');
    expect(firstCells(await read('docs/operating.md'), 'Environment').toSorted()).toEqual(variables.toSorted());
  });

  test('has every metric, and no other', async () => {
    const metrics = createMetrics();
    const names = metrics.registry.getMetricsAsArray().map(({ name }) => name);
    metrics.close();
    expect(names.length).toBeGreaterThan(10);
    const text = await read('docs/operating.md');
    const listed = firstCells(text, 'Metrics').filter((name) => /^heliu_\w+$/.test(name));
    expect(listed.toSorted()).toEqual(names.toSorted());
    const used = documents.flatMap((document) => [...document.text.matchAll(/\bheliu_[a-z_]+/g)].map(([name]) => name));
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('docs/outcomes.md', () => {
  /** Kinds of exceptions, and of those events that carry a detail, as the code writes them. */
  function kindsInCode(): Set<string> {
    const source = files.filter(({ path }) => /^gateway\/src\/(?:domain|operations|jobs)\//.test(path));
    const patterns = [/\bkind: '(\w+)',\s*(?:detail|dedupe_key):/g, /\bkeep\(gateway, account, request, '(\w+)'/g];
    return new Set(
      source.flatMap(({ text }) =>
        patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, kind = '']) => kind)),
      ),
    );
  }

  test('has every kind of exception that the code raises', async () => {
    const kinds = kindsInCode();
    const known = ['payment_mismatch', 'callback_unknown_order', 'order_undecided_too_long', 'refund_abnormal'];
    expect(known.filter((kind) => !kinds.has(kind))).toEqual([]);
    const text = await read('docs/outcomes.md');
    expect([...kinds].filter((kind) => !text.includes(`\`${kind}\``))).toEqual([]);
  });

  test('has no kind that the code does not know', async () => {
    const text = await read('docs/outcomes.md');
    const listed = [...firstCells(text, 'Exceptions'), ...firstCells(text, 'Reading a timeline')];
    expect(listed.length).toBeGreaterThan(25);
    const source = files.filter(({ path }) => /^gateway\/src\/(?:domain|operations|jobs|storage)\//.test(path));
    const unknown = listed.filter((kind) => !source.some(({ text: code }) => code.includes(`'${kind}'`)));
    expect(unknown).toEqual([]);
  });
});

describe('README', () => {
  test.each(['README.md', 'README.zh-CN.md'])('%s has every channel and pay type', async (path) => {
    const text = await read(path);
    const names = [...CHANNELS.map((channel) => channel.name), ...PAY_TYPES.keys()];
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });

  test('says the same in both languages: headings, commands and links', async () => {
    const [english, chinese] = await Promise.all([read('README.md'), read('README.zh-CN.md')]);
    const levels = (text: string) => [...withoutBlocks(text).matchAll(/^#+(?= )/gm)].map(([level]) => level);
    const commands = (text: string) =>
      [...text.matchAll(/^ *```sh\n([^]*?)^ *```/gm)].map(([, code = '']) => code.trim());
    const targets = (text: string) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target.replace('.zh-CN', '')).toSorted();
    expect(levels(chinese)).toEqual(levels(english));
    expect(commands(chinese)).toEqual(commands(english));
    expect(commands(english)).toContain('npm ci && npm start');
    expect(targets(chinese)).toEqual(targets(english));
  });
});

test('every dependency has its reason in the list of decisions, and nothing else is listed', async () => {
  const manifests = files.filter(({ path }) => /(?:^|\/)package\.json$/.test(path));
  const dependencies = new Set(
    manifests.flatMap(({ text }) => {
      const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
      return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
        Object.keys(manifest[kind] ?? {}),
      );
    }),
  );
  const text = await read('docs/adr/0009-dependencies.md');
  expect([...dependencies].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  const listed = [...text.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) =>
    cell.replaceAll('`', '').split(', '),
  );
  expect(listed.filter((name) => !dependencies.has(name))).toEqual([]);
});

describe('commands in documents', () => {
  test('of npm are scripts of package.json', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    const used = documents.flatMap(({ path, text }) =>
      codeOf(text).flatMap((code) =>
        [...code.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => `${path}: ${name}`),
      ),
    );
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((one) => !((one.split(': ')[1] ?? '') in scripts))).toEqual([]);
  });

  test('of heliu exist', () => {
    const known = new Set(leafCommands(createProgram()).map(fullName));
    const groups = new Set([...known].map((name) => name.split(' ').slice(0, 2).join(' ')));
    const used = documents.flatMap(({ path, text }) =>
      codeOf(text).flatMap((code) =>
        [...code.matchAll(/(?<![\w./@-])heliu ((?:[a-z]+)(?: [a-z-]+)?)/g)].map(([, words = '']) => ({ path, words })),
      ),
    );
    expect(used.length).toBeGreaterThan(20);
    const unknown = used.filter(({ words }) => {
      const [first = ''] = words.split(' ');
      return (
        !known.has(`heliu ${words}`) &&
        !known.has(`heliu ${first}`) &&
        !(groups.has(`heliu ${first}`) && words === first)
      );
    });
    expect(unknown).toEqual([]);
  });
});
