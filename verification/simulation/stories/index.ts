import { cashier, oldTry, wechatLink } from './cashier.ts';
import { changesMind, paidUnseen, promisedInVain } from './changes-mind.ts';
import { late } from './late.ts';
import { crowd, meddler, passerBy } from './meddler.ts';
import { prepay } from './prepay.ts';
import { repeats } from './repeats.ts';
import { scan } from './scan.ts';
import type { Story } from './story.ts';
import { leftAlone, reversedMeanwhile, till } from './till.ts';
import {
  crumbs,
  deaf,
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
  repeats,
  prepay,
  cashier,
  'old-try': oldTry,
  'wechat-link': wechatLink,
  meddler,
  crowd,
  'passer-by': passerBy,
  denied,
  regret,
  poor,
  locked,
  mistaken,
  impostor,
  stuck,
  deaf,
  crumbs,
  'much-later': muchLater,
  rush,
};
