import { ALIPAY } from './list/alipay.ts';
import { BANK } from './list/bank.ts';
import { CLIENTS } from './list/clients.ts';
import { MERCHANT_API } from './list/merchant-api.ts';
import { NOTIFICATIONS } from './list/notifications.ts';
import { ORDER_DECISIONS } from './list/order-decisions.ts';
import { ORDER_STORAGE } from './list/order-storage.ts';
import { PAYMENT_PAGE } from './list/payment-page.ts';
import { PLACING } from './list/placing.ts';
import { PROCESS } from './list/process.ts';
import { REFUNDS } from './list/refunds.ts';
import { SIMULATION } from './list/simulation.ts';
import { WECHAT } from './list/wechat.ts';
import type { Mutant } from './mutant.ts';

/** Every planted bug. */
export const MUTANTS: readonly Mutant[] = [
  ...ORDER_DECISIONS,
  ...ORDER_STORAGE,
  ...PLACING,
  ...REFUNDS,
  ...NOTIFICATIONS,
  ...WECHAT,
  ...ALIPAY,
  ...BANK,
  ...MERCHANT_API,
  ...PAYMENT_PAGE,
  ...PROCESS,
  ...CLIENTS,
  ...SIMULATION,
];
