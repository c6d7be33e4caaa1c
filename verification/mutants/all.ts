import { ORDER_DECISIONS } from './list/order-decisions.ts';
import { ORDER_STORAGE } from './list/order-storage.ts';
import type { Mutant } from './mutant.ts';

/** Every planted bug. */
export const MUTANTS: readonly Mutant[] = [...ORDER_DECISIONS, ...ORDER_STORAGE];
