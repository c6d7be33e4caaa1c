/**
 * A whole Heliu in one process and under one seed: gateway nodes with their jobs, both channel simulators, merchants and a
 * payer, on a virtual clock, an in-process network and a real PostgreSQL. The same seed gives the same trace, byte for byte.
 */
import { createHash } from 'node:crypto';
import type { Gateway } from '../../gateway/src/operations/gateway.ts';
import { createMerchant } from '../../gateway/src/operations/merchants.ts';
import { openDatabase, type Database } from '../../gateway/src/storage/database.ts';
import { createSealer } from '../../gateway/src/storage/seal.ts';
import { createStore } from '../../gateway/src/storage/store.ts';
import { FaultBoard } from '../../simulators/src/faults/registry.ts';
import type { AuthCodeBehaviour, PayerAction } from '../../simulators/src/kernel/channel-simulator.ts';
import { memoryJournal } from '../../simulators/src/kernel/journal.ts';
import { Ledger } from '../../simulators/src/kernel/ledger.ts';
import { createAlipaySimulator, type AlipaySimulator } from '../../simulators/src/alipay/simulator.ts';
import { createWechatSimulator, type WechatSimulator } from '../../simulators/src/wechat/simulator.ts';
import { ALIPAY_ORIGIN, provideAccounts, provideRoutes, WECHAT_ORIGIN } from './accounts.ts';
import { SimulatedDatabase } from './database.ts';
import { WORLD_START_MS, type WorldKeys } from './keys.ts';
import { SimulatedMerchant } from './merchant.ts';
import { CALM, Network, type NetworkOptions, type NetworkReply, type NetworkRequest } from './network.ts';
import { createNode, type SimulatedNode } from './node.ts';
import { gatewayPorts, simulatorHandler, simulatorPorts } from './ports.ts';
import type { SeededRandom } from './random.ts';
import { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

export interface WorldOptions {
  readonly seed: string;
  /** A migrated database without data. */
  readonly database_url: string;
  readonly keys: WorldKeys;
  readonly network?: NetworkOptions;
  /** How far each channel's clock is from ours, milliseconds; negative: it is slow. */
  readonly clock_offset_ms?: { readonly wechat?: number; readonly alipay?: number };
  /** How often nodes poll for jobs and configuration. */
  readonly poll_ms?: number;
}

const GATEWAY_URL = 'https://pay.example.com';
const POLL_MS = 60_000;

export class World {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly database: SimulatedDatabase;
  /** The same database without the scheduler: for looking at the end, not while the world runs. */
  readonly raw_database: Database;
  readonly wechat: WechatSimulator;
  readonly alipay: AlipaySimulator;
  /** What both channels did with money. */
  readonly ledger: Ledger;
  readonly faults: FaultBoard;
  readonly merchants: SimulatedMerchant[] = [];
  readonly #options: WorldOptions;
  readonly #master_key: Buffer;
  readonly #choices: SeededRandom;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #running: Promise<void>[] = [];

  /** Use `createWorld`. */
  constructor(options: WorldOptions) {
    this.#options = options;
    this.scheduler = new Scheduler({ seed: options.seed, start_ms: WORLD_START_MS });
    this.#master_key = this.scheduler.random.stream('master key').bytes(32);
    this.#choices = this.scheduler.random.stream('balancer');
    this.network = new Network(this.scheduler, options.network ?? CALM);
    this.raw_database = openDatabase({ url: options.database_url, max_connections: 1 });
    this.database = new SimulatedDatabase(this.scheduler, this.raw_database);
    const journal = memoryJournal();
    this.ledger = new Ledger(journal);
    const board_random = this.scheduler.random.stream('faults');
    this.faults = new FaultBoard({ ports: { randomBytes: (length) => board_random.bytes(length) }, journal });
    const shared = { journal, faults: this.faults, ledger: this.ledger };
    const channelPorts = (name: 'wechat' | 'alipay') =>
      simulatorPorts(this.scheduler, this.network, { name, clock_offset_ms: options.clock_offset_ms?.[name] ?? 0 });
    this.wechat = createWechatSimulator({ ...shared, ports: channelPorts('wechat'), config: options.keys.wechat });
    this.alipay = createAlipaySimulator({ ...shared, ports: channelPorts('alipay'), config: options.keys.alipay });
    this.network.listen(WECHAT_ORIGIN, 'wechat', simulatorHandler(this.wechat.handler));
    this.network.listen(ALIPAY_ORIGIN, 'alipay', simulatorHandler(this.alipay.handler));
    this.network.listen(GATEWAY_URL, 'gateway', (request) => this.#balance(request));
  }

  get trace(): Trace {
    return this.scheduler.trace;
  }

  now_ms(): number {
    return this.scheduler.now_ms();
  }

  /** Names of the gateway nodes that run. */
  nodes(): string[] {
    return [...this.#nodes.keys()];
  }

  /** Starts a gateway node and waits until it serves. Before the world runs; a node started by somebody who acts is `bootNode`. */
  async startNode(name: string, clock_offset_ms = 0): Promise<void> {
    await this.scheduler.during(this.bootNode(name, clock_offset_ms));
  }

  /** Boots a node while the world runs; requests go to it, and to the others that run, once it has resolved. A name is used once. */
  async bootNode(name: string, clock_offset_ms = 0): Promise<void> {
    const node = await createNode(this.scheduler, this.network, {
      party: { name, clock_offset_ms },
      database: this.database.connect(name),
      master_key: this.#master_key,
      public_url: GATEWAY_URL,
      poll_ms: { jobs: this.#options.poll_ms ?? POLL_MS, configuration: this.#options.poll_ms ?? POLL_MS },
    });
    this.trace.note(name, 'starts');
    await node.assembled.open();
    this.#nodes.set(name, node);
  }

  /** Kills a node between two steps: its memory, its timers and what was on its way to or from it are gone. */
  crashNode(name: string): void {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`no node ${name} runs`);
    this.trace.note(name, 'crashes');
    this.#nodes.delete(name);
    this.scheduler.discard(name);
    node.assembled.gateway.metrics.close();
  }

  /** A merchant with a route for every pay type. Before the world runs. */
  async addMerchant(
    name: string,
    settings: { readonly late_payment?: 'refund' | 'accept' } = {},
  ): Promise<SimulatedMerchant> {
    const managed = this.#managed();
    const { keys } = this.#options;
    const merchant_id = String(1_000_000_000_000_000 + this.merchants.length);
    await createMerchant(managed, { merchant_id, name, public_key: keys.merchant.public_key, ...settings });
    await provideRoutes(managed, merchant_id, keys);
    const merchant = new SimulatedMerchant(this.scheduler, this.network, {
      name,
      merchant_id,
      private_key: keys.merchant.private_key,
      gateway_url: GATEWAY_URL,
      platform_public_key: keys.platform.public_key,
    });
    this.merchants.push(merchant);
    return merchant;
  }

  /**
   * Lets somebody act `delay_ms` from now. What they do may last; an error they do not catch ends the run.
   */
  act(delay_ms: number, who: string, what: () => Promise<void>): void {
    this.scheduler.after(delay_ms, who, 'acts', () => {
      this.#running.push(what().catch((error: unknown) => this.scheduler.fail(error)));
    });
  }

  /** The payer scans a code and acts. Throws ControlError when the code cannot be paid. */
  scan(code: string, action: PayerAction): void {
    const channel = [this.wechat, this.alipay].find((candidate) => candidate.ownsCode(code));
    if (!channel) throw new Error(`no wallet knows the code ${code}`);
    const { out_trade_no, state } = channel.scan(code, action);
    this.trace.note('payer', `${action} ${out_trade_no}: ${state}`);
  }

  /** A payment code (付款码) that behaves so when a till presents it. */
  paymentCode(wallet: 'wechat' | 'alipay', behaviour: AuthCodeBehaviour): string {
    return this[wallet].makeAuthCode(behaviour);
  }

  /** Runs the world for so long. */
  async run(duration_ms: number): Promise<void> {
    await this.scheduler.runUntil(this.now_ms() + duration_ms);
  }

  /** Waits, in virtual time, for everybody who acts to be done, and ends the nodes. */
  async close(): Promise<void> {
    try {
      await this.scheduler.during(Promise.all(this.#running));
      for (const node of this.#nodes.values()) await this.scheduler.during(node.assembled.close());
    } finally {
      await this.raw_database.close();
    }
  }

  /** Stores accounts and the platform's key: `createWorld` does. */
  async provide(): Promise<void> {
    const { keys } = this.#options;
    const managed = this.#managed();
    await managed.store.configuration.addFirstPlatformKey({
      key_id: createHash('sha256').update(keys.platform.public_key).digest('hex').slice(0, 16),
      ...keys.platform,
      created_at_ms: this.now_ms(),
    });
    await provideAccounts(managed, keys);
  }

  /** In front of the nodes: a connection goes to one of those that run, and is reset when there is none. */
  async #balance(request: NetworkRequest): Promise<NetworkReply> {
    const nodes = [...this.#nodes.values()];
    const node = nodes[nodes.length > 1 ? this.#choices.integer(0, nodes.length - 1) : 0];
    return node ? node.handle(request) : { kind: 'reset', delay_ms: 0 };
  }

  #managed(): Pick<Gateway, 'ports' | 'store'> {
    const ports = gatewayPorts(this.scheduler, this.network, { name: 'operator', clock_offset_ms: 0 });
    const sealer = createSealer(this.#master_key, (length) => ports.random.bytes(length));
    return { ports, store: createStore(this.raw_database, this.raw_database, sealer) };
  }
}

/** Makes a world with its channel accounts stored; nodes, merchants and deeds are the caller's. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const world = new World(options);
  await world.provide();
  return world;
}
