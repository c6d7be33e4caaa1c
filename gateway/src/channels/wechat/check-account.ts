/** `heliu channel test`: something harmless that proves keys, numbers and clock. */
import { CERTIFICATES_PATH } from './certificates.ts';
import type { WechatClient } from './client.ts';
import { codeOf, messageOf, unknown } from './status-map.ts';

/**
 * Asks for the platform certificates. A verified answer proves both directions; merchants in public-key mode have no
 * platform certificates and are told so (404 RESOURCE_NOT_EXISTS, or 403 NO_AUTH), which proves as much.
 */
export async function testAccount(client: WechatClient): Promise<{ readonly ok: boolean; readonly message: string }> {
  const answer = await client.call('GET', CERTIFICATES_PATH, null);
  if (answer.outcome !== 'verified') return { ok: false, message: `${answer.outcome}: ${answer.reason}` };
  if (answer.status === 200) return { ok: true, message: 'request and answer verified with a platform certificate' };
  switch (codeOf(answer)) {
    case 'RESOURCENOTEXISTS':
    case 'NOAUTH':
      return { ok: true, message: 'request and answer verified; the merchant has no platform certificates' };
    default:
      return { ok: false, message: `${unknown(answer).reason}: ${messageOf(answer)}` };
  }
}
