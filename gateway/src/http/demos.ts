/** The demos and the SDK for merchants' developers, as `npm run demos:pack` has left them in demos/dist. */
import type { FastifyInstance } from 'fastify';
import { readFileSync } from 'node:fs';
import { ApiError } from '../domain/codes.ts';

const FOLDER = new URL('../../../demos/dist/', import.meta.url);

/** The only names that are served, with what they are. */
const DOWNLOADS = [
  { name: 'heliu-demos.tar.gz', type: 'application/gzip', title: 'Java, PHP, C#, TypeScript, shell (tar.gz)' },
  { name: 'heliu-demos.zip', type: 'application/zip', title: 'Java, PHP, C#, TypeScript, shell (zip)' },
  { name: 'heliu-sdk.tgz', type: 'application/gzip', title: 'SDK: npm install <this address>' },
] as const;

/**
 * GET /demos lists the downloads, GET /demos/<name> gives one. They are read once, here: a request names no file.
 *
 * @param folder where they lie; when they do not, both answer 404 with the command that packs them
 */
export function mountDemos(app: FastifyInstance, folder: URL = FOLDER): void {
  const found = DOWNLOADS.map((download) => ({ ...download, content: contentOf(new URL(download.name, folder)) }));
  app.get('/demos', async (_request, reply) => {
    if (found.every(({ content }) => content === null)) throw notPacked();
    return reply.headers(PAGE_HEADERS).send(page(found));
  });
  for (const { name, type, content } of found) {
    app.get(`/demos/${name}`, async (_request, reply) => {
      if (content === null) throw notPacked();
      return reply.header('content-type', type).send(content);
    });
  }
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

function contentOf(file: URL): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}

function notPacked(): ApiError {
  return new ApiError('not_found', 'the demos are not packed here: npm run demos:pack, then start the gateway again');
}

function page(downloads: readonly { name: string; title: string; content: Buffer | null }[]): string {
  const rows = downloads
    .filter(({ content }) => content !== null)
    .map(({ name, title, content }) => {
      const size = Math.ceil((content?.length ?? 0) / 1024);
      return `<li><a href="/demos/${name}">${name}</a> (${size} KiB): ${title.replaceAll('<', '&lt;')}</li>`;
    });
  return `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>合流 支付演示 Heliu demos</title>
</head>
<body>
<h1>支付演示 <span lang="en">Pay demos</span></h1>
<ul>
${rows.join('\n')}
</ul>
</body>
</html>
`;
}
