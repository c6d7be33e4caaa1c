import type { AuthCodeBehaviour } from '../kernel/channel-simulator.ts';
import { newAuthCode } from './numbers.ts';
import type { WechatWorld } from './operation.ts';

/** Makes a payment code; what it does when a till presents it is kept with it, so that it survives a restart. */
export function makeAuthCode(world: WechatWorld, behaviour: AuthCodeBehaviour): string {
  let code = newAuthCode(world.ports);
  while (world.state.authCode(code)) code = newAuthCode(world.ports);
  world.state.saveAuthCode({ code, behaviour });
  return code;
}
