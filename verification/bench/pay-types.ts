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

/** The one field whose example is of another channel than the one that is measured: a payment code says which wallet shows it. */
const OTHER_EXAMPLES: Readonly<Record<string, string>> = { 'alipay auth_code': '286345610916464024' };

/** A bank gives every order a number out of a supply that a load would empty: transfers have a scenario of their own. */
const MEASURED = [...PAY_TYPES.values()].flat().filter(({ channel }) => channel !== 'bank');

/** Every pay type of the registry but transfers, in each channel that has it, its required fields filled with the examples that its own rules give. */
export function benchPayTypes(): readonly BenchPayType[] {
  return MEASURED.map(({ code, channel, fields, one_of = [], reply }) => {
    const needed = new Set(one_of.map(([first]) => first));
    const required = Object.entries(fields).filter(([name, rule]) => rule.required || needed.has(name));
    const [field] = Object.keys(reply);
    const example = (name: string, own: string): string => OTHER_EXAMPLES[`${channel} ${name}`] ?? own;
    return {
      code,
      channel,
      claims: Object.fromEntries(required.map(([name, rule]) => [name, example(name, rule.example)])),
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
