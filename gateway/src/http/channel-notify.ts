import type { FastifyInstance } from 'fastify';
import { ApiError, CODES } from '../domain/codes.ts';
import { applyCallback } from '../operations/apply-callback.ts';
import type { Gateway } from '../operations/gateway.ts';
import { sendError } from './errors.ts';

const ACCOUNT_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const MERCHANT_ID = /^\d{16}$/;

/** POST /notify/{account}/{merchant}: where channels call back. An error is never an acknowledgement: the channel repeats. */
export function mountChannelNotify(app: FastifyInstance, gateway: Gateway): void {
  const logUnexpected = (error: unknown): void => gateway.log.error({ err: error }, 'callback failed');
  app.post('/notify/:account_id/:merchant_id', async (request, reply) => {
    const { account_id = '', merchant_id = '' } = request.params as Record<string, string>;
    try {
      if (!ACCOUNT_ID.test(account_id) || !MERCHANT_ID.test(merchant_id)) throw notOurs();
      const answer = await applyCallback(gateway, account_id, merchant_id, {
        headers: singleHeaders(request.headers),
        body: typeof request.body === 'string' ? request.body : '',
      });
      if (!answer) throw notOurs();
      return await reply.code(answer.status).header('content-type', answer.content_type).send(answer.body);
    } catch (error) {
      if (error instanceof ApiError && error.code_name === 'not_found') {
        sendError(reply, error, logUnexpected);
        return reply;
      }
      logUnexpected(error);
      return reply.code(500).header('content-type', 'application/json; charset=utf-8').send(REPEAT_LATER);
    }
  });
}

/** Never in words that a channel could take for success. */
const REPEAT_LATER = JSON.stringify({ code: CODES.system_error.code, msg: 'FAIL' });

function notOurs(): ApiError {
  return new ApiError('not_found', 'no such callback address');
}

function singleHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return single;
}
