/**
 * The ways to pay, and which of them work here. A way is shown only when the gateway has it: pay types come from the
 * configuration, preorders are asked for, and a way that the gateway refuses to route is taken away when it says so.
 */
import { isRefused, type Heliu, type PayType } from '../../../sdk/typescript/src/index.ts';

export type Way = 'wechat' | 'alipay' | 'cashier' | 'code' | 'transfer';

/** In the order in which they are shown. */
export const WAYS: readonly Way[] = ['wechat', 'alipay', 'cashier', 'code', 'transfer'];

const PAY_TYPE_OF: Readonly<Record<Exclude<Way, 'cashier'>, PayType>> = {
  wechat: 'wechat.scan',
  alipay: 'alipay.scan',
  code: 'common.micro',
  transfer: 'ecp.transfer',
};

export class WaysToPay {
  readonly #heliu: Heliu;
  readonly #open: Set<Way>;

  /** @param pay_types what the merchant has routed */
  constructor(heliu: Heliu, pay_types: readonly string[]) {
    this.#heliu = heliu;
    const routed = Object.entries(PAY_TYPE_OF).filter(([, pay_type]) => pay_types.includes(pay_type));
    this.#open = new Set(routed.map(([way]) => way as Way));
  }

  /** Asks the gateway for a preorder that nobody made: a gateway that has preorders says that there is none of this number. */
  async askForCashier(): Promise<void> {
    const refusal: unknown = await this.#heliu
      .queryPreorder({ mch_pre_id: 'shop.nothing' })
      .catch((error: unknown) => error);
    if (isRefused(refusal, 'no_order')) this.#open.add('cashier');
  }

  get open(): readonly Way[] {
    return WAYS.filter((way) => this.#open.has(way));
  }

  /** Takes a way away when the gateway says that it has no route for it. */
  learnFrom(way: Way, error: unknown): void {
    const unknown_type = isRefused(error, 'malformed_field') && error.msg.startsWith('pay_type');
    if (unknown_type || isRefused(error, 'no_route', 'not_found')) this.#open.delete(way);
  }
}

export function isWay(text: string | null): text is Way {
  return WAYS.includes(text as Way);
}
