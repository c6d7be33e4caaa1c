/** What the shop sells. Prices are the server's: a browser sends only how many of what. */
export interface Good {
  readonly id: string;
  readonly name: { readonly zh: string; readonly en: string };
  /** Fen. */
  readonly price_fen: number;
  readonly picture: 'cup' | 'glass' | 'leaf' | 'cake' | 'bread' | 'bean';
}

export const GOODS: readonly Good[] = [
  { id: 'americano', name: { zh: '美式咖啡', en: 'Americano' }, price_fen: 1800, picture: 'cup' },
  { id: 'latte', name: { zh: '燕麦拿铁', en: 'Oat latte' }, price_fen: 2600, picture: 'glass' },
  { id: 'oolong', name: { zh: '冷泡乌龙', en: 'Cold-brewed oolong' }, price_fen: 1600, picture: 'leaf' },
  { id: 'cake', name: { zh: '巴斯克蛋糕', en: 'Basque cheesecake' }, price_fen: 3200, picture: 'cake' },
  { id: 'croissant', name: { zh: '黄油可颂', en: 'Butter croissant' }, price_fen: 1500, picture: 'bread' },
  {
    id: 'beans',
    name: { zh: '云南咖啡豆 250 克', en: 'Yunnan coffee beans, 250 g' },
    price_fen: 8800,
    picture: 'bean',
  },
];

export const MOST_OF_ONE = 20;

/** Goods that somebody wants, and how many of each. */
export type Basket = readonly { readonly good: Good; readonly count: number }[];

/** Reads how many of what from a form: fields `count.<id>`. Nonsense counts as none. */
export function readBasket(form: URLSearchParams): Basket {
  return GOODS.flatMap((good) => {
    const text = form.get(`count.${good.id}`) ?? '';
    const count = /^\d{1,2}$/.test(text) ? Math.min(Number(text), MOST_OF_ONE) : 0;
    return count > 0 ? [{ good, count }] : [];
  });
}

/** Fen. */
export function totalOf(basket: Basket): number {
  return basket.reduce((sum, { good, count }) => sum + good.price_fen * count, 0);
}

/** Fen as yuan: 221 → ¥2.21. */
export function yuan(fen: number): string {
  return `¥${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
}
