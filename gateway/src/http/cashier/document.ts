/**
 * The frame of every answer of the payment page: one document with its style and script inside, so that the first paint needs one
 * round trip, and a policy under which nothing else can run, load or frame it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply } from 'fastify';
import type { Texts } from './texts.ts';

const FOLDER = join(import.meta.dirname, '..', '..', '..', '..', 'cashier');

const STYLE = minified(readFileSync(join(FOLDER, 'page.css'), 'utf8')).replaceAll(/\n|(?<=[{:,;]) | (?=\{)/g, '');
const SCRIPT = minified(readFileSync(join(FOLDER, 'page.js'), 'utf8'));

/** Comments and indentation are for people. */
function minified(source: string): string {
  return source
    .replaceAll(/^\s*\/\*.*\*\/\s*$/gm, '')
    .replaceAll(/^\s+/gm, '')
    .replaceAll(/\n+/g, '\n')
    .trim();
}

function sourceHash(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`;
}

const SCRIPT_HASH = sourceHash(SCRIPT);
const STYLE_HASH = sourceHash(STYLE);

/** The bridges of both wallets call their program by frames of these schemes on some phones. */
const BRIDGE_SCHEMES = 'weixin: wvjbscheme: alipaybridge: alipays:';

/** Text as HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export interface Part {
  readonly status: number;
  /** HTML of what main holds. */
  readonly content: string;
  /** Two columns where there is room. */
  readonly wide?: boolean;
  /** Attributes of main that the script reads. */
  readonly data: Readonly<Record<string, string>>;
  /** Without a script: the address to look at again, and after how many seconds. */
  readonly refresh: { readonly url: string; readonly after_s: number } | null;
  /** Origins that a form may lead to by a redirect, beside our own. */
  readonly form_origins: readonly string[];
}

/** Sends one document. */
export function sendDocument(reply: FastifyReply, texts: Texts, part: Part): FastifyReply {
  return reply
    .code(part.status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy(part.form_origins),
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      // WeChat compares the referring site of an H5 payment with the registered one; a path of ours is nobody's business.
      'referrer-policy': 'strict-origin-when-cross-origin',
      'x-robots-tag': 'noindex, nofollow',
      vary: 'accept-language, user-agent, cookie',
    })
    .send(html(texts, part));
}

function policy(form_origins: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src ${STYLE_HASH}`,
    `script-src ${SCRIPT_HASH}`,
    // data: is the icon of no bytes, without which browsers ask for /favicon.ico.
    "img-src 'self' data:",
    "connect-src 'self'",
    `frame-src ${BRIDGE_SCHEMES}`,
    `form-action ${["'self'", ...form_origins].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function html(texts: Texts, { content, data, refresh, wide }: Part): string {
  const attributes = Object.entries(data).map(([name, value]) => ` data-${name}="${escapeHtml(value)}"`);
  const again = refresh
    ? `<noscript><meta http-equiv="refresh" content="${refresh.after_s};url=${escapeHtml(refresh.url)}"></noscript>\n`
    : '';
  return `<!doctype html>
<html lang="${texts.lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="format-detection" content="telephone=no">
<title>${escapeHtml(texts.page_title)}</title>
${again}<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main id="page"${wide ? ' class="wide"' : ''}${attributes.join('')}>
${content}
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
