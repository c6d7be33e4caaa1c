import type { WechatMerchant } from '../config.ts';
import type { WechatWorld } from '../operation.ts';
import type { OrderOwner } from '../ownership.ts';
import type { SignType } from '../state.ts';
import type { XmlFields } from './xml.ts';

/** What a field of a request must be like. */
export interface V2Field {
  readonly required?: true;
  /** Characters. */
  readonly max: number;
  readonly pattern?: RegExp;
}

export type V2Fields = Readonly<Record<string, V2Field>>;

/** A request whose signature, fields and caller have been checked. */
export interface V2Call {
  readonly merchant: WechatMerchant;
  readonly owner: OrderOwner;
  readonly fields: XmlFields;
  readonly sign_type: SignType;
}

/** One of upstream's APIv2 operations, all of them POST. */
export interface V2Operation {
  readonly fault_operation: 'pay' | 'query' | 'close' | 'reverse' | 'refund';
  readonly path: string;
  /** Whether the merchant's API certificate must be presented (双向证书). */
  readonly needs_certificate?: true;
  /** The fields beside appid, mch_id, sub_appid, sub_mch_id, nonce_str, sign and sign_type. */
  readonly fields: V2Fields;
  /** What a refusal or a system error says beside its code. */
  readonly failure_fields?: XmlFields;
  /** Decides in one synchronous step. @returns the fields of the answer @throws WechatError a refusal */
  run(world: WechatWorld, call: V2Call): XmlFields;
}
