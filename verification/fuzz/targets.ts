/** Every target, by the file that holds it. */
import type { TargetMaker } from './target.ts';
import { ADDRESS_TARGETS } from './targets/addresses.ts';
import { ALIPAY_TARGETS } from './targets/alipay.ts';
import { BANK_TARGETS } from './targets/bank.ts';
import { HTTP_TARGETS } from './targets/http.ts';
import { MERCHANT_TARGETS } from './targets/merchant.ts';
import { SDK_TARGETS } from './targets/sdk.ts';
import { SIMULATOR_TARGETS } from './targets/simulators.ts';
import { WECHAT_V2_TARGETS } from './targets/wechat-v2.ts';
import { WECHAT_V3_TARGETS } from './targets/wechat-v3.ts';

export const TARGETS: readonly TargetMaker[] = [
  ...MERCHANT_TARGETS,
  ...HTTP_TARGETS,
  ...WECHAT_V3_TARGETS,
  ...WECHAT_V2_TARGETS,
  ...ALIPAY_TARGETS,
  ...BANK_TARGETS,
  ...ADDRESS_TARGETS,
  ...SDK_TARGETS,
  ...SIMULATOR_TARGETS,
];

/** @throws Error when there is no target of that name */
export function makerOf(name: string): TargetMaker {
  const maker = TARGETS.find((one) => one.name === name);
  if (!maker) throw new Error(`no target ${name}`);
  return maker;
}
