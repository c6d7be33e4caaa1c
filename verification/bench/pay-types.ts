import { PAY_TYPES } from '../../gateway/src/channels/registry.ts';

/** The pay types that the gateway has, as the load generator needs them: plain data, so that it can be sent to another process. */

export interface BenchPayType {
  readonly code: string;
  readonly channel: string;
  /** Its own claims beside the common ones. */
  readonly claims: Readonly<Record<string, string>>;
  /** A field that the answer must hold and how its text begins; null for a type whose answer has no field of its own. */
  readonly reply: { readonly field: string; readonly begins: string } | null;
}

/** The text that the channel stub answers with, where a reply is passed through as the channel sent it. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  'wechat.scan': 'weixin://wxpay/',
  'alipay.scan': 'https://qr.alipay.com/',
};

/** Every pay type of the registry, its required fields filled with the examples that its own rules give. */
export function benchPayTypes(): readonly BenchPayType[] {
  return [...PAY_TYPES.values()].map(({ code, channel, fields, reply }) => {
    const required = Object.entries(fields).filter(([, rule]) => rule.required);
    const [field] = Object.keys(reply);
    return {
      code,
      channel,
      claims: Object.fromEntries(required.map(([name, rule]) => [name, rule.example])),
      reply: field === undefined ? null : { field, begins: BEGINNINGS[code] ?? '' },
    };
  });
}

/** The one pay type that is compared with the reference program. */
export function wechatScan(): BenchPayType {
  const found = benchPayTypes().find(({ code }) => code === 'wechat.scan');
  if (found === undefined) throw new Error('the gateway has no pay type wechat.scan');
  return found;
}
