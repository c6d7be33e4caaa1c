import type { Answer, IncomingRequest } from '../kernel/ports.ts';
import { errorPage, redirect, webAddress } from './html.ts';
import type { MethodContext } from './methods/method.ts';
import { parametersOf } from './request-parameters.ts';

/** Upstream has it on https://openauth.alipay.com (opendocs.alipay.com/open/284/web, URL 拼接). */
export const AUTHORIZE_PATH = '/oauth2/publicAppAuthorize.htm';

/** "只允许base64字符（长度小于等于100）" (the same page, state); the URL-safe alphabet passes as well. */
const STATE = /^[A-Za-z0-9+/=_-]{0,100}$/;

/**
 * The page by which an app learns who the payer is. With scope auth_base nothing is asked: the browser comes back at
 * once with an authorization code.
 */
export function authorizePage(request: IncomingRequest, { apps, ports, authorizations }: MethodContext): Answer {
  const parameters = parametersOf(request.target.slice(AUTHORIZE_PATH.length + 1));
  const app_id = parameters.get('app_id') ?? '';
  const scope = parameters.get('scope') ?? '';
  const target = webAddress(parameters.get('redirect_uri') ?? '');
  const state = parameters.get('state');
  if (!apps.has(app_id)) return errorPage('INVALID_APP_ID', '应用不存在：app_id');
  if (scope !== 'auth_base') return errorPage('INVALID_SCOPE', '这里只有静默授权：scope须为auth_base');
  if (!target) return errorPage('INVALID_REDIRECT_URI', '回调地址无效：redirect_uri');
  if (state !== undefined && !STATE.test(state)) {
    return errorPage('INVALID_STATE', 'state只允许base64字符（长度小于等于100）');
  }
  const code = ports.randomBytes(16).toString('hex');
  authorizations.add(code, app_id, ports.now());
  const answered = {
    app_id,
    source: 'alipay_wallet',
    scope,
    auth_code: code,
    ...(state === undefined ? {} : { state }),
  };
  for (const [name, value] of Object.entries(answered)) target.searchParams.append(name, value);
  return redirect(target.href);
}
