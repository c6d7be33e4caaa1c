/** Messages that a channel or a bank sends by itself: their parts, and the answer that makes them come again. */
import type { FastifyReply } from 'fastify';
import type { CallbackAnswer } from '../channels/channel.ts';
import { ApiError } from '../domain/codes.ts';
import { sendError } from './errors.ts';

/** The form of the numbers of channel accounts. */
export const ACCOUNT_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** Headers by their lower-case names, of which each has one value. */
export function singleHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) single[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return single;
}

/**
 * Sends what `take` answers. An error is never an acknowledgement: the peer repeats.
 * @param take throws `not_found` for an address that is not ours
 * @param repeat_later the body of a 500, never in words that could be taken for success
 */
export async function answerPeer(
  reply: FastifyReply,
  take: () => Promise<CallbackAnswer>,
  repeat_later: string,
  logUnexpected: (error: unknown) => void,
): Promise<FastifyReply> {
  try {
    const answer = await take();
    return await reply.code(answer.status).header('content-type', answer.content_type).send(answer.body);
  } catch (error) {
    if (error instanceof ApiError && error.code_name === 'not_found') {
      sendError(reply, error, logUnexpected);
      return reply;
    }
    logUnexpected(error);
    return reply.code(500).header('content-type', 'application/json; charset=utf-8').send(repeat_later);
  }
}
