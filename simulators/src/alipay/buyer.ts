import { createHash } from 'node:crypto';
import type { AlipayConfig } from './config.ts';

/**
 * @returns the buyer's open_id as one app sees it: another one in every app, always the same in the same
 *   (opendocs.alipay.com/mini/0ai2i6, openid 改造)
 */
export function openIdOf(config: AlipayConfig, app_id: string): string {
  const digest = createHash('sha256').update(`${app_id}/${config.buyer.user_id}`).digest('base64');
  return `0${digest.replaceAll(/[^A-Za-z0-9]/g, '')}`;
}
