import type { Answer } from '../kernel/ports.ts';

/** @returns text that says the same inside HTML, also within an attribute in double quotes */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f5f5f5;color:#333}
main{max-width:26rem;margin:0 auto;padding:2rem 1rem;text-align:center}
.amount{font-size:2.5rem;margin:.5rem 0}.alert{color:#b00020}
button{display:block;width:100%;margin:.75rem 0;padding:.75rem;font:inherit;border:1px solid #1677ff;border-radius:6px;
background:#fff;color:#1677ff}button.primary{background:#1677ff;color:#fff}`;

/**
 * A page of the wallet that works without any script.
 * @param content HTML; text in it has to be escaped already
 */
export function htmlPage(title: string, content: string): Answer {
  const body = `<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
<h1>${escapeHtml(title)}</h1>
${content}
</main></body>
</html>
`;
  return {
    status: 200,
    headers: {
      'content-type': 'text/html;charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
      'cache-control': 'no-store',
    },
    body: Buffer.from(body, 'utf8'),
  };
}

/** What the payer sees when a page of the wallet cannot be opened: upstream's pages also name the code and the reason. */
export function errorPage(code: string, reason: string): Answer {
  return htmlPage(
    '支付宝 · 出错了',
    `<p class="alert" role="alert">${escapeHtml(reason)}</p>\n<p>错误码 <code>${escapeHtml(code)}</code></p>`,
  );
}

/** Sends the browser on. */
export function redirect(location: string): Answer {
  return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: Buffer.alloc(0) };
}

/** @returns the URL, when a browser may be sent there: absolute, http or https; undefined for any other text */
export function webAddress(text: string): URL | undefined {
  const url = URL.parse(text);
  return url && ['http:', 'https:'].includes(url.protocol) ? url : undefined;
}
