import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../../domain/codes.ts';
import type { Gateway } from '../../operations/gateway.ts';
import { changeMerchant, merchantFields, setPublicKey } from '../../operations/merchants.ts';
import { assertAdmin, assertMayManage, mountJson, readJson, requireSession } from './administration.ts';

/** Body of PUT /cms/merchants/{merchant_id}/public_key. */
export const PUBLIC_KEY = z.strictObject({
  public_key: z
    .string()
    .min(1)
    .max(4096)
    .meta({ description: 'one line of base64 (the PEM body), or PEM', example: 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A…' }),
});

/** Body of PUT /cms/merchants/{merchant_id}: each field is optional, what is absent stays. */
export const MERCHANT_CHANGES = z
  .strictObject({
    name: z.string().min(1).max(64).meta({ example: '普尔商城' }),
    status: z.enum(['active', 'suspended']),
    nonce_policy: z.enum(['required', 'if_present']),
    late_payment: z.enum(['refund', 'accept']),
    platform_signs: z.boolean(),
    max_requests_per_second: z.int().min(1).max(1_000_000),
    allow_short_key: z.boolean().meta({ description: 'take an RSA key of 1024 bits (old integrations)' }),
  })
  .partial();

/** GET and PUT /cms/merchants/{merchant_id}, PUT …/public_key. */
export function mountMerchantAdministration(app: FastifyInstance, gateway: Gateway): void {
  mountJson(app, gateway, 'GET', '/cms/merchants/:merchant_id', async (request) => {
    const merchant_id = merchantId(request.params);
    assertMayManage(await requireSession(gateway, request), merchant_id);
    const merchant = await gateway.store.configuration.merchant(merchant_id);
    if (!merchant) throw new ApiError('no_merchant', 'merchant_id does not exist');
    return merchantFields(merchant);
  });
  mountJson(app, gateway, 'PUT', '/cms/merchants/:merchant_id', async (request) => {
    const merchant_id = merchantId(request.params);
    assertAdmin(await requireSession(gateway, request));
    return merchantFields(await changeMerchant(gateway, merchant_id, readJson(MERCHANT_CHANGES, request)));
  });
  mountJson(app, gateway, 'PUT', '/cms/merchants/:merchant_id/public_key', async (request) => {
    const merchant_id = merchantId(request.params);
    assertMayManage(await requireSession(gateway, request), merchant_id);
    return merchantFields(await setPublicKey(gateway, merchant_id, readJson(PUBLIC_KEY, request).public_key));
  });
}

function merchantId(params: unknown): string {
  const { merchant_id = '' } = params as Record<string, string>;
  if (!/^\d{16}$/.test(merchant_id)) throw new ApiError('malformed_field', 'merchant_id must be 16 digits');
  return merchant_id;
}
