import type { AlipaySandboxEntry } from '../../simulators/src/alipay/config.ts';
import type { BankSandboxEntry } from '../../simulators/src/bank/config.ts';
import type { RunningSimulators } from '../../simulators/src/start.ts';
import type { WechatSandboxFields } from '../../simulators/src/wechat/config.ts';

/** `$HELIU_HOME/sandbox.json`: everything a script or a person needs to use the sandbox. Holds private keys: 0600. */
export interface SandboxFile {
  readonly gateway: { readonly url: string; readonly platform_public_key: string };
  readonly merchant: { readonly merchant_id: string; readonly private_key: string; readonly public_key: string };
  readonly console: { readonly login_name: string; readonly password: string };
  readonly simulators: {
    /** Wallet page and controls. */
    readonly url: string;
    readonly wechat: WechatSandboxFields;
    readonly alipay: AlipaySandboxEntry;
    readonly bank: BankSandboxEntry;
  };
  /** The demo shop. */
  readonly shop: { readonly url: string };
}

/** Name of the file under HELIU_HOME. */
export const SANDBOX_FILE = 'sandbox.json';

/**
 * Reads the message by which the simulators' process says that it answers.
 *
 * @throws when it is something else: the two programs do not fit together
 */
export function readAnnouncement(message: unknown): SandboxFile['simulators'] {
  const { addresses, wechat, alipay, bank } = message as Pick<
    RunningSimulators,
    'addresses' | 'wechat' | 'alipay' | 'bank'
  >;
  if (typeof addresses?.control !== 'string' || !wechat || !alipay || !bank) {
    throw new Error("the simulators' announcement is not understood");
  }
  return { url: addresses.control, wechat, alipay, bank };
}
