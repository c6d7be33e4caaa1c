import type { FastifyInstance } from 'fastify';
import type { Gateway } from '../../operations/gateway.ts';
import type { PlatformSigner } from '../../operations/sign-answer.ts';
import { mountJson } from './administration.ts';

/** The platform's public key, at the documented path and at a neutral one. A public key is public: no login. */
export function mountPlatformKey(app: FastifyInstance, gateway: Gateway, platform: PlatformSigner): void {
  for (const url of ['/cms/pooul_public_key', '/platform_public_key']) {
    mountJson(app, gateway, 'GET', url, async () => platform.publicKeyPem());
  }
}
