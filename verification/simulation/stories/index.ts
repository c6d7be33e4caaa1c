import { changesMind } from './changes-mind.ts';
import { deaf } from './deaf.ts';
import { givesUp } from './gives-up.ts';
import { late } from './late.ts';
import { meddler } from './meddler.ts';
import { numbers } from './numbers.ts';
import { operator } from './operator.ts';
import { prepay } from './prepay.ts';
import { repeats } from './repeats.ts';
import { scan } from './scan.ts';
import type { Story } from './story.ts';
import { till } from './till.ts';
import { transfer } from './transfer.ts';

/** What people do, by name. */
export const STORIES: Readonly<Record<string, Story>> = {
  scan,
  till,
  'changes-mind': changesMind,
  late,
  'gives-up': givesUp,
  repeats,
  prepay,
  meddler,
  transfer,
  numbers,
  operator,
  deaf,
};
