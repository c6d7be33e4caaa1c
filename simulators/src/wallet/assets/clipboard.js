import { toast } from './dom.js';
import { text } from './page-data.js';

/** Copies text and says whether it could. */
export async function copyText(copied) {
  await tellWhetherCopied(() => navigator.clipboard.writeText(copied));
}

/** Runs what copies and says whether it could. */
export async function tellWhetherCopied(copy) {
  try {
    await copy();
    toast(text('copied'));
  } catch {
    toast(text('copyRefused'), 'bad');
  }
}
