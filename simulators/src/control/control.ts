import type { FaultBoard } from '../faults/registry.ts';
import type { ChannelSimulator } from '../kernel/channel-simulator.ts';
import type { Ledger } from '../kernel/ledger.ts';
import type { Handler } from '../kernel/ports.ts';
import { walletRoutes, type WalletLinks } from '../wallet/routes.ts';
import type { BankSimulator } from '../bank/simulator.ts';
import { authCodeRoutes } from './auth-codes.ts';
import { bankRoutes } from './bank.ts';
import { cadenceRoutes } from './cadence.ts';
import { callbackRoutes } from './callbacks.ts';
import { faultRoutes } from './faults.ts';
import { finishRoutes } from './finish.ts';
import type { TradeFinisher } from './finish.ts';
import { invocationRoutes } from './invocations.ts';
import { ledgerRoutes } from './ledger.ts';
import { paymentRoutes } from './payments.ts';
import { platformKeyRoutes } from './platform-key.ts';
import type { PlatformKeyHolder } from './platform-key.ts';
import { controlHandler } from './router.ts';

/** What the controls act on. */
export interface ControlParts {
  readonly wechat: ChannelSimulator & PlatformKeyHolder;
  readonly alipay: ChannelSimulator & TradeFinisher;
  readonly bank: BankSimulator;
  readonly faults: FaultBoard;
  readonly ledger: Ledger;
  /** Where the wallet page leads; absent: nowhere. */
  readonly links?: WalletLinks;
}

/** The control port: the control API and the wallet page, which uses nothing else. */
export function createControl({ wechat, alipay, bank, faults, ledger, links }: ControlParts): Handler {
  const channels: readonly ChannelSimulator[] = [wechat, alipay];
  const tellers = [...channels, bank];
  const names = tellers.map(({ channel }) => channel);
  return controlHandler([
    ...paymentRoutes(channels),
    ...authCodeRoutes(channels),
    ...invocationRoutes(channels),
    ...faultRoutes(faults, names),
    ...ledgerRoutes(ledger, names),
    ...callbackRoutes(tellers),
    ...finishRoutes(alipay),
    ...cadenceRoutes(tellers),
    ...bankRoutes(bank),
    ...platformKeyRoutes(wechat),
    ...walletRoutes(links),
  ]);
}
