/**
 * `npm run demos:pack [-- FOLDER]`: packs the demos, the SDK and the documents that merchants need into demos/dist, from where
 * the gateway serves them under /demos. No key goes in.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { tarGz, zip, type ArchivedFile } from './archives.ts';

const ROOT = join(import.meta.dirname, '..');
const TOP = 'heliu-demos';
const LANGUAGES = ['csharp', 'java', 'php', 'shell', 'typescript'];
const SOURCES = /\.(?:md|java|php|cs|csproj|ts|sh|pl)$/;
const DOCUMENTS = ['LICENSE', 'openapi.json', 'docs/api.md', 'sdk/typescript/README.md', 'demos/README.md'];
const KEY = /-----BEGIN (?:\w+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}/;

const TYPESCRIPT_MODULES = '{ "private": true, "type": "module" }\n';

const target = resolve(process.argv[2] ?? join(ROOT, 'demos', 'dist'));
await mkdir(target, { recursive: true });
const staging = await mkdtemp(join(target, '.packing-'));
try {
  await promisify(execFile)('npm', ['pack', '-w', '@heliu/sdk', '--pack-destination', staging], { cwd: ROOT });
  const [tarball = ''] = (await readdir(staging)).filter((name) => name.endsWith('.tgz'));
  const sdk = await readFile(join(staging, tarball));
  const files = await filesToPack(tarball, sdk);
  await writeFile(join(staging, 'heliu-demos.tar.gz'), tarGz(files));
  await writeFile(join(staging, 'heliu-demos.zip'), zip(files));
  await rename(join(staging, tarball), join(staging, 'heliu-sdk.tgz'));
  for (const name of await readdir(staging)) {
    await rename(join(staging, name), join(target, name));
    process.stdout.write(`${join(target, name)}\n`);
  }
} finally {
  await rm(staging, { recursive: true, force: true });
}

async function filesToPack(tarball: string, sdk: Buffer): Promise<ArchivedFile[]> {
  const demos = await Promise.all(
    LANGUAGES.map(async (language) => {
      const names = await readdir(join(ROOT, 'demos', language));
      return names.filter((name) => SOURCES.test(name)).map((name) => `demos/${language}/${name}`);
    }),
  );
  const paths = [...DOCUMENTS, ...(await quickstarts()), ...demos.flat()].toSorted();
  const texts = await Promise.all(paths.map(async (path) => archived(path, await contentOf(path))));
  const with_key = texts.filter(({ content }) => KEY.test(content.toString()));
  if (with_key.length > 0) throw new Error(`there is a private key in ${with_key.map(({ path }) => path).join(', ')}`);
  return [
    archived('README.md', Buffer.from(readme(tarball))),
    ...texts,
    // The repository says so at its root; the download must say it itself.
    archived('demos/typescript/package.json', Buffer.from(TYPESCRIPT_MODULES)),
    archived(`sdk/${tarball}`, sdk),
  ];
}

/** The shop is no download: it needs the repository around it. */
async function contentOf(path: string): Promise<Buffer> {
  const content = await readFile(join(ROOT, path));
  if (path !== 'demos/README.md') return content;
  return Buffer.from(content.toString().replace(/^\[shop\].*\n\n/m, ''));
}

async function quickstarts(): Promise<string[]> {
  const names = await readdir(join(ROOT, 'docs'));
  return names.filter((name) => /^(?:quickstart|migrating)\b.*\.md$/.test(name)).map((name) => `docs/${name}`);
}

function archived(path: string, content: Buffer): ArchivedFile {
  return { path: `${TOP}/${path}`, content, executable: /\.(?:sh|pl)$/.test(path) };
}

function readme(tarball: string): string {
  return `# Heliu for merchants' developers

| | |
|---|---|
| [demos](demos/README.md) | a first payment in Java, PHP, C#, TypeScript and a shell: run it, read it, copy from it |
| [sdk](sdk/typescript/README.md) | for JavaScript and TypeScript: \`npm install ./sdk/${tarball}\` |
| [docs/quickstart.md](docs/quickstart.md) | from nothing to a verified notification (简体中文: [docs/quickstart.zh-CN.md](docs/quickstart.zh-CN.md)) |
| [docs/api.md](docs/api.md), [openapi.json](openapi.json) | every endpoint, field and code |
`;
}
