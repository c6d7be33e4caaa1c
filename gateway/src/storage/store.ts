import { createBankCreditStore, type BankCreditStore } from './bank-credits.ts';
import { createBankFileStore, type BankFileStore } from './bank-files.ts';
import { createBankReturnStore, type BankReturnStore } from './bank-returns.ts';
import type { ConfigurationStore } from './configuration.ts';
import { createConfigurationStore } from './configuration.ts';
import type { Database, Statement } from './database.ts';
import type { ExceptionStore } from './exceptions.ts';
import { createExceptionStore } from './exceptions.ts';
import type { JobStore } from './jobs.ts';
import { createJobStore } from './jobs.ts';
import { createLogoStore, type LogoStore } from './logos.ts';
import type { NotificationStore } from './notifications.ts';
import { createNotificationStore } from './notifications.ts';
import type { OrderStore } from './orders.ts';
import { createOrderStore } from './orders.ts';
import type { PayerAuthorizationStore } from './payer-authorizations.ts';
import { createPayerAuthorizationStore } from './payer-authorizations.ts';
import type { PreorderStore } from './preorders.ts';
import { createPreorderStore } from './preorders.ts';
import type { RefundStore } from './refunds.ts';
import { createRefundStore } from './refunds.ts';
import type { Sealer } from './seal.ts';
import type { UserStore } from './users.ts';
import { createUserStore } from './users.ts';
import { createVirtualAccountStore, type VirtualAccountStore } from './virtual-accounts.ts';

/** Everything that is stored, by subject. */
export interface Store {
  readonly orders: OrderStore;
  readonly preorders: PreorderStore;
  readonly payer_authorizations: PayerAuthorizationStore;
  readonly refunds: RefundStore;
  readonly jobs: JobStore;
  readonly notifications: NotificationStore;
  readonly exceptions: ExceptionStore;
  readonly configuration: ConfigurationStore;
  readonly users: UserStore;
  readonly logos: LogoStore;
  readonly virtual_accounts: VirtualAccountStore;
  readonly bank_credits: BankCreditStore;
  readonly bank_returns: BankReturnStore;
  readonly bank_files: BankFileStore;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
}

const PING: Statement = { name: 'ping', text: 'SELECT 1' };

/**
 * @param database durable statements
 * @param relaxed the same database without waiting for the disk, for nonces of requests that change nothing
 */
export function createStore(database: Database, relaxed: Database, sealer: Sealer): Store {
  return {
    orders: createOrderStore(database, relaxed),
    preorders: createPreorderStore(database),
    payer_authorizations: createPayerAuthorizationStore(database),
    refunds: createRefundStore(database),
    jobs: createJobStore(database),
    notifications: createNotificationStore(database),
    exceptions: createExceptionStore(database),
    configuration: createConfigurationStore(database, sealer),
    logos: createLogoStore(database),
    users: createUserStore(database),
    virtual_accounts: createVirtualAccountStore(database),
    bank_credits: createBankCreditStore(database),
    bank_returns: createBankReturnStore(database),
    bank_files: createBankFileStore(database),
    async ping() {
      await database.query(PING, []);
    },
  };
}
