import { parseChinaTime } from './china-time.ts';
import type { AlipayApp, AlipaySerials } from './config.ts';
import { gatewayRefusal } from './gateway-refusals.ts';
import type { GatewayRefusal } from './gateway-refusals.ts';
import { escapeHtml } from './html.ts';
import { requestSignContent, verifyRsa2 } from './signing.ts';
import type { Parameters } from './signing.ts';

/** What has to be known of a method to check a request for it. */
export interface KnownMethod {
  /** For example `alipay.trade.query`. */
  readonly name: string;
  readonly takesBizContent: boolean;
}

/** A request that the gateway lets through. */
export interface VerifiedRequest<Method extends KnownMethod> {
  readonly app: AlipayApp;
  readonly method: Method;
  readonly parameters: Parameters;
  /** biz_content parsed; empty for methods without one. */
  readonly biz: Readonly<Record<string, unknown>>;
}

/** A request that it refuses, and what is known of it: `app` absent means that the answer cannot be signed. */
export interface RefusedRequest<Method extends KnownMethod> {
  readonly refusal: GatewayRefusal;
  readonly method?: Method;
  readonly app?: AlipayApp;
}

/**
 * Checks a request in the gateway's order: method, app, signature, then content. The app comes before the signature:
 * a request of an unknown app without `sign` is answered isv.invalid-app-id (observed on openapi.alipay.com, 2026-09).
 *
 * @param known.now_ms for the validity of the app's certificate; the timestamp is checked for its form only, as upstream
 */
export function verifyRequest<Method extends KnownMethod>(
  parameters: Parameters,
  known: { apps: ReadonlyMap<string, AlipayApp>; methods: ReadonlyMap<string, Method>; now_ms: number },
): VerifiedRequest<Method> | RefusedRequest<Method> {
  const name = given(parameters, 'method');
  if (!name) return { refusal: gatewayRefusal('isv.missing-method') };
  const method = known.methods.get(name);
  if (!method) return { refusal: gatewayRefusal('isv.invalid-method') };
  const app_id = given(parameters, 'app_id');
  if (!app_id) return { refusal: gatewayRefusal('isv.missing-app-id'), method };
  const app = known.apps.get(app_id);
  if (!app) return { refusal: gatewayRefusal('isv.invalid-app-id'), method };
  const refusal =
    refuseProtocol(parameters) ??
    (app.serials && refuseCertificates(parameters, app.serials, known.now_ms)) ??
    refuseSignature(parameters, app) ??
    refuseToken(parameters);
  if (refusal) return { refusal, method, app };
  if (!method.takesBizContent) return { app, method, parameters, biz: {} };
  const text = given(parameters, 'biz_content');
  if (!text) return { refusal: gatewayRefusal('isv.invalid-parameter', '：biz_content'), method, app };
  const biz = parseObject(text);
  if (!biz) return { refusal: gatewayRefusal('isv.illegal-json'), method, app };
  return { app, method, parameters, biz };
}

function refuseProtocol(parameters: Parameters): GatewayRefusal | undefined {
  const sign_type = given(parameters, 'sign_type');
  if (!sign_type) return gatewayRefusal('isv.missing-signature-type');
  // New apps may sign with RSA2 alone (common/057k53); the SHA-1 algorithm `RSA` is for apps older than this simulator.
  if (sign_type !== 'RSA2') return gatewayRefusal('isv.invalid-signature-type');
  if (!given(parameters, 'sign')) return gatewayRefusal('isv.missing-signature');
  if (given(parameters, 'charset')?.toLowerCase() !== 'utf-8') return gatewayRefusal('isv.invalid-charset');
  const format = given(parameters, 'format');
  if (format && format.toLowerCase() !== 'json') return gatewayRefusal('isv.invalid-format');
  const timestamp = given(parameters, 'timestamp');
  if (!timestamp) return gatewayRefusal('isv.missing-timestamp');
  if (parseChinaTime(timestamp) === undefined) return gatewayRefusal('isv.invalid-timestamp');
  const version = given(parameters, 'version');
  if (!version) return gatewayRefusal('isv.missing-version');
  if (version !== '1.0') return gatewayRefusal('isv.invalid-parameter', '：version');
  return undefined;
}

function refuseCertificates(
  parameters: Parameters,
  serials: AlipaySerials,
  now_ms: number,
): GatewayRefusal | undefined {
  const app_cert_sn = given(parameters, 'app_cert_sn');
  if (!app_cert_sn) return gatewayRefusal('isv.missing-app-cert-sn');
  const root_cert_sn = given(parameters, 'alipay_root_cert_sn');
  if (!root_cert_sn) return gatewayRefusal('isv.missing-alipay-root-cert-sn');
  if (app_cert_sn !== serials.app_cert_sn) return gatewayRefusal('isv.app-cert-not-exist');
  if (root_cert_sn !== serials.alipay_root_cert_sn) return gatewayRefusal('isv.invalid-alipay-root-cert-sn');
  if (now_ms >= serials.app_cert_expires_at_ms) return gatewayRefusal('isv.app-cert-expired');
  return undefined;
}

function refuseSignature(parameters: Parameters, app: AlipayApp): GatewayRefusal | undefined {
  const content = requestSignContent(parameters);
  if (verifyRsa2(content, parameters.get('sign') ?? '', app.appPublicKey)) return undefined;
  // The gateway shows the text it verified as HTML inside JSON: `&` arrives as `&amp;` (alipay-sdk 4.14, alipay.ts).
  return gatewayRefusal('isv.invalid-signature', escapeHtml(content));
}

/** No seller has authorised another app here, so that any app_auth_token is unknown. */
function refuseToken(parameters: Parameters): GatewayRefusal | undefined {
  return given(parameters, 'app_auth_token') ? gatewayRefusal('aop.invalid-app-auth-token') : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

function given(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name)?.trim();
  return value === '' ? undefined : value;
}
