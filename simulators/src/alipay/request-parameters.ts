import type { IncomingRequest } from '../kernel/ports.ts';
import type { Parameters } from './signing.ts';

/**
 * The parameters of a gateway request: those of the query and those of a form body, in any mix (the official SDKs put
 * biz_content into the body and the rest into the query). Of a repeated name the first value counts, the query first,
 * as in upstream's servlet container.
 */
export function readParameters(request: IncomingRequest): Parameters {
  const query = new URLSearchParams(request.target.slice(pathOf(request).length));
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const body = new URLSearchParams(isForm ? request.body.toString('utf8') : '');
  return firstOfEach([...query, ...body]);
}

/** @returns the parameters of a text `name=value&…`, URL-encoded: a query, or an order string handed to the wallet */
export function parametersOf(text: string): Parameters {
  return firstOfEach([...new URLSearchParams(text)]);
}

function firstOfEach(pairs: readonly (readonly [string, string])[]): Parameters {
  const parameters = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}

/** @returns the target without its query */
export function pathOf(request: IncomingRequest): string {
  const end = request.target.indexOf('?');
  return end < 0 ? request.target : request.target.slice(0, end);
}
