/**
 * Who is paying on a page inside WeChat (网页授权 snsapi_base, which asks the payer nothing;
 * developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html). Only the openid is kept, no token.
 */
import type { PayerAuthorization, PayerReport } from '../channel.ts';
import type { HttpClient } from '../../ports.ts';
import { send } from '../send.ts';
import { parseObject, textAt } from '../json.ts';
import type { OauthAccount } from './oauth-settings.ts';

/** It goes into our own requests: nothing else is taken for one. */
const OPENID = /^[A-Za-z0-9_-]{1,128}$/;

const MAX_ANSWER_BYTES = 65_536;

/** The authorization of the account's own application, or the name of the secret that it lacks. */
export function payerAuthorization(
  account: OauthAccount,
  http: HttpClient,
): PayerAuthorization | { readonly missing: string } {
  const { appid, app_secret, oauth_authorize_url } = account;
  if (app_secret === null) return { missing: 'secret app_secret (AppSecret of the official account named by appid)' };
  return {
    code_parameter: 'code',
    // The order of the parameters is checked: "由于授权操作安全等级较高 … 微信会对授权链接做正则强匹配校验，如果链接的参数顺序不对，授权页面将无法正常访问".
    authorizeUrl(return_url, state) {
      const query = new URLSearchParams({
        appid,
        redirect_uri: return_url,
        response_type: 'code',
        scope: 'snsapi_base',
        state,
      });
      return `${oauth_authorize_url}?${query.toString()}#wechat_redirect`;
    },
    exchange: (code) => exchange(account, app_secret, http, code),
  };
}

/** Answers are not signed: what protects them is TLS. An openid alone moves no money; who pays is who types the password. */
async function exchange(account: OauthAccount, secret: string, http: HttpClient, code: string): Promise<PayerReport> {
  const query = new URLSearchParams({ appid: account.appid, secret, code, grant_type: 'authorization_code' });
  const answer = await send(http, {
    method: 'GET',
    url: `${account.oauth_api_url}/sns/oauth2/access_token?${query.toString()}`,
    headers: { accept: 'application/json' },
    body: null,
    timeout_ms: account.timeout_ms,
    max_bytes: MAX_ANSWER_BYTES,
  });
  if ('outcome' in answer) return { outcome: 'unknown', reason: answer.reason };
  if (answer.status !== 200) return { outcome: 'unknown', reason: `http_${answer.status}` };
  return readAnswer(account, answer.body.toString('utf8'));
}

/** Refusals are 200 as well: 40029 is an invalid code, 40163 a spent one, -1 "系统繁忙". */
function readAnswer(account: OauthAccount, body: string): PayerReport {
  const json = parseObject(body);
  const openid = json && textAt(json, 'openid');
  if (openid && OPENID.test(openid))
    return { outcome: 'known', fields: { sub_appid: account.appid, sub_openid: openid } };
  const errcode = json?.['errcode'];
  if (typeof errcode !== 'number') return { outcome: 'unknown', reason: 'not_understood' };
  return errcode === -1 ? { outcome: 'unknown', reason: 'system_busy' } : { outcome: 'refused', code: String(errcode) };
}
