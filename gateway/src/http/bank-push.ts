import type { FastifyInstance } from 'fastify';
import { ApiError, CODES } from '../domain/codes.ts';
import type { Gateway } from '../operations/gateway.ts';
import { takeBankPush } from '../operations/take-bank-push.ts';
import { sendError } from './errors.ts';

const ACCOUNT_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** A push holds the credits of a few minutes; a day comes as a file. */
const MAX_PUSH_BYTES = 1_048_576;

/** POST /bank/{account}: where a bank tells of credits. An error is never an acknowledgement: the bank repeats. */
export function mountBankPush(app: FastifyInstance, gateway: Gateway): void {
  const logUnexpected = (error: unknown): void => gateway.log.error({ err: error }, 'push of a bank failed');
  void app.register(async (scope) => {
    // The signature is over the bytes: text would lose what is not UTF-8.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/bank/:account_id', { bodyLimit: MAX_PUSH_BYTES }, async (request, reply) => {
      const { account_id = '' } = request.params as Record<string, string>;
      try {
        const answer = ACCOUNT_ID.test(account_id)
          ? await takeBankPush(gateway, account_id, {
              headers: singleHeaders(request.headers),
              body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
            })
          : null;
        if (!answer) throw new ApiError('not_found', 'no such bank account');
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
  });
}

const REPEAT_LATER = JSON.stringify({ code: 'FAIL', message: CODES.system_error.meaning });

function singleHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return single;
}
