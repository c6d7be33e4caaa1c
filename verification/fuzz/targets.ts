/**
 * Every target by its name, with the file that holds it. A file is loaded when its target is opened: looking at the counters takes
 * as long as there is code in the process.
 */
import type { Target, TargetMaker } from './target.ts';

type Makers = Promise<readonly TargetMaker[]>;

const FILES: readonly (readonly [names: readonly string[], load: () => Makers])[] = [
  [['merchant-token', 'merchant-fields'], async () => (await import('./targets/merchant.ts')).MERCHANT_TARGETS],
  [['gateway-http'], async () => (await import('./targets/http.ts')).HTTP_TARGETS],
  [
    ['wechat-v3-callback', 'wechat-v3-envelope', 'wechat-v3-forged', 'wechat-v3-answer'],
    async () => (await import('./targets/wechat-v3.ts')).WECHAT_V3_TARGETS,
  ],
  [
    ['wechat-v2-xml', 'wechat-v2-callback', 'wechat-v2-forged', 'wechat-v2-answer'],
    async () => (await import('./targets/wechat-v2.ts')).WECHAT_V2_TARGETS,
  ],
  [
    ['alipay-callback', 'alipay-forged', 'alipay-answer', 'alipay-members'],
    async () => (await import('./targets/alipay.ts')).ALIPAY_TARGETS,
  ],
  [
    ['bank-file', 'bank-push', 'bank-push-forged', 'bank-answer'],
    async () => (await import('./targets/bank.ts')).BANK_TARGETS,
  ],
  [['notify-url', 'money', 'keys'], async () => (await import('./targets/addresses.ts')).ADDRESS_TARGETS],
  [
    ['sdk-notification', 'sdk-forged', 'sdk-answer', 'sdk-transfer-account'],
    async () => (await import('./targets/sdk.ts')).SDK_TARGETS,
  ],
  [['simulators'], async () => (await import('./targets/simulators.ts')).SIMULATOR_TARGETS],
];

export const TARGET_NAMES: readonly string[] = FILES.flatMap(([names]) => names);

/** @throws Error when there is no target of that name */
export async function openTarget(name: string): Promise<Target> {
  const file = FILES.find(([names]) => names.includes(name));
  const maker = (await file?.[1]())?.find((one) => one.name === name);
  if (!maker) throw new Error(`no target ${name}`);
  return maker.open();
}
