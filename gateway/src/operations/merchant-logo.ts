/** The picture that a merchant's payment page shows beside its name. */
import { createHash } from 'node:crypto';
import { ApiError } from '../domain/codes.ts';
import type { Logo } from '../storage/logos.ts';
import type { Gateway } from './gateway.ts';

type Managed = Pick<Gateway, 'ports' | 'store'>;

/** The payment page promises 30 kB in all, on a poor network. */
export const MAX_LOGO_BYTES = 12_288;

/** By their first bytes; never SVG, which can hold a script. */
const FORMATS: readonly { readonly media_type: Logo['media_type']; readonly is: (image: Buffer) => boolean }[] = [
  { media_type: 'image/png', is: (image) => image.subarray(0, 8).toString('latin1') === '\u0089PNG\r\n\u001a\n' },
  { media_type: 'image/jpeg', is: (image) => image.subarray(0, 3).toString('hex') === 'ffd8ff' },
  {
    media_type: 'image/webp',
    is: (image) => image.toString('latin1', 0, 4) === 'RIFF' && image.toString('latin1', 8, 12) === 'WEBP',
  },
];

/** Stores a merchant's logo; null removes it. Every node shows it within a second. Throws 102, 200. */
export async function setLogo(gateway: Managed, merchant_id: string, image: Buffer | null): Promise<void> {
  const now_ms = gateway.ports.clock.now_ms();
  const { logos } = gateway.store;
  const done =
    image === null ? await logos.remove(merchant_id, now_ms) : await logos.save(merchant_id, readLogo(image), now_ms);
  if (!done) throw new ApiError('no_merchant', `merchant_id ${merchant_id} does not exist`);
}

function readLogo(image: Buffer): Logo {
  const format = FORMATS.find((one) => one.is(image));
  if (!format) throw new ApiError('malformed_field', 'the logo must be a PNG, JPEG or WebP picture');
  if (image.length > MAX_LOGO_BYTES)
    throw new ApiError(
      'malformed_field',
      `the logo has ${image.length} bytes: at most ${MAX_LOGO_BYTES} are taken; 144 by 144 pixels are enough`,
    );
  return { media_type: format.media_type, image, hash: createHash('sha256').update(image).digest('hex') };
}

/** Where a merchant's logo is; null without one. */
export function logoPath(merchant: { readonly merchant_id: string; readonly logo_hash: string | null }): string | null {
  return merchant.logo_hash === null ? null : `/preorder/logo/${merchant.merchant_id}/${merchant.logo_hash}`;
}
