/** What tests of bank transfers do again and again: place an order, let somebody transfer, look at what became of it. */
import { expect } from 'vitest';
import { readExceptions, type ExceptionRow } from './books.ts';
import type { Json, MerchantClient } from './merchant.ts';
import { eventually, type World } from './world.ts';

export interface Placed {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly fund_acc: string;
  /** Where its merchant is notified. */
  readonly path: string;
}

/** The digits as they stand in the text: a double might not hold them. */
export function numberIn(pay_info: unknown): string {
  return /"fund_acc":(\d+)/.exec(String(pay_info))?.[1] ?? '';
}

export class BankDesk {
  readonly #world: () => World;
  readonly #name: string;
  #count = 0;

  /** @param name begins the numbers of its orders */
  constructor(world: () => World, name: string) {
    this.#world = world;
    this.#name = name;
  }

  /** The fields of an order of 76.22 yuan under a new number. */
  fields(more: Json = {}): Json & { mch_trade_id: string } {
    this.#count += 1;
    const mch_trade_id = `${this.#name}.${this.#count}`;
    return {
      pay_type: 'ecp.transfer',
      mch_trade_id,
      total_fee: 7622,
      body: "This's Subjects Alex test",
      notify_url: this.#world().notify.url(`/${mch_trade_id}`),
      store_id: '9527',
      ...more,
    };
  }

  /** Places an order. */
  async place(more: Json = {}, client: MerchantClient = this.#world().merchant): Promise<Placed> {
    const fields = this.fields(more);
    const answer = await client.call('/v2/pay', fields);
    expect(answer).toMatchObject({ code: 0, signed: true });
    const { mch_trade_id } = fields;
    const trade_id = String(answer.data['trade_id']);
    return { trade_id, mch_trade_id, fund_acc: numberIn(answer.data['pay_info']), path: `/${mch_trade_id}` };
  }

  /** Somebody transfers to a number. Answers the bank's reference. */
  async transfer(order: Pick<Placed, 'fund_acc'>, amount = 7622, more: Json = {}): Promise<string> {
    const sent = await this.#world().control('POST', '/control/transfer', {
      fund_acc: order.fund_acc,
      amount,
      payer_name: '广州某某贸易有限公司',
      ...more,
    });
    expect(sent.status).toBe(200);
    return String(sent.body['reference']);
  }

  /** Places an order and pays it. */
  async paid(more: Json = {}): Promise<Placed & { readonly reference: string }> {
    const order = await this.place(more);
    const reference = await this.transfer(order);
    await this.#world().notify.waitFor(order.path);
    return { ...order, reference };
  }

  async creditState(reference: string): Promise<unknown> {
    const rows = await this.#world().sql<Json>('SELECT state FROM bank_credits WHERE reference = $1', [reference]);
    return rows[0]?.['state'];
  }

  async reaches(reference: string, state: string): Promise<void> {
    await eventually(async () => (await this.creditState(reference)) === state);
  }

  /** Waits until a credit is held. Answers its matter in the queue. */
  async held(reference: string): Promise<ExceptionRow> {
    await this.reaches(reference, 'held');
    const found = (await readExceptions(this.#world())).filter((one) => one.detail['reference'] === reference);
    expect(found).toHaveLength(1);
    return found[0] as ExceptionRow;
  }

  /** The number of a held credit's matter in the queue. */
  async exceptionOf(reference: string): Promise<string> {
    await this.reaches(reference, 'held');
    const rows = await this.#world().sql<Json>('SELECT exception_id FROM bank_credits WHERE reference = $1', [
      reference,
    ]);
    return String(rows[0]?.['exception_id']);
  }

  async query(order: Pick<Placed, 'mch_trade_id'>): Promise<Json> {
    return (await this.#world().merchant.call('/v2/pay/query', { mch_trade_id: order.mch_trade_id })).data;
  }

  /** What the queue has of a kind. */
  async matters(kind: string): Promise<ExceptionRow[]> {
    return (await readExceptions(this.#world())).filter((one) => one.kind === kind);
  }

  async ledger(kind: string): Promise<Json[]> {
    const entries = (await this.#world().control('GET', '/control/ledger?channel=bank')).body['entries'] as Json[];
    return entries.filter((one) => one['kind'] === kind);
  }
}
