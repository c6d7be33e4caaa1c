import type { FastifyInstance } from 'fastify';
import { ApiError, CODES } from '../domain/codes.ts';
import type { Gateway } from '../operations/gateway.ts';
import { takeBankPush } from '../operations/take-bank-push.ts';
import { ACCOUNT_ID, answerPeer, singleHeaders } from './peer-message.ts';

/** A push holds the credits of a few minutes; a day comes as a file. */
const MAX_PUSH_BYTES = 1_048_576;

const REPEAT_LATER = JSON.stringify({ code: 'FAIL', message: CODES.system_error.meaning });

/** POST /bank/{account}: where a bank tells of credits. */
export function mountBankPush(app: FastifyInstance, gateway: Gateway): void {
  const logUnexpected = (error: unknown): void => gateway.log.error({ err: error }, 'push of a bank failed');
  void app.register(async (scope) => {
    // The signature is over the bytes: text would lose what is not UTF-8.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/bank/:account_id', { bodyLimit: MAX_PUSH_BYTES }, (request, reply) => {
      const { account_id = '' } = request.params as Record<string, string>;
      const take = async () => {
        const answer = ACCOUNT_ID.test(account_id)
          ? await takeBankPush(gateway, account_id, {
              headers: singleHeaders(request.headers),
              body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
            })
          : null;
        if (!answer) throw new ApiError('not_found', 'no such bank account');
        return answer;
      };
      return answerPeer(reply, take, REPEAT_LATER, logUnexpected);
    });
  });
}
