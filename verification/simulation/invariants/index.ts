import { answersSurvive } from './answers-survive.ts';
import { arrows } from './arrows.ts';
import { booksAgree } from './books-agree.ts';
import { changeIsTold } from './change-is-told.ts';
import type { Invariant } from './invariant.ts';
import { merchantHears } from './merchant-hears.ts';
import { noSecretInLogs } from './no-secret-in-logs.ts';
import { noSystemError } from './no-system-error.ts';
import { nothingUndecided } from './nothing-undecided.ts';
import { nothingUntrue } from './nothing-untrue.ts';
import { oneOwnerOfNumber } from './one-owner-of-number.ts';
import { oneSuccess } from './one-success.ts';
import { oneSuccessOfPreorder } from './one-success-of-preorder.ts';
import { refundsWithinPayment } from './refunds-within-payment.ts';
import { transfersAgree } from './transfers-agree.ts';

/** What must always hold, each in a file of its own. */
export const INVARIANTS: readonly Invariant[] = [
  oneSuccess,
  oneSuccessOfPreorder,
  refundsWithinPayment,
  arrows,
  changeIsTold,
  merchantHears,
  nothingUntrue,
  answersSurvive,
  oneOwnerOfNumber,
  noSecretInLogs,
  noSystemError,
  booksAgree,
  transfersAgree,
  nothingUndecided,
];
