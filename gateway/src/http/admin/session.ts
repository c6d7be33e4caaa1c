import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Gateway } from '../../operations/gateway.ts';
import { login } from '../../operations/users.ts';
import { mountJson, readJson } from './administration.ts';

/** Body of POST /web/user/session/login_name. */
export const LOGIN = z.object({
  login_name: z.string().min(1).max(64).meta({ example: 'admin' }),
  password: z.string().min(1).max(256),
});

/** POST /web/user/session/login_name: the token comes back in the Authorization header (protocol section 1). */
export function mountSession(app: FastifyInstance, gateway: Gateway): void {
  mountJson(app, gateway, 'POST', '/web/user/session/login_name', async (request, reply) => {
    const { login_name, password } = readJson(LOGIN, request);
    const { token, user } = await login(gateway, login_name, password);
    void reply.header('authorization', token);
    return { user_id: user.user_id, login_name: user.login_name, role: user.role, merchant_id: user.merchant_id };
  });
}
