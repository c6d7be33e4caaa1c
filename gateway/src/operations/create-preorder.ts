/**
 * POST /v2/pay/pre_order, and POST /v2/pay with pay_type `pooul.preorder` (pay-api, 创建预下单支付). Nothing is placed at a channel
 * here: that happens when somebody opens the link and confirms.
 */
import { createHash } from 'node:crypto';
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import { makeId } from '../domain/identifiers.ts';
import { fen } from '../domain/money.ts';
import {
  DEFAULT_LIFETIME_MS,
  MAX_LIFETIME_MS,
  MAX_PRE_ID_LENGTH,
  MIN_TRY_LIFETIME_MS,
  type Preorder,
} from '../domain/preorder.ts';
import type { NewPreorder } from '../storage/preorders.ts';
import type { Gateway } from './gateway.ts';
import { nonceRepeated } from './nonce.ts';
import type { Answer } from './pay-answer.ts';
import { linkTo, payUrl } from './payment-links.ts';

export interface PreorderRequest {
  readonly merchant_id: string;
  readonly mch_pre_id: string;
  readonly total_fee: number;
  readonly nonce: Nonce | null;
  readonly notify_url: string | null;
  /** Unix second. */
  readonly time_expire: number | null;
  /** Every documented field as read, without nonce_str and the number. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Makes a preorder, or answers again what the same request was answered. Throws 102, 104, 107. */
export async function createPreorder(gateway: Gateway, request: PreorderRequest): Promise<Answer> {
  if (request.mch_pre_id.length > MAX_PRE_ID_LENGTH)
    throw new ApiError(
      'malformed_field',
      `mch_pre_id must be at most ${MAX_PRE_ID_LENGTH} characters: its pay orders are numbered mch_pre_id.1, .2 …`,
    );
  const preorder = newPreorder(gateway, request);
  await assertLifetime(gateway, preorder);
  const outcome = await gateway.store.preorders.insert(preorder, request.nonce);
  switch (outcome) {
    case 'inserted':
      return linkAnswer(gateway, preorder);
    case 'nonce_repeated':
      throw nonceRepeated();
    case 'number_repeated':
      return repeated(gateway, preorder);
  }
}

function newPreorder(gateway: Gateway, request: PreorderRequest): NewPreorder {
  const now_ms = gateway.ports.clock.now_ms();
  const { merchant_id, mch_pre_id, notify_url, fields } = request;
  return {
    merchant_id,
    preorder_id: makeId(now_ms, gateway.ports.random.bytes(8)),
    mch_pre_id,
    total_fen: fen(request.total_fee),
    request: fields,
    request_hash: createHash('sha256').update(JSON.stringify(fields)).digest('base64url'),
    notify_url,
    created_at_ms: now_ms,
    expires_at_ms: request.time_expire === null ? now_ms + DEFAULT_LIFETIME_MS : request.time_expire * 1000,
    updated_at_ms: now_ms,
  };
}

/** A request that is sent again late must not be told that it is malformed: only a new preorder needs a minute to be paid in. */
async function assertLifetime(gateway: Gateway, preorder: NewPreorder): Promise<void> {
  const lifetime_ms = preorder.expires_at_ms - preorder.created_at_ms;
  if (lifetime_ms >= MIN_TRY_LIFETIME_MS && lifetime_ms <= MAX_LIFETIME_MS) return;
  if (await gateway.store.preorders.byNumber(preorder.merchant_id, preorder.mch_pre_id)) return;
  throw new ApiError(
    'malformed_field',
    'time_expire must be between one minute and 30 days from now (10-digit Unix second)',
  );
}

/** The same number: the same link for the same parameters while it can be paid, else 107. */
async function repeated(gateway: Gateway, request: NewPreorder): Promise<Answer> {
  const stored = await gateway.store.preorders.byNumber(request.merchant_id, request.mch_pre_id);
  if (!stored) throw new Error('a preorder disappeared');
  if (stored.request_hash !== request.request_hash)
    throw new ApiError('number_repeated', 'mch_pre_id has been used with other parameters: use a new number');
  const over = stored.state === 'open' && request.created_at_ms >= stored.expires_at_ms ? 'expired' : stored.state;
  if (over !== 'open')
    throw new ApiError(
      'number_repeated',
      `mch_pre_id has been used and its preorder is ${over}: query it, or use a new number`,
    );
  return linkAnswer(gateway, stored);
}

function linkAnswer(
  gateway: Gateway,
  { merchant_id, preorder_id }: Pick<Preorder, 'merchant_id' | 'preorder_id'>,
): Answer {
  return { msg: 'success', data: { pay_url: payUrl(gateway, linkTo(gateway, 'preorder', merchant_id, preorder_id)) } };
}
