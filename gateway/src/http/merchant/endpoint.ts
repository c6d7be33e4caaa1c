/**
 * The envelope of every merchant endpoint: who calls, is it signed, is it in time, may they trade, then the endpoint's own
 * work; a success leaves as a JWT of the platform, a refusal as plain JSON (protocol section 1). The order of the checks is
 * part of the documentation (docs/api.md) and has one test row each.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../../domain/codes.ts';
import { makeId } from '../../domain/identifiers.ts';
import type { Nonce } from '../../domain/nonce.ts';
import type { MerchantEntry } from '../../operations/directory.ts';
import type { Gateway } from '../../operations/gateway.ts';
import type { PendingAnswer } from '../../operations/place-order.ts';
import type { Answer } from '../../operations/pay-answer.ts';
import type { PlatformSigner } from '../../operations/sign-answer.ts';
import { sendError } from '../errors.ts';
import type { RateLimit } from '../rate-limit.ts';
import { assertInTime, assertSigned, readToken, type Claims } from './json-web-token.ts';

export interface Call {
  readonly merchant: MerchantEntry;
  readonly claims: Claims;
}

/** What an endpoint answers: done, or still being committed (its signature is made meanwhile). */
export type Outcome = Answer | PendingAnswer;

export interface MerchantEndpoint {
  readonly path: string;
  readonly handle: (call: Call) => Promise<Outcome>;
}

const MERCHANT_ID = /^\d{16}$/;

/** How many requests a merchant may send: counted once its signature is verified, so that nobody else can use them up. */
export interface MerchantLimit {
  readonly limit: RateLimit;
  /** For a merchant without a limit of its own. */
  readonly per_second: number;
}

/** Mounts one endpoint. */
export function mount(
  app: FastifyInstance,
  gateway: Gateway,
  platform: PlatformSigner,
  limit: MerchantLimit,
  endpoint: MerchantEndpoint,
): void {
  const name = endpoint.path.slice('/v2/'.length);
  app.post(endpoint.path, async (request, reply) => {
    const started_ms = gateway.ports.clock.now_ms();
    try {
      const outcome = await endpoint.handle(await readCall(gateway, request, limit));
      const body = await signed(gateway, platform, outcome, started_ms);
      gateway.metrics.requests.inc({ endpoint: name, code: '0' });
      return await reply.code(200).header('content-type', 'text/plain; charset=utf-8').send(body);
    } catch (error) {
      return refuse(gateway, reply, name, error);
    } finally {
      gateway.metrics.request_seconds.observe({ endpoint: name }, (gateway.ports.clock.now_ms() - started_ms) / 1000);
    }
  });
}

function refuse(gateway: Gateway, reply: FastifyReply, name: string, error: unknown): FastifyReply {
  const sent = sendError(reply, error, (unexpected) =>
    gateway.log.error({ endpoint: name, err: unexpected }, 'request failed'),
  );
  gateway.metrics.requests.inc({ endpoint: name, code: String(sent.code) });
  return reply;
}

/** Checks 1–6: merchant_id, merchant exists, body is a JWT, its signature, its time, the merchant's state. */
async function readCall(gateway: Gateway, request: FastifyRequest, limit: MerchantLimit): Promise<Call> {
  const { merchant_id } = request.query as Record<string, unknown>;
  if (merchant_id === undefined || merchant_id === '')
    throw new ApiError('missing_field', 'merchant_id is required in the URL');
  if (typeof merchant_id !== 'string' || !MERCHANT_ID.test(merchant_id))
    throw new ApiError('malformed_field', 'merchant_id must be 16 digits');
  const merchant = await gateway.directory.merchant(merchant_id);
  if (!merchant) throw new ApiError('no_merchant', 'merchant_id does not exist');
  const token = readToken(typeof request.body === 'string' ? request.body : '');
  assertSigned(token, merchant.public_key);
  assertWithinLimit(gateway, merchant, limit);
  assertInTime(token.claims, gateway.ports.clock.now_ms());
  if (merchant.merchant.status !== 'active')
    throw new ApiError('merchant_not_active', `the merchant is ${merchant.merchant.status}: ask the operator`);
  if (merchant.platform_suspended)
    throw new ApiError('merchant_not_active', 'the platform merchant above this one is suspended: ask the operator');
  return { merchant, claims: token.claims };
}

function assertWithinLimit(gateway: Gateway, { merchant }: MerchantEntry, { limit, per_second }: MerchantLimit): void {
  const allowed = merchant.max_requests_per_second ?? per_second;
  const wait_s = limit.take(merchant.merchant_id, allowed);
  if (wait_s === 0) return;
  gateway.metrics.limited.inc({ by: 'merchant' });
  throw new ApiError(
    'limited',
    `this merchant may send ${allowed} requests a second: nothing was recorded, send the same request again after Retry-After`,
    wait_s,
  );
}

/** The nonce by the merchant's policy. Throws 103 when it is required and missing. */
export function nonceOf(merchant: MerchantEntry, nonce_str: string | undefined): Nonce | null {
  if (nonce_str !== undefined) return { signer_id: merchant.signer_id, nonce_str };
  if (merchant.merchant.nonce_policy === 'required') throw new ApiError('missing_field', 'nonce_str is required');
  return null;
}

async function signed(
  gateway: Gateway,
  platform: PlatformSigner,
  outcome: Outcome,
  started_ms: number,
): Promise<string> {
  if (!('committed' in outcome)) return signAnswer(gateway, platform, outcome, started_ms);
  const [token, final] = await Promise.all([
    signAnswer(gateway, platform, outcome.answer, started_ms),
    outcome.committed,
  ]);
  return final === outcome.answer ? token : signAnswer(gateway, platform, final, started_ms);
}

function signAnswer(gateway: Gateway, platform: PlatformSigner, answer: Answer, started_ms: number): Promise<string> {
  const now_ms = gateway.ports.clock.now_ms();
  const nonce_str = makeId(now_ms, gateway.ports.random.bytes(8));
  const time_elapsed = (now_ms - started_ms) / 1000;
  return platform.sign(JSON.stringify({ code: 0, msg: answer.msg, data: answer.data, nonce_str, time_elapsed }));
}
