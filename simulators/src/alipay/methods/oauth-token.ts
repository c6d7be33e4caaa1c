import { ERROR_NODE } from '../answers.ts';
import { openIdOf } from '../buyer.ts';
import { chinaTime } from '../china-time.ts';
import { gatewayRefusal } from '../gateway-refusals.ts';
import { GatewayRefused } from './gateway-refused.ts';
import type { AlipayMethod } from './method.ts';

/** How long an access token is valid, in seconds: 15 days. */
const TOKEN_SECONDS = 15 * 24 * 60 * 60;

/**
 * alipay.system.oauth.token (opendocs.alipay.com/open/02ailc): tells who the payer behind an authorization code is.
 * It has no biz_content: grant_type and code stand beside the common parameters. Its success has neither code nor msg,
 * and its refusals come as `error_response`.
 */
export const oauthToken: AlipayMethod = {
  name: 'alipay.system.oauth.token',
  operation: 'query',
  takesBizContent: false,
  refusal_node: ERROR_NODE,
  run({ app, parameters }, { ports, config, authorizations }) {
    const grant_type = parameters.get('grant_type');
    // Tokens are not renewed here: nothing that this simulator serves takes one.
    if (grant_type === 'refresh_token') throw new GatewayRefused(gatewayRefusal('isv.refresh-token-invalid'));
    if (grant_type !== 'authorization_code') throw new GatewayRefused(gatewayRefusal('isv.grant-type-invalid'));
    const now = ports.now();
    const taken = authorizations.take(parameters.get('code') ?? '', app.config.app_id, now);
    if (taken === 'of_another_app') throw new GatewayRefused(gatewayRefusal('isv.unmatched-app-id'));
    if (taken === 'invalid') throw new GatewayRefused(gatewayRefusal('isv.code-invalid'));
    return {
      head: null,
      fields: {
        user_id: config.buyer.user_id,
        open_id: openIdOf(config, app.config.app_id),
        access_token: `authbseB${ports.randomBytes(16).toString('hex')}`,
        expires_in: String(TOKEN_SECONDS),
        auth_start: chinaTime(now),
      },
    };
  },
};
