/** Customers of one merchant who order, pay and want their money back, and a merchant that insists until it knows. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Json } from '../merchant.ts';
import { MerchantCalls, type Called } from './merchant-calls.ts';
import { randomFrom, seedFor, type Random } from './random.ts';
import { ControlRefused } from './simulators-process.ts';
import type { Tally } from './tally.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

const SHOPPERS = 6;

/** Between two requests of one shopper, at most: the cores are for everybody. */
const PAUSE_MS = 60;

/** How often a merchant repeats a request whose outcome it does not know. */
const PATIENCE = 12;

/** What a till's payment code does; more of those that pay than of the others. */
const CODE_BEHAVIOURS = ['pay', 'pay', 'pay', 'pay', 'insufficient', 'timeout_but_paid'] as const;

/** Those of which the outcome is known at once. */
const PROMPT_BEHAVIOURS = ['pay', 'insufficient'] as const;

export interface LoadOptions {
  /** Begins every number of this load. */
  readonly name: string;
  readonly seed: number;
  /** Nothing is asked of the channels that leaves an outcome open by itself. */
  readonly is_prompt: boolean;
}

export class Load {
  readonly tally: Tally;
  #stopped = false;
  readonly #shopping: Promise<unknown>;

  constructor(world: World, tally: Tally, options: LoadOptions) {
    this.tally = tally;
    const { merchant, platform_public_key, ways } = world;
    const calls = new MerchantCalls({ url: ways.merchant.url, merchant, platform_public_key }, tally);
    this.#shopping = Promise.all(
      Array.from({ length: SHOPPERS }, (_unused, index) => {
        const random = randomFrom(seedFor(options.seed, `shopper ${index}`));
        const own = { ...options, name: `${options.name}.${index}` };
        return new Shopper(world, calls, random, own, () => this.#stopped).shop();
      }),
    );
    // Told by stop().
    this.#shopping.catch(() => undefined);
  }

  /** Waits until so many more requests have been answered with success; answers how long that took. */
  async moreSuccesses(count: number, limit_ms = 40_000): Promise<number> {
    const began_ms = performance.now();
    const wanted = this.tally.successes.length + count;
    await until(`${count} more answers`, limit_ms, () => this.tally.successes.length >= wanted);
    return performance.now() - began_ms;
  }

  /** No new order begins, and everybody comes to an end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#shopping;
  }
}

class Shopper {
  readonly #world: World;
  readonly #calls: MerchantCalls;
  readonly #random: Random;
  readonly #options: LoadOptions;
  readonly #stopped: () => boolean;

  constructor(world: World, calls: MerchantCalls, random: Random, options: LoadOptions, stopped: () => boolean) {
    this.#world = world;
    this.#calls = calls;
    this.#random = random;
    this.#options = options;
    this.#stopped = stopped;
  }

  async shop(): Promise<void> {
    for (let number = 1; !this.#stopped(); number += 1) {
      const mch_trade_id = `${this.#options.name}.${number}`;
      if (this.#random.chance(0.25)) await this.#atTill(mch_trade_id);
      else await this.#byScan(mch_trade_id);
    }
  }

  async #byScan(mch_trade_id: string): Promise<void> {
    const pay_type = this.#random.pick(['wechat.scan', 'alipay.scan']);
    const placed = await this.#insist('/v2/pay', this.#claims(mch_trade_id, pay_type));
    if (placed?.code !== 0) return;
    if (this.#random.chance(0.15)) {
      await this.#insist('/v2/pay/close', { mch_trade_id });
      return;
    }
    if (this.#random.chance(0.1) || !(await this.#customerPays(placed.data['code_url']))) return;
    if (this.#random.chance(0.7)) await this.#insist('/v2/pay/query', { mch_trade_id });
    // A reverse is answered 601 until the channel has confirmed that the money is back.
    if (!this.#options.is_prompt && this.#random.chance(0.1)) {
      await this.#insist('/v2/pay/reverse', { mch_trade_id });
      return;
    }
    for (let refunds = this.#random.below(3); refunds > 0; refunds -= 1) await this.#refund(mch_trade_id, refunds);
  }

  async #atTill(mch_trade_id: string): Promise<void> {
    const { is_prompt } = this.#options;
    const wallet = this.#random.pick(['wechat', 'alipay']);
    const behaviour = this.#random.pick(is_prompt ? PROMPT_BEHAVIOURS : CODE_BEHAVIOURS);
    const code = await this.#control('/control/auth-code', { wallet, behaviour });
    if (!code) return;
    const claims = this.#claims(mch_trade_id, 'common.micro');
    const paid = await this.#insist('/v2/pay', { ...claims, auth_code: code['auth_code'] }, 3);
    if (paid?.code !== 0) await this.#insist('/v2/pay/query', { mch_trade_id }, 3);
    // A reverse that comes so soon is answered "not sure yet".
    if (!is_prompt && this.#random.chance(0.3)) await this.#insist('/v2/pay/reverse', { mch_trade_id }, 3);
  }

  async #refund(mch_trade_id: string, number: number): Promise<void> {
    const mch_refund_id = `${mch_trade_id}.r${number}`;
    await this.#insist('/v2/pay/refund', {
      mch_trade_id,
      mch_refund_id,
      refund_fee: 1 + this.#random.below(120),
      refund_desc: 'returned',
      notify_url: this.#world.notifyUrl(`/${mch_refund_id}`),
    });
    if (this.#random.chance(0.3)) await this.#calls.call('/v2/pay/refund_query', { mch_refund_id, mch_trade_id });
  }

  #claims(mch_trade_id: string, pay_type: string): Json {
    return {
      pay_type,
      mch_trade_id,
      total_fee: 100 + this.#random.below(900),
      body: 'goods',
      spbill_create_ip: '127.0.0.1',
      notify_url: this.#world.notifyUrl(`/${mch_trade_id}`),
    };
  }

  async #customerPays(code: unknown): Promise<boolean> {
    return (await this.#control('/control/scan', { code, action: 'pay' })) !== null;
  }

  /** A customer does not give up while the channel is away; null when the channel refuses, or the load ends. */
  async #control(path: string, body: Json): Promise<Json | null> {
    for (;;) {
      try {
        return await this.#world.simulators.control('POST', path, body);
      } catch (error) {
        if (error instanceof ControlRefused || this.#stopped()) return null;
        await wait(200);
      }
    }
  }

  /**
   * Sends the same request until its outcome is known. Now and then the merchant gives up when no answer comes (null), and what
   * was begun is left to the gateway alone.
   */
  async #insist(path: string, fields: Json, patience = PATIENCE): Promise<Called | null> {
    let last: Called | null = null;
    for (let attempt = 0; attempt < patience; attempt += 1) {
      await wait(this.#random.below(PAUSE_MS) + Math.min(attempt, 5) * PAUSE_MS);
      last = await this.#calls.call(path, fields);
      // 302 to a refund: the payment has not been heard of yet.
      const is_open = last === null || [500, 503, 601].includes(last.code);
      const is_early = last?.code === 302 && path === '/v2/pay/refund';
      if (!is_open && !is_early) return last;
      if (last === null && this.#random.chance(0.2)) return null;
      if (this.#stopped() && attempt > 1) return last;
    }
    return last;
  }
}
