import type { IncomingRequest } from '../kernel/ports.ts';
import type { WechatMerchant } from './config.ts';
import { checkFields, parameterError } from './field-rules.ts';
import type { WechatCall } from './operation.ts';
import type { Route } from './router.ts';
import { WechatError } from './wechat-error.ts';

/**
 * `Accept` and `User-Agent` must be there (doc 4012081709: such a request "很可能会" be refused). Upstream looks before it
 * authenticates.
 *
 * @throws WechatError 400 INVALID_REQUEST, unsigned
 */
export function checkHeaders(request: IncomingRequest): void {
  if (!request.headers['accept'] || !request.headers['user-agent']) {
    throw new WechatError(400, 'INVALID_REQUEST', 'Http头缺少Accept或User-Agent', { signed: false });
  }
}

/**
 * Takes an authenticated request apart and checks path, query and body, in this order, by the operation's rules.
 * @throws WechatError 400 PARAM_ERROR or INVALID_REQUEST
 */
export function readCall(merchant: WechatMerchant, route: Route, request: IncomingRequest): WechatCall {
  const { operation } = route;
  const path = decodePath(route.path);
  checkFields(operation.path_fields ?? {}, path, 'uri_template');
  const query = Object.fromEntries(new URLSearchParams(request.target.split('?')[1] ?? ''));
  checkFields(operation.query_fields ?? {}, query, 'query');
  if (!operation.body_fields) return { merchant, path, query, body: {} };
  const body = parseBody(request);
  checkFields(operation.body_fields, body, 'body');
  return { merchant, path, query, body };
}

function decodePath(encoded: Route['path']): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(encoded).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    throw parameterError('输入源“/uri_template”不是合法的 URL 编码', 'uri_template', Object.values(encoded).join('/'));
  }
}

function parseBody(request: IncomingRequest): Record<string, unknown> {
  const contentType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (contentType !== 'application/json') {
    throw new WechatError(400, 'INVALID_REQUEST', 'Http头Content-Type必须为application/json');
  }
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(request.body));
  } catch {
    body = undefined;
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw parameterError(
    '无法将输入源“/body”解析为合法的 Json 对象',
    'body',
    request.body.toString('utf8').slice(0, 100),
  );
}
