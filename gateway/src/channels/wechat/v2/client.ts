/** The one way in which an APIv2 account talks to WeChat Pay: sign, send, verify, and only then believe. */
import type { HttpRequest, Ports } from '../../../ports.ts';
import { ChannelMisconfigured, type NotSent, type Unknown } from '../../channel.ts';
import { send } from '../../send.ts';
import type { WechatV2Account } from './config.ts';
import { isOf, partyFields, type Party } from './party.ts';
import { isSigned, signatureOf } from './sign.ts';
import { readXml, writeXml, xmlText, type Fields } from './xml.ts';

const MAX_ANSWER_BYTES = 262_144;

/** Enough of an unverifiable answer for a person to see what it was. */
const MAX_UNVERIFIED_CHARACTERS = 2_000;

/** An answer that was signed with our key and names our merchant and application; success or refusal. */
export interface VerifiedAnswer {
  readonly outcome: 'verified';
  readonly fields: Fields;
  readonly raw: string;
}

export type CallResult = VerifiedAnswer | NotSent | Unknown;

/** A signed request, and whom its answer must be about. */
export interface SignedRequest {
  readonly http: HttpRequest;
  readonly party: Party;
}

export class WechatV2Client {
  readonly account: WechatV2Account;
  readonly ports: Pick<Ports, 'clock' | 'random' | 'http'>;

  constructor(account: WechatV2Account, ports: Pick<Ports, 'clock' | 'random' | 'http'>) {
    this.account = account;
    this.ports = ports;
  }

  /** Thirty-two hexadecimal digits, as `nonce_str` may have. */
  nonce(): string {
    return this.ports.random.bytes(16).toString('hex');
  }

  /**
   * Builds and signs a request.
   * @param content members beside those of the party, the nonce and the signature; empty ones are left out
   * @throws ChannelMisconfigured when `/secapi/…`, which is mutual TLS, is asked for without a client certificate
   */
  prepare(path: string, party: Party, content: Readonly<Record<string, string>>): SignedRequest {
    const { account } = this;
    const fields: Record<string, string> = {};
    const all = { ...partyFields(party), ...content, nonce_str: this.nonce(), sign_type: account.sign_type };
    for (const [name, value] of Object.entries(all)) {
      const text = xmlText(value);
      if (text !== '') fields[name] = text;
    }
    fields['sign'] = signatureOf(account.sign_type, Object.entries(fields), account.api_key);
    return { http: this.#request(path, writeXml(fields)), party };
  }

  /** Sends a signed request. Refusals are verified as strictly as successes: a forged "no" costs money too. */
  async send({ http, party }: SignedRequest): Promise<CallResult> {
    const answer = await send(this.ports.http, http);
    if ('outcome' in answer) return answer;
    const raw = answer.body.toString('utf8');
    const fields = readXml(raw);
    const complaint = answer.status === 200 ? this.#complaint(fields, party) : `http_${answer.status}`;
    if (fields === null || complaint !== null)
      return {
        outcome: 'unknown',
        reason: complaint ?? 'not_understood',
        raw: raw.slice(0, MAX_UNVERIFIED_CHARACTERS),
      };
    return { outcome: 'verified', fields, raw };
  }

  /** `prepare` and `send` in one. */
  async call(path: string, party: Party, content: Readonly<Record<string, string>>): Promise<CallResult> {
    return this.send(this.prepare(path, party, content));
  }

  /** Why an answer is not believed; null when it is. */
  #complaint(fields: Fields | null, party: Party): string | null {
    if (fields === null) return 'not_understood';
    // return_code FAIL comes without a signature: anybody could have said it.
    if (!fields.has('sign') && fields.get('return_code') === 'FAIL') return 'unsigned_refusal';
    if (!isSigned(fields, this.account.api_key)) return 'bad_signature';
    if (!isOf(party, fields)) return 'other_merchant';
    return fields.get('return_code') === 'SUCCESS' ? null : 'not_understood';
  }

  #request(path: string, body: string): HttpRequest {
    const { account } = this;
    const tls = path.startsWith('/secapi/') ? account.client_tls : account.tls;
    if (typeof tls === 'string')
      throw new ChannelMisconfigured(`${tls} is missing: WeChat Pay takes refunds and reverses only over mutual TLS`);
    return {
      method: 'POST',
      url: account.base_url + path,
      headers: { 'content-type': 'text/xml; charset=utf-8', accept: 'text/xml', 'user-agent': 'heliu-gateway' },
      body,
      timeout_ms: account.timeout_ms,
      max_bytes: MAX_ANSWER_BYTES,
      ...(tls && { tls }),
    };
  }
}
