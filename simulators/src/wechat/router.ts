import type { IncomingRequest } from '../kernel/ports.ts';
import type { WechatOperation } from './operation.ts';
import { wechatOperations } from './operations.ts';

/** An operation and the variable parts of the path that led to it, still percent-encoded. */
export interface Route {
  readonly operation: WechatOperation;
  readonly path: Readonly<Record<string, string>>;
}

const routes = wechatOperations.map((operation) => ({
  operation,
  // `{out_trade_no}` stands for one part of the path.
  pattern: new RegExp(`^${operation.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}));

/** The operation a request is for; 404 or 405 when there is none. */
export function findRoute(request: IncomingRequest): Route | 404 | 405 {
  const path = request.target.split('?')[0] ?? '';
  const matching = routes.flatMap(({ operation, pattern }) => {
    const match = pattern.exec(path);
    return match ? [{ operation, path: { ...match.groups } }] : [];
  });
  if (matching.length === 0) return 404;
  return matching.find(({ operation }) => operation.method === request.method) ?? 405;
}
