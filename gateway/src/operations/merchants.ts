import { createPublicKey } from 'node:crypto';
import { ApiError } from '../domain/codes.ts';
import { publicKeyPem } from '../domain/public-key.ts';
import type { Merchant, MerchantPatch } from '../storage/configuration.ts';
import type { Gateway } from './gateway.ts';

type Managed = Pick<Gateway, 'ports' | 'store'>;

const MIN_BITS = 2048;
const MIN_SHORT_BITS = 1024;

export interface NewMerchant {
  /** 16 digits; made when absent. */
  readonly merchant_id?: string | undefined;
  readonly name: string;
  readonly public_key?: string | undefined;
  readonly nonce_policy?: Merchant['nonce_policy'] | undefined;
  readonly late_payment?: Merchant['late_payment'] | undefined;
  readonly allow_short_key?: boolean | undefined;
  /** Makes it a tenant of this merchant; absent: a platform merchant, the root of a tree of its own. */
  readonly parent_id?: string | undefined;
  readonly platform_signs?: boolean | undefined;
  readonly max_requests_per_second?: number | undefined;
}

/** Creates a merchant: at the root of a tree of its own, or below another one. Throws 102, 107, 200. */
export async function createMerchant(gateway: Managed, request: NewMerchant): Promise<Merchant> {
  const now_ms = gateway.ports.clock.now_ms();
  const merchant_id = request.merchant_id ?? newMerchantId(gateway.ports.random.bytes(8));
  if (!/^\d{16}$/.test(merchant_id)) throw new ApiError('malformed_field', 'merchant_id must be 16 digits');
  if (request.name.trim() === '') throw new ApiError('missing_field', 'name is required');
  const parent_id = request.parent_id ?? null;
  if (parent_id !== null && !(await gateway.store.configuration.merchant(parent_id)))
    throw new ApiError('no_merchant', `the parent merchant ${parent_id} does not exist`);
  const platform_signs = request.platform_signs ?? false;
  if (platform_signs && parent_id === null)
    throw new ApiError('malformed_field', 'platform_signs is for tenants: a platform merchant signs with its own key');
  const allow_short_key = request.allow_short_key ?? false;
  const merchant = await gateway.store.configuration.addMerchant(
    {
      merchant_id,
      name: request.name.trim(),
      status: 'active',
      public_key: request.public_key === undefined ? null : readPublicKey(request.public_key, allow_short_key),
      nonce_policy: request.nonce_policy ?? 'required',
      late_payment: request.late_payment ?? 'refund',
      allow_short_key,
      platform_signs,
      max_requests_per_second: request.max_requests_per_second ?? null,
      created_at_ms: now_ms,
    },
    parent_id,
  );
  if (!merchant && parent_id !== null && !(await gateway.store.configuration.merchant(merchant_id)))
    throw new ApiError('malformed_field', `merchant ${parent_id} has no room for another tenant (at most 999)`);
  if (!merchant) throw new ApiError('number_repeated', 'merchant_id is taken');
  return merchant;
}

/** Sixteen digits that do not start with 0, so that no spreadsheet shortens them. */
function newMerchantId(random: Buffer): string {
  return String(1_000_000_000_000_000n + (random.readBigUInt64BE() % 9_000_000_000_000_000n));
}

/** Changes a merchant; what is absent stays. Throws 200. */
export async function changeMerchant(
  gateway: Managed,
  merchant_id: string,
  changes: { [Name in keyof MerchantPatch]?: MerchantPatch[Name] | undefined },
): Promise<Merchant> {
  const patch = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as MerchantPatch;
  const merchant = await gateway.store.configuration.changeMerchant(merchant_id, patch, gateway.ports.clock.now_ms());
  if (!merchant) throw new ApiError('no_merchant', 'merchant_id does not exist');
  return merchant;
}

/** Replaces a merchant's public key; every node takes it within a second. Throws 102, 200. */
export async function setPublicKey(gateway: Managed, merchant_id: string, uploaded: string): Promise<Merchant> {
  const merchant = await gateway.store.configuration.merchant(merchant_id);
  if (!merchant) throw new ApiError('no_merchant', 'merchant_id does not exist');
  return changeMerchant(gateway, merchant_id, { public_key: readPublicKey(uploaded, merchant.allow_short_key) });
}

/** The key as SPKI PEM. Throws 102 naming what is wrong with it. */
function readPublicKey(uploaded: string, allow_short: boolean): string {
  if (uploaded.includes('PRIVATE KEY'))
    throw new ApiError(
      'malformed_field',
      'public_key is a PRIVATE key: never send it to anyone, upload the public half',
    );
  const pem = publicKeyPem(uploaded);
  const key = pem === null ? null : parse(pem);
  if (!key)
    throw new ApiError(
      'malformed_field',
      'public_key must be an RSA public key: PEM, or its body as one line of base64',
    );
  if (key.asymmetricKeyType !== 'rsa')
    throw new ApiError('malformed_field', `public_key must be RSA, not ${key.asymmetricKeyType ?? 'another kind'}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const least = allow_short ? MIN_SHORT_BITS : MIN_BITS;
  if (bits < least)
    throw new ApiError(
      'malformed_field',
      `public_key has ${bits} bits: at least ${least} are needed${allow_short ? '' : ' (the operator can allow 1024)'}`,
    );
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function parse(pem: string) {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}

/** A merchant as the management endpoints and the CLI show it. */
export function merchantFields(merchant: Merchant): Record<string, unknown> {
  return {
    merchant_id: merchant.merchant_id,
    name: merchant.name,
    status: merchant.status,
    public_key: merchant.public_key,
    nonce_policy: merchant.nonce_policy,
    late_payment: merchant.late_payment,
    allow_short_key: merchant.allow_short_key,
    platform_merchant_id: merchant.platform_merchant_id,
    level_code: merchant.level_code,
    platform_signs: merchant.platform_signs,
    max_requests_per_second: merchant.max_requests_per_second,
    has_logo: merchant.logo_hash !== null,
    created_at: Math.floor(merchant.created_at_ms / 1000),
    updated_at: Math.floor(merchant.updated_at_ms / 1000),
  };
}
