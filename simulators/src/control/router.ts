import { ControlError } from '../kernel/control-error.ts';
import type { Answer, Handler, IncomingRequest } from '../kernel/ports.ts';
import { requireLoopback } from './access.ts';
import { errorAnswer } from './http.ts';
import type { ControlRequest, Route } from './http.ts';

/**
 * Answers the routes of the control port. Whatever is not in the table is refused in JSON that lists what is, so that
 * a script learns from the answer why its call does nothing.
 *
 * @param routes every route of the port, the wallet page's included
 */
export function controlHandler(routes: readonly Route[]): Handler {
  return async (request) => ({ kind: 'answer', answer: await answer(routes, request), delay_ms: 0 });
}

async function answer(routes: readonly Route[], request: IncomingRequest): Promise<Answer> {
  try {
    requireLoopback(request);
    const [path = '/', ...query] = request.target.split('?');
    return await dispatch(routes, {
      method: request.method,
      path,
      query: new URLSearchParams(query.join('?')),
      headers: request.headers,
      body: request.body,
    });
  } catch (error) {
    return errorAnswer(error);
  }
}

async function dispatch(routes: readonly Route[], request: ControlRequest): Promise<Answer> {
  const asked = request.method === 'HEAD' ? 'GET' : request.method;
  const here = routes.filter((route) => route.path === request.path);
  const route = here.find(({ method }) => method === asked);
  if (route !== undefined) return route.answer(request);
  if (here.length > 0) {
    const allowed = here.map(({ method }) => method).join(', ');
    const refusal = new ControlError(405, `${request.path} does not take ${request.method}: use ${allowed}`);
    return errorAnswer(refusal, { allow: allowed });
  }
  const controls = routes.filter(({ path }) => path.startsWith('/control/'));
  const list = controls.map(({ method, path }) => `${method} ${path}`).join(', ');
  throw new ControlError(
    404,
    `there is no ${request.path.slice(0, 100)} here; there are ${list}, and the wallet page at /`,
  );
}
