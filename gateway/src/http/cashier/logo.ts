import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../domain/codes.ts';
import type { Gateway } from '../../operations/gateway.ts';

/**
 * GET /preorder/logo/<merchant_id>/<hash>: the picture of a merchant. Its address changes with it, so that phones may keep it
 * for ever; who does not know the hash learns not even whether there is one.
 */
export function mountLogo(app: FastifyInstance, gateway: Gateway): void {
  app.get<{ Params: { merchant_id: string; hash: string } }>(
    '/preorder/logo/:merchant_id/:hash',
    async (request, reply) => {
      const { merchant_id, hash } = request.params;
      const asked = /^\d{16}$/.test(merchant_id) && /^[0-9a-f]{64}$/.test(hash);
      const logo = asked ? await gateway.store.logos.byHash(merchant_id, hash) : null;
      if (!logo) throw new ApiError('not_found', 'no such picture');
      return reply
        .code(200)
        .headers({
          'content-type': logo.media_type,
          'cache-control': 'public, max-age=31536000, immutable',
          'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        })
        .send(logo.image);
    },
  );
}
