import type { Mutant } from '../mutant.ts';
import { NOTIFICATIONS } from './notifications.ts';
import { ORDER_DECISIONS } from './order-decisions.ts';
import { ORDER_STORAGE } from './order-storage.ts';
import { PLACING } from './placing.ts';
import { REFUNDS } from './refunds.ts';

const BY_A_TEST = [...ORDER_DECISIONS, ...ORDER_STORAGE, ...PLACING, ...REFUNDS, ...NOTIFICATIONS];

/** Bugs of moments that nobody writes down: what a named test sees, the seeded worlds must see by themselves. */
const SEEN_IN_WORLDS = [
  'order-saved-over-a-newer-version',
  'notification-without-a-job',
  'order-closed-without-its-channel',
  'late-payment-told-as-paid',
  'lost-refund-releases-its-amount',
];

export const SIMULATION: readonly Mutant[] = SEEN_IN_WORLDS.map((name) => {
  const mutant = BY_A_TEST.find((one) => one.name === name);
  if (!mutant) throw new Error(`no bug is planted under the name ${name}`);
  return {
    ...mutant,
    name: `simulated-${name}`,
    caught_by: {
      test: {
        file: 'verification/test/simulation-seeds.test.ts',
        name: 'everything that must always hold does so in twenty worlds full of trouble',
      },
    },
  };
});
