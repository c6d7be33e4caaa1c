/** Request fields that several pay types have, and the reply that belongs to them. */
import type { FieldRule, PayType } from '../channel.ts';

/** The application that the payer is in; `example` is a pay type's own, from the API document. */
export function subAppid(description: string, example: string): FieldRule {
  return {
    required: true,
    description,
    example,
    max_length: 32,
    check: (value) => (/^[A-Za-z0-9_-]+$/.test(value) ? null : 'must be an appid: letters, digits, _ and -'),
  };
}

/** The payer's number within that application. */
export function subOpenid(example: string): FieldRule {
  return {
    required: true,
    description: '用户在商户appid下的唯一标识',
    example,
    max_length: 128,
    check: (value) => (/^[A-Za-z0-9_-]+$/.test(value) ? null : 'must be an openid: letters, digits, _ and -'),
  };
}

/** prepay_id and pay_info. */
export function prepayReply(prepay_id: string, pay_info: Readonly<Record<string, string>>): PayType['reply'] {
  return {
    prepay_id: { description: 'number of the prepared order; good for two hours', example: prepay_id },
    pay_info: {
      description: 'JSON text; its members are passed on to WeChat Pay unchanged',
      example: JSON.stringify(pay_info),
    },
  };
}
