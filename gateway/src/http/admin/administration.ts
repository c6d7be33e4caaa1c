/** What the management endpoints share: JSON in and out, and who is logged in. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiError } from '../../domain/codes.ts';
import type { Gateway } from '../../operations/gateway.ts';
import { authenticate, type Session } from '../../operations/users.ts';
import { sendError } from '../errors.ts';

/** Mounts a handler whose result is answered as `{"code":0,"msg":"success","data":…}`. */
export function mountJson(
  app: FastifyInstance,
  gateway: Gateway,
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  handle: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  app.route({
    method,
    url,
    handler: async (request, reply) => {
      try {
        const data = await handle(request, reply);
        return await reply
          .header('content-type', 'application/json; charset=utf-8')
          .send(JSON.stringify({ code: 0, msg: 'success', data }));
      } catch (error) {
        sendError(reply, error, (unexpected) => gateway.log.error({ err: unexpected }, 'management request failed'));
        return reply;
      }
    },
  });
}

/** The session behind the Authorization header. Throws 401. The header slides the session by use. */
export async function requireSession(gateway: Gateway, request: FastifyRequest): Promise<Session> {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /i, '');
  const session = token === '' ? null : await authenticate(gateway, token);
  if (!session) throw new ApiError('unauthorized', 'log in again: the Authorization token is missing or has expired');
  return session;
}

/** Throws 403 unless this session may manage this merchant: an administrator any, a merchant's user its own. */
export function assertMayManage(session: Session, merchant_id: string): void {
  if (session.user.role === 'admin' || session.user.merchant_id === merchant_id) return;
  throw new ApiError('forbidden', 'this login may not manage this merchant');
}

/** Throws 403 unless this is an administrator. */
export function assertAdmin(session: Session): void {
  if (session.user.role !== 'admin') throw new ApiError('forbidden', 'only an administrator may do this');
}

/** Reads a JSON body by a schema. Throws 103 or 102 naming the field. */
export function readJson<Schema extends z.ZodType>(schema: Schema, request: FastifyRequest): z.output<Schema> {
  let body: unknown;
  const text = typeof request.body === 'string' ? request.body : '';
  if (text.includes('\\u0000') || text.includes('\0'))
    throw new ApiError('malformed_field', 'the body must not contain NUL characters');
  try {
    body = JSON.parse(text);
  } catch {
    throw new ApiError('malformed_field', 'the body must be JSON');
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') || (issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : 'body');
  const missing = issue?.code === 'invalid_type' && issue.input === undefined && issue.path.length > 0;
  throw missing
    ? new ApiError('missing_field', `${field} is required`)
    : new ApiError('malformed_field', `${field}: ${issue?.message ?? 'is malformed'}`);
}
