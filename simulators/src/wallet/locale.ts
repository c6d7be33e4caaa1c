import { textsEn } from './texts-en.ts';
import { textsZh } from './texts-zh.ts';
import type { Texts } from './texts-zh.ts';

export type Locale = 'zh' | 'en';

/** Named for this page: cookies of one host are shared by all its ports. */
export const LOCALE_COOKIE = 'heliu_wallet_lang';

export const textsOf: Readonly<Record<Locale, Texts>> = { zh: textsZh, en: textsEn };

/**
 * The language of the page: what was just chosen, else what was chosen before, else the browser's first preference
 * that we have, else Chinese.
 *
 * @param chosen `lang` of the query string
 * @param headers request headers, lower-case names
 */
export function chooseLocale(chosen: string | null, headers: Readonly<Record<string, string>>): Locale {
  if (isLocale(chosen)) return chosen;
  const cookies = (headers['cookie'] ?? '').split(';').map((pair) => pair.trim().split('='));
  const cookie = cookies.find(([name]) => name === LOCALE_COOKIE)?.[1];
  if (isLocale(cookie)) return cookie;
  return preferences(headers['accept-language'] ?? '').find(isLocale) ?? 'zh';
}

/** Primary language tags of Accept-Language (RFC 9110 12.5.4), best first. */
function preferences(header: string): string[] {
  return header
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters.map((text) => text.trim()).find((text) => text.startsWith('q='));
      return { language: tag.split('-')[0] ?? '', weight: quality === undefined ? 1 : Number(quality.slice(2)) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((left, right) => right.weight - left.weight)
    .map(({ language }) => language);
}

export function isLocale(text: string | null | undefined): text is Locale {
  return text === 'zh' || text === 'en';
}
