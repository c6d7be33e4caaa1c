/**
 * Who is paying on a page inside Alipay (用户授权 auth_base, which asks the payer nothing; opendocs.alipay.com/open/284/web and
 * alipay.system.oauth.token, opendocs.alipay.com/open/02ailc). Only the payer's number is kept, no token.
 */
import type { PayerAuthorization, PayerReport } from '../channel.ts';
import type { AlipayClient } from './client.ts';
import type { AlipayAccount } from './config.ts';
import { textAt } from './json.ts';

/** The authorization of an application. */
export function payerAuthorization(account: AlipayAccount, client: AlipayClient): PayerAuthorization {
  return {
    code_parameter: 'auth_code',
    authorizeUrl(return_url, state) {
      const query = new URLSearchParams({
        app_id: account.app_id,
        scope: 'auth_base',
        redirect_uri: return_url,
        state,
      });
      return `${account.oauth_authorize_url}?${query.toString()}`;
    },
    exchange: (code) => exchange(client, code),
  };
}

/** A success has neither code nor msg; a refusal comes as error_response with a sub_code such as isv.code-invalid. */
async function exchange(client: AlipayClient, code: string): Promise<PayerReport> {
  const node = await client.ask({
    method: 'alipay.system.oauth.token',
    biz_content: {},
    parameters: { grant_type: 'authorization_code', code },
    merchant_params: {},
  });
  if (typeof node === 'string') return { outcome: 'unknown', reason: node };
  // "user_id 逐步下线，建议使用 open_id": an application has one of them, or both for a time.
  const user_id = textAt(node, 'user_id');
  if (user_id) return { outcome: 'known', fields: { buyer_id: user_id } };
  const open_id = textAt(node, 'open_id');
  if (open_id) return { outcome: 'known', fields: { buyer_open_id: open_id } };
  const refusal = textAt(node, 'sub_code') ?? textAt(node, 'code');
  return refusal ? { outcome: 'refused', code: refusal } : { outcome: 'unknown', reason: 'not_understood' };
}
