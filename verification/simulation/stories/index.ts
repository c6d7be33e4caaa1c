import { bankMoments } from './bank-moments.ts';
import { cashier, oldTry, wechatLink } from './cashier.ts';
import { changesMind, paidUnseen, promisedInVain } from './changes-mind.ts';
import { deaf } from './deaf.ts';
import { givesUp } from './gives-up.ts';
import { late } from './late.ts';
import { crowd, meddler, passerBy } from './meddler.ts';
import { numbers } from './numbers.ts';
import { operator } from './operator.ts';
import { prepay } from './prepay.ts';
import { repeats } from './repeats.ts';
import { scan } from './scan.ts';
import type { Story } from './story.ts';
import { leftAlone, reversedMeanwhile, till } from './till.ts';
import {
  crumbs,
  deaf as deafForGood,
  denied,
  impostor,
  locked,
  mistaken,
  muchLater,
  poor,
  refusedLater,
  regret,
  rush,
  stuck,
} from './troubles.ts';
import { transfer } from './transfer.ts';

/** What people do, by name. */
export const STORIES: Readonly<Record<string, Story>> = {
  scan,
  till,
  'changes-mind': changesMind,
  'promised-in-vain': promisedInVain,
  'paid-unseen': paidUnseen,
  'reversed-meanwhile': reversedMeanwhile,
  'left-alone': leftAlone,
  'refused-later': refusedLater,
  late,
  'gives-up': givesUp,
  repeats,
  prepay,
  cashier,
  'old-try': oldTry,
  'wechat-link': wechatLink,
  meddler,
  transfer,
  'bank-moments': bankMoments,
  numbers,
  operator,
  deaf,
  crowd,
  'passer-by': passerBy,
  denied,
  regret,
  poor,
  locked,
  mistaken,
  impostor,
  stuck,
  'deaf-for-good': deafForGood,
  crumbs,
  'much-later': muchLater,
  rush,
};
