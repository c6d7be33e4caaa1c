import type { PaidReport, StubCounts, StubSettings, StubStarted } from './channel-stub.ts';
import type { Child } from './child.ts';
import { startChild } from './child.ts';
import { runSql, startBenchServer } from './database-server.ts';
import type { BenchServer } from './database-server.ts';
import { makeKeys } from './keys.ts';
import type { BenchKeys } from './keys.ts';
import type { ClosedLoopCommand, LoadReport, OpenLoopCommand, PrepareCommand, StockContent } from './load.ts';
import type { MerchantSettings } from './merchant-calls.ts';
import { wechatScan } from './pay-types.ts';
import { cpuSeconds } from './processes.ts';
import type { Program } from './program.ts';

/** What every scenario stands on: the database server, the channel stub, the load generator, keys. */
export class Bench {
  readonly keys: BenchKeys;
  readonly server: BenchServer;
  readonly channel_url: string;
  readonly #stub: Child;
  readonly #load: Child;

  private constructor(keys: BenchKeys, server: BenchServer, stub: Child, load: Child, channel_url: string) {
    this.keys = keys;
    this.server = server;
    this.channel_url = channel_url;
    this.#stub = stub;
    this.#load = load;
  }

  static async open(): Promise<Bench> {
    const keys = makeKeys();
    const server = await startBenchServer();
    const stub = await startChild(new URL('./channel-stub.ts', import.meta.url));
    const load = await startChild(new URL('./load.ts', import.meta.url));
    const settings: StubSettings = {
      wechat_private_key: keys.wechat.private_key,
      wechat_serial: keys.wechat_serial,
      api_v3_key: keys.api_v3_key,
      alipay_private_key: keys.alipay.private_key,
    };
    const { url } = await stub.call<StubStarted>('start', settings);
    return new Bench(keys, server, stub, load, url);
  }

  /**
   * Has the load generator sign requests until the stock holds `count`.
   *
   * @param content what a new stock is made of; the reference's pay type when left out
   */
  async prepare(
    stock: string,
    count: number,
    merchant: MerchantSettings,
    content: StockContent = { kind: 'orders', pay_types: [wechatScan()] },
  ): Promise<void> {
    const command: PrepareCommand = { stock, count: Math.ceil(count), merchant, content };
    await this.#load.call<number>('prepare', command);
  }

  /** Empties a stock, so that it can be made of something else. */
  async discard(stock: string): Promise<void> {
    await this.#load.call('discard', stock);
  }

  closedLoop(command: ClosedLoopCommand): Promise<LoadReport> {
    return this.#load.call<LoadReport>('closedLoop', command);
  }

  openLoop(command: OpenLoopCommand): Promise<LoadReport> {
    return this.#load.call<LoadReport>('openLoop', command);
  }

  /** From now on the stub remembers orders, so that `payRemembered` can pay them. */
  async rememberOrders(): Promise<void> {
    await this.#stub.call('rememberOrders');
  }

  /** Pays every remembered order: a signed callback for each, as WeChat Pay sends it. */
  payRemembered(): Promise<PaidReport> {
    return this.#stub.call<PaidReport>('payRemembered');
  }

  /** Closes every remembered order: a query finds it so. */
  async closeRemembered(): Promise<void> {
    await this.#stub.call('closeRemembered');
  }

  stubCounts(): Promise<StubCounts> {
    return this.#stub.call<StubCounts>('report');
  }

  /**
   * What autovacuum does within a minute on a new database, done now: until a table has statistics PostgreSQL may keep a
   * plan that reads all of it. Then everything is written out.
   */
  async settle(program: Program): Promise<void> {
    await runSql(program.database_url, 'ANALYZE');
    await this.server.checkpoint();
  }

  /** CPU seconds used so far by a program and by the database server. */
  cpuOf(program: Program): { readonly program: number; readonly database: number } {
    return { program: cpuSeconds(program.pids), database: cpuSeconds([this.server.pid]) };
  }

  async close(): Promise<void> {
    await this.#load.stop();
    await this.#stub.stop();
    await this.server.stop();
  }
}

/** Errors of a load report as lines, prefixed by where they happened. */
export function loadErrors(where: string, report: LoadReport): readonly string[] {
  const lines = Object.entries(report.errors).map(([kind, count]) => `${where}: ${count} × ${kind}`);
  return report.succeeded === 0 ? [...lines, `${where}: no call succeeded`] : lines;
}
