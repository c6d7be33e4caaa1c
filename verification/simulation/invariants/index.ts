import { answersSurvive } from './answers-survive.ts';
import { arrows } from './arrows.ts';
import { booksAgree } from './books-agree.ts';
import { changeIsTold } from './change-is-told.ts';
import { closedThereFirst } from './closed-there-first.ts';
import type { Invariant } from './invariant.ts';
import { merchantHears } from './merchant-hears.ts';
import { noSecretInLogs } from './no-secret-in-logs.ts';
import { noSystemError } from './no-system-error.ts';
import { nothingUndecided } from './nothing-undecided.ts';
import { nothingUntrue } from './nothing-untrue.ts';
import { placedOnce } from './placed-once.ts';
import { oneOwnerOfNumber } from './one-owner-of-number.ts';
import { oneSuccess } from './one-success.ts';
import { oneSuccessOfPreorder } from './one-success-of-preorder.ts';
import { oneUseOfCredit } from './one-use-of-credit.ts';
import { payoutsAgree } from './payouts-agree.ts';
import { refundsWithinPayment } from './refunds-within-payment.ts';
import { transfersAgree } from './transfers-agree.ts';
import { wantedEnds } from './wanted-ends.ts';

/** What must always hold, each in a file of its own. */
export const INVARIANTS: readonly Invariant[] = [
  oneSuccess,
  oneSuccessOfPreorder,
  placedOnce,
  closedThereFirst,
  refundsWithinPayment,
  arrows,
  changeIsTold,
  merchantHears,
  nothingUntrue,
  answersSurvive,
  oneOwnerOfNumber,
  oneUseOfCredit,
  noSecretInLogs,
  noSystemError,
  booksAgree,
  transfersAgree,
  payoutsAgree,
  nothingUndecided,
  wantedEnds,
];
