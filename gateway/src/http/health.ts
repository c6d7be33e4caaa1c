import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../domain/codes.ts';
import type { AppOptions } from './app.ts';
import { sendError } from './errors.ts';

/** /healthz: the process is alive. /readyz: it can serve. /metrics: what it counted. */
export function mountHealth(app: FastifyInstance, options: AppOptions): void {
  const { gateway } = options;
  app.get('/healthz', async () => ({ status: 'alive' }));
  app.get('/readyz', async (_request, reply) => {
    const reason = await options.notReady();
    if (reason === null) return { status: 'ready' };
    return reply.code(503).header('retry-after', '1').send({ status: 'not ready', reason });
  });
  app.get('/metrics', async (request, reply) => {
    if (!mayRead(request, options.metrics_token)) {
      sendError(
        reply,
        new ApiError('forbidden', 'metrics are for this machine, or for the bearer of HELIU_METRICS_TOKEN'),
        () => undefined,
      );
      return reply;
    }
    await refreshGauges(options);
    return reply
      .header('content-type', gateway.metrics.registry.contentType)
      .send(await gateway.metrics.registry.metrics());
  });
}

async function refreshGauges({ gateway }: AppOptions): Promise<void> {
  const now_ms = gateway.ports.clock.now_ms();
  const [open, earliest] = await Promise.all([gateway.store.exceptions.countOpen(), gateway.store.jobs.earliest()]);
  gateway.metrics.open_exceptions.set(open);
  for (const { kind, run_at_ms } of earliest) {
    gateway.metrics.job_lag_seconds.set({ kind }, run_at_ms === null ? 0 : Math.max(0, (now_ms - run_at_ms) / 1000));
  }
}

/** Behind a proxy everybody seems to be this machine: a forwarded request needs the token. */
function mayRead(request: FastifyRequest, token: string | null): boolean {
  if (token !== null) return equal(request.headers.authorization ?? '', `Bearer ${token}`);
  const forwarded = request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined;
  return !forwarded && ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.ip);
}

function equal(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
