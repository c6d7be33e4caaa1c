/** Every target, by the file that holds it. */
import type { TargetMaker } from './target.ts';
import { MERCHANT_TARGETS } from './targets/merchant.ts';

export const TARGETS: readonly TargetMaker[] = [...MERCHANT_TARGETS];

/** @throws Error when there is no target of that name */
export function makerOf(name: string): TargetMaker {
  const maker = TARGETS.find((one) => one.name === name);
  if (!maker) throw new Error(`no target ${name}`);
  return maker;
}
