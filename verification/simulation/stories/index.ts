import { cashier, oldTry, wechatLink } from './cashier.ts';
import { changesMind } from './changes-mind.ts';
import { late } from './late.ts';
import { crowd, meddler, passerBy } from './meddler.ts';
import { prepay } from './prepay.ts';
import { repeats } from './repeats.ts';
import { scan } from './scan.ts';
import type { Story } from './story.ts';
import { till } from './till.ts';
import { crumbs, deaf, denied, impostor, locked, mistaken, muchLater, poor, regret, rush, stuck } from './troubles.ts';

/** What people do, by name. */
export const STORIES: Readonly<Record<string, Story>> = {
  scan,
  till,
  'changes-mind': changesMind,
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
