import type { FastifyInstance } from 'fastify';
import { ApiError, CODES } from '../domain/codes.ts';
import { applyCallback } from '../operations/apply-callback.ts';
import type { Gateway } from '../operations/gateway.ts';
import { ACCOUNT_ID, answerPeer, singleHeaders } from './peer-message.ts';

const MERCHANT_ID = /^\d{16}$/;

const REPEAT_LATER = JSON.stringify({ code: CODES.system_error.code, msg: 'FAIL' });

/** POST /notify/{account}/{merchant}: where channels call back. */
export function mountChannelNotify(app: FastifyInstance, gateway: Gateway): void {
  const logUnexpected = (error: unknown): void => gateway.log.error({ err: error }, 'callback failed');
  app.post('/notify/:account_id/:merchant_id', (request, reply) => {
    const { account_id = '', merchant_id = '' } = request.params as Record<string, string>;
    const take = async () => {
      const answer =
        ACCOUNT_ID.test(account_id) && MERCHANT_ID.test(merchant_id)
          ? await applyCallback(gateway, account_id, merchant_id, {
              headers: singleHeaders(request.headers),
              body: typeof request.body === 'string' ? request.body : '',
            })
          : null;
      if (!answer) throw new ApiError('not_found', 'no such callback address');
      return answer;
    };
    return answerPeer(reply, take, REPEAT_LATER, logUnexpected);
  });
}
