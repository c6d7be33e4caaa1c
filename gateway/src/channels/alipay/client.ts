/**
 * The gateway.do form protocol: every call is one signed form, every answer is believed only over the raw text of its signed
 * node. Vendor pages: opendocs.alipay.com/common/02kf5q (signing), 02mse7 (verifying), 02km9f (public codes).
 */
import type { Declined, NotSent, Unknown } from '../channel.ts';
import type { HttpAnswer, Ports } from '../../ports.ts';
import { parseObject, type JsonObject } from '../json.ts';
import { send } from '../send.ts';
import { AlipayKeys } from './certificates.ts';
import type { AlipayAccount } from './config.ts';
import { parseText, textAt } from './json.ts';
import { rawMembers } from './raw-node.ts';
import { isSignedBy, signedContent } from './sign.ts';
import type { Operation, Verdict } from './business-codes.ts';
import { isAccountFault, unknownReason, verdictOf } from './status-map.ts';
import { formatTime } from './time.ts';

const MAX_ANSWER_BYTES = 1_048_576;

/** What is signed. */
export interface Request {
  /** e.g. `alipay.trade.query`. */
  readonly method: string;
  readonly biz_content: Readonly<Record<string, unknown>>;
  /** Stand beside the common parameters, in place of biz_content: alipay.system.oauth.token. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly merchant_params: Readonly<Record<string, string>>;
  readonly notify_url?: string;
  /** Where the payer's browser goes afterwards: pages alone. */
  readonly return_url?: string;
}

/** One call of an Alipay method. */
export interface Call extends Request {
  readonly operation: Operation;
  /** Our number of the order: an answer that names another one is not an answer to this call. */
  readonly out_trade_no: string;
}

/** An answer whose signature is Alipay's and whose order number, if it has one, is ours. */
export interface VerifiedAnswer {
  readonly outcome: 'verified';
  readonly verdict: Verdict;
  readonly code: string;
  readonly sub_code: string;
  /** `msg` of the answer. */
  readonly msg: string;
  /** `sub_msg`, else `msg`, without tokens and payment codes. */
  readonly message: string;
  readonly node: JsonObject;
  /** The whole body, without tokens and payment codes: for the timeline. */
  readonly raw: string;
}

/** A signed call, ready to go. */
export interface PreparedCall {
  send(): Promise<VerifiedAnswer | NotSent | Unknown>;
}

export class AlipayClient {
  readonly #account: AlipayAccount;
  readonly #ports: Ports;
  readonly #keys: AlipayKeys;

  constructor(account: AlipayAccount, ports: Ports) {
    this.#account = account;
    this.#ports = ports;
    this.#keys = new AlipayKeys(account, ports.clock, (sn) => this.#downloadCertificate(sn));
  }

  /** Signs and sends. */
  async call(call: Call): Promise<VerifiedAnswer | NotSent | Unknown> {
    const prepared = await this.prepare(call);
    return prepared.send();
  }

  /** Signs a call now, so that `send()` only has the network to wait for. */
  async prepare(call: Call): Promise<PreparedCall> {
    const form = formOf(await this.sign(call));
    return { send: () => this.#send(call, form) };
  }

  /** Asks something that is about no order: the verified node of the answer, or the stable word for why there is none. */
  async ask(request: Request): Promise<JsonObject | string> {
    const answer = await this.#post(formOf(await this.sign(request)));
    if ('outcome' in answer) return answer.reason;
    if (answer.status !== 200) return `http_${answer.status}`;
    return this.#verify(request.method, answer.body.toString('utf8'));
  }

  /** The key that verifies a callback. */
  callbackKey(alipay_cert_sn: string | null): ReturnType<AlipayKeys['find']> {
    return this.#keys.find(alipay_cert_sn, 'callback');
  }

  /** A request's parameters with our signature: for a call, or for a payer to carry to Alipay. */
  async sign(request: Request): Promise<ReadonlyMap<string, string>> {
    const { app_id, app_key, certificates } = this.#account;
    const { app_auth_token } = request.merchant_params;
    const params = new Map<string, string>([
      ['app_id', app_id],
      ['method', request.method],
      ['format', 'JSON'],
      ['charset', 'utf-8'],
      ['sign_type', 'RSA2'],
      ['timestamp', formatTime(this.#ports.clock.now_ms())],
      ['version', '1.0'],
      ...Object.entries(request.parameters ?? { biz_content: JSON.stringify(request.biz_content) }),
    ]);
    if (request.notify_url) params.set('notify_url', request.notify_url);
    if (request.return_url) params.set('return_url', request.return_url);
    if (app_auth_token) params.set('app_auth_token', app_auth_token);
    if (certificates) {
      params.set('app_cert_sn', certificates.app_cert_sn);
      params.set('alipay_root_cert_sn', certificates.alipay_root_cert_sn);
    }
    // Requests sign sign_type as well, unlike callbacks.
    const signature = await this.#ports.signer.signSha256(app_key, signedContent(params, []));
    params.set('sign', signature.toString('base64'));
    return params;
  }

  async #send(call: Call, form: string): Promise<VerifiedAnswer | NotSent | Unknown> {
    const answer = await this.#post(form);
    if ('outcome' in answer) return answer;
    const body = answer.body.toString('utf8');
    const verified = answer.status === 200 ? await this.#verify(call.method, body) : `http_${answer.status}`;
    const raw = withoutSecrets(body, call);
    if (typeof verified === 'string') return { outcome: 'unknown', reason: verified, raw };
    const code = textAt(verified, 'code');
    if (!code) return { outcome: 'unknown', reason: 'not_understood', raw };
    // The signature does not say which question it answers: a genuine answer about another order may be a replay.
    if ('out_trade_no' in verified && verified['out_trade_no'] !== call.out_trade_no) {
      return { outcome: 'unknown', reason: 'other_order', raw };
    }
    const sub_code = textAt(verified, 'sub_code') ?? '';
    const msg = textAt(verified, 'msg') ?? '';
    const message = withoutSecrets(textAt(verified, 'sub_msg') ?? msg, call);
    const verdict = verdictOf(call.operation, code, sub_code);
    return { outcome: 'verified', verdict, code, sub_code, msg, message, node: verified, raw };
  }

  #post(form: string): Promise<HttpAnswer | NotSent | Unknown> {
    return send(this.#ports.http, {
      method: 'POST',
      // The gateway decodes the form by the charset of the query string, which is why every SDK puts it there.
      url: `${this.#account.gateway_url}?charset=utf-8`,
      headers: {
        'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
        accept: 'application/json',
      },
      body: form,
      timeout_ms: this.#account.timeout_ms,
      max_bytes: MAX_ANSWER_BYTES,
    });
  }

  /** The signed node of an answer, or the word for why it is not to be believed. */
  async #verify(method: string, body: string): Promise<JsonObject | string> {
    const members = rawMembers(body);
    if (!members) return 'not_understood';
    const node = nodeOf(members, method);
    if (node === null || !rawMembers(node)) return 'not_understood';
    const signature = parseText(members.get('sign') ?? '');
    if (!signature) return 'unsigned';
    const alipay_cert_sn = parseText(members.get('alipay_cert_sn') ?? '');
    const key = await this.#keys.find(alipay_cert_sn, 'answer');
    if (!key) return 'unknown_certificate';
    // Some answers were signed before their slashes were escaped for the body; the official SDKs try that reading second
    // ("针对JSON \/问题"). What is read is always what was verified.
    const signed = [node, node.replaceAll('\\/', '/')].find((text) => isSignedBy(key, text, signature));
    if (signed === undefined) return 'bad_signature';
    return parseObject(signed) ?? 'not_understood';
  }

  /**
   * Asks for a certificate of Alipay's. The answer's own signature is not looked at: it may be made with the very
   * certificate that is asked for. What comes is believed only when its chain leads to our root certificates.
   */
  async #downloadCertificate(alipay_cert_sn: string): Promise<string | null> {
    const method = 'alipay.open.app.alipaycert.download';
    const request = { method, biz_content: { alipay_cert_sn }, merchant_params: {} };
    const answer = await this.#post(formOf(await this.sign(request)));
    if ('outcome' in answer || answer.status !== 200) return null;
    const members = rawMembers(answer.body.toString('utf8'));
    const node = members && parseObject(nodeOf(members, method) ?? '');
    const content = node && textAt(node, 'code') === '10000' ? textAt(node, 'alipay_cert_content') : null;
    return content && Buffer.from(content, 'base64').toString('utf8');
  }
}

function formOf(params: ReadonlyMap<string, string>): string {
  return new URLSearchParams([...params]).toString();
}

/** The raw text of the answer's node: `alipay_trade_query_response` for alipay.trade.query, or `error_response`; never both. */
function nodeOf(members: ReadonlyMap<string, string>, method: string): string | null {
  const node = members.get(`${method.replaceAll('.', '_')}_response`);
  const error = members.get('error_response');
  return node !== undefined && error !== undefined ? null : (node ?? error ?? null);
}

/**
 * On a bad signature Alipay quotes the whole string it expected, app_auth_token and a payer's auth_code included; neither may
 * reach a timeline.
 */
function withoutSecrets(text: string, { merchant_params, biz_content }: Request): string {
  let shown = text;
  for (const secret of [merchant_params['app_auth_token'], biz_content['auth_code']]) {
    if (typeof secret === 'string' && secret !== '') shown = shown.replaceAll(secret, '***');
  }
  return shown;
}

/** A verified refusal in the channel's own words. */
export function declined(answer: VerifiedAnswer): Declined {
  return { outcome: 'declined', code: answer.sub_code || answer.code, message: answer.message, raw: answer.raw };
}

/** An order refused in a verified answer, and whether another account may be asked instead. */
export function orderDeclined(answer: VerifiedAnswer): Declined {
  return isAccountFault(answer.code, answer.sub_code) ? { ...declined(answer), account_fault: true } : declined(answer);
}

/** A verified answer that decides nothing. */
export function unknown(answer: VerifiedAnswer): Unknown {
  return { outcome: 'unknown', reason: unknownReason(answer.code, answer.sub_code), raw: answer.raw };
}
