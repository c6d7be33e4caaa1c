/**
 * A whole Heliu in one process and under one seed: gateway nodes with their jobs, both channel simulators, merchants and a
 * payer, on a virtual clock, an in-process network and a real PostgreSQL. The same seed gives the same trace, byte for byte.
 */
import { createHash } from 'node:crypto';
import type { Gateway, Work } from '../../gateway/src/operations/gateway.ts';
import { createMerchant } from '../../gateway/src/operations/merchants.ts';
import { createDatabase, type Database } from '../../gateway/src/storage/database.ts';
import { createSealer } from '../../gateway/src/storage/seal.ts';
import { createStore } from '../../gateway/src/storage/store.ts';
import { createBankSimulator, type BankSimulator } from '../../simulators/src/bank/simulator.ts';
import { FaultBoard, type FiringFault } from '../../simulators/src/faults/registry.ts';
import type { AuthCodeBehaviour, PayerAction } from '../../simulators/src/kernel/channel-simulator.ts';
import type { CallbackAttempt } from '../../simulators/src/kernel/callbacks.ts';
import type { SimulatorPorts } from '../../simulators/src/kernel/ports.ts';
import { memoryJournal } from '../../simulators/src/kernel/journal.ts';
import { Ledger } from '../../simulators/src/kernel/ledger.ts';
import { createAlipaySimulator, type AlipaySimulator } from '../../simulators/src/alipay/simulator.ts';
import { createWechatSimulator, type WechatSimulator } from '../../simulators/src/wechat/simulator.ts';
import {
  type AccountId,
  type BankAccountId,
  ALIPAY_ORIGIN,
  BANK_ORIGIN,
  provideAccounts,
  provideRoutes,
  WECHAT_ORIGIN,
  type Routing,
} from './accounts.ts';
import { SimulatedDatabase } from './database.ts';
import { WORLD_START_MS, type WorldKeys } from './keys.ts';
import { Forger } from './forger.ts';
import { Liar } from './liar.ts';
import { SimulatedMerchant } from './merchant.ts';
import { CALM, Network, type NetworkOptions, type NetworkReply, type NetworkRequest } from './network.ts';
import { createNode, type NodeLimits, type SimulatedNode } from './node.ts';
import type { Observation, Observer } from './observation.ts';
import { gatewayPorts, simulatorHandler, simulatorPorts } from './ports.ts';
import type { SeededRandom } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { Sessions } from './sessions.ts';
import type { Trace } from './trace.ts';

export interface WorldOptions {
  readonly seed: string;
  /** A migrated database without data: its address, or sessions with it that outlive this world. */
  readonly database_url: string | Sessions;
  readonly keys: WorldKeys;
  readonly network?: NetworkOptions;
  /** How far each channel's clock is from ours, milliseconds; negative: it is slow. */
  readonly clock_offset_ms?: { readonly wechat?: number; readonly alipay?: number; readonly bank?: number };
  /** How often nodes poll for jobs and configuration. */
  readonly poll_ms?: number;
  readonly observe?: Observer;
  /** The accounts that `createWorld` stores; one for each wallet when absent. */
  readonly accounts?: readonly AccountId[];
}

export interface MerchantSettings {
  readonly late_payment?: 'refund' | 'accept';
  readonly routing?: Routing;
  /** Makes it a tenant of that merchant. */
  readonly parent_id?: string;
  /** A tenant whose requests its platform signs. */
  readonly platform_signs?: boolean;
}

export const GATEWAY_URL = 'https://pay.example.com';
const POLL_MS = 60_000;
const ORIGINS = { wechat: WECHAT_ORIGIN, alipay: ALIPAY_ORIGIN, bank: BANK_ORIGIN } as const;

/** Tells of each fault that a channel shows. */
class WatchedFaults extends FaultBoard {
  readonly #observe: Observer;

  constructor(options: ConstructorParameters<typeof FaultBoard>[0], observe: Observer) {
    super(options);
    this.#observe = observe;
  }

  override take(channel: string, operation: string): FiringFault | undefined {
    const firing = super.take(channel, operation);
    if (firing) this.#observe({ kind: 'fault', channel, operation, fault: firing.fault.name });
    return firing;
  }
}

export class World {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly database: SimulatedDatabase;
  /** The same database without the scheduler: for looking at the end, not while the world runs. */
  readonly raw_database: Database;
  readonly wechat: WechatSimulator;
  readonly alipay: AlipaySimulator;
  readonly bank: BankSimulator;
  /** What the channels did with money. */
  readonly ledger: Ledger;
  readonly faults: FaultBoard;
  /** Lets channels say what is not so. */
  readonly liar: Liar;
  /** Lets callbacks that are not true follow those that are. */
  readonly forger: Forger;
  readonly merchants: SimulatedMerchant[] = [];
  readonly #options: WorldOptions;
  readonly #sessions: Sessions;
  readonly #master_key: Buffer;
  readonly #choices: SeededRandom;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #running: Promise<void>[] = [];
  readonly #callbacks_seen = new Map<string, CallbackAttempt>();
  #ledger_seen = 0;
  #acting = 0;

  /** Use `createWorld`. */
  constructor(options: WorldOptions) {
    this.#options = options;
    this.scheduler = new Scheduler({ seed: options.seed, start_ms: WORLD_START_MS });
    this.#master_key = options.keys.master_key;
    this.#choices = this.scheduler.random.stream('balancer');
    this.network = new Network(this.scheduler, options.network ?? CALM);
    const { database_url } = options;
    this.#sessions = typeof database_url === 'string' ? new Sessions(database_url) : database_url;
    this.raw_database = rawDatabase(this.#sessions);
    this.database = new SimulatedDatabase(this.scheduler, this.#sessions);
    this.database.watch((owner, statement, changes) => this.observe({ kind: 'commit', owner, statement, changes }));
    const journal = memoryJournal();
    this.ledger = new Ledger(journal);
    const board_random = this.scheduler.random.stream('faults');
    const randomBytes = (length: number): Buffer => board_random.bytes(length);
    this.faults = new WatchedFaults({ ports: { randomBytes }, journal }, (one) => this.observe(one));
    const lies = { keys: options.keys, random: this.scheduler.random.stream('lies'), now_ms: () => this.now_ms() };
    this.liar = new Liar(lies);
    this.forger = new Forger({ ...lies, network: this.network, observe: (one) => this.observe(one) });
    const shared = { journal, faults: this.faults, ledger: this.ledger };
    const channelPorts = (name: 'wechat' | 'alipay' | 'bank') => this.#channelPorts(name);
    this.wechat = createWechatSimulator({ ...shared, ports: channelPorts('wechat'), config: options.keys.wechat });
    this.alipay = createAlipaySimulator({ ...shared, ports: channelPorts('alipay'), config: options.keys.alipay });
    this.bank = createBankSimulator({
      ...shared,
      ports: channelPorts('bank'),
      config: options.keys.bank,
      push_url: `${GATEWAY_URL}/bank/bank`,
      drop_folder: null,
    });
    this.openChannel('wechat');
    this.openChannel('alipay');
    this.openChannel('bank');
    this.scheduler.watch(() => this.#watchLedger());
    this.scheduler.watch(() => this.#watchCallbacks());
    this.network.watch((exchanged) => this.observe({ kind: 'exchanged', ...exchanged }));
    this.network.listen(GATEWAY_URL, 'gateway', (request) => this.#balance(request));
  }

  /** Tells those who watch. */
  observe(observation: Observation): void {
    this.#options.observe?.(observation);
  }

  /** The bank does something to one of our accounts, and tells us of it at that account's address. */
  atBank<Done>(account_id: BankAccountId, deed: (book: BankSimulator['book']) => Done): Done {
    this.bank.setPush({ ...this.bank.push(), url: `${GATEWAY_URL}/bank/${account_id}` });
    return deed(this.bank.book);
  }

  /** A channel answers again. */
  openChannel(channel: 'wechat' | 'alipay' | 'bank'): void {
    const handler = simulatorHandler(this[channel].handler);
    this.network.listen(ORIGINS[channel], channel, channel === 'bank' ? handler : this.liar.wrap(channel, handler));
  }

  /** A channel's ports; what it calls back may be followed by what is not true. */
  #channelPorts(name: 'wechat' | 'alipay' | 'bank'): SimulatorPorts {
    const clock_offset_ms = this.#options.clock_offset_ms?.[name] ?? 0;
    const ports = simulatorPorts(this.scheduler, this.network, { name, clock_offset_ms });
    if (name === 'bank') return ports;
    return {
      ...ports,
      send: async (request) => {
        await this.forger.accompany(request, 'before');
        const answer = await ports.send(request);
        // What is not booked yet would be believed of the copy.
        const is_booked = answer.status === 204 || answer.body.toString('utf8') === 'success';
        if (is_booked) ports.schedule(0, () => this.forger.accompany(request, 'after'));
        return answer;
      },
    };
  }

  /** Nobody reaches a channel any more; what it does by itself goes on. */
  cutChannel(channel: 'wechat' | 'alipay' | 'bank'): void {
    this.network.unlisten(ORIGINS[channel]);
  }

  get keys(): WorldKeys {
    return this.#options.keys;
  }

  get trace(): Trace {
    return this.scheduler.trace;
  }

  now_ms(): number {
    return this.scheduler.now_ms();
  }

  /** When this world began. */
  get started_ms(): number {
    return WORLD_START_MS;
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
  async bootNode(name: string, clock_offset_ms = 0, limits?: NodeLimits): Promise<void> {
    const node = await createNode(this.scheduler, this.network, {
      party: { name, clock_offset_ms },
      observe: (one) => this.observe(one),
      ...(limits === undefined ? {} : { limits }),
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
    this.database.abandon(name);
    this.scheduler.discard(name);
    node.assembled.gateway.metrics.close();
  }

  /**
   * A node stands still for a while, as a process that is stopped or a machine that is moved, and then goes on as if nothing had
   * been. What it has sent is on its way; what comes for it waits.
   */
  standStill(name: string, for_ms: number): void {
    if (!this.#nodes.has(name) || this.scheduler.standsStill(name)) return;
    this.trace.note(name, `stands still for ${for_ms} ms`);
    this.scheduler.standStill(name);
    this.scheduler.after(for_ms, 'clock', `${name} goes on`, () => this.#goOn(name));
  }

  #goOn(name: string): void {
    if (!this.scheduler.standsStill(name)) return;
    this.trace.note(name, 'goes on');
    this.scheduler.goOn(name);
  }

  /** Lets a node finish what it does and end. */
  async stopNode(name: string): Promise<void> {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`no node ${name} runs`);
    this.#goOn(name);
    this.trace.note(name, 'stops');
    const waits_for_channels = (['wechat', 'alipay', 'bank'] as const).reduce(
      (sum, channel) => sum + this.network.waiting(name, channel),
      0,
    );
    this.observe({ kind: 'stops', node: name, waits_for_channels });
    this.#nodes.delete(name);
    await node.assembled.close();
    this.trace.note(name, 'has stopped');
  }

  /** A node looks for work of a kind, as it does many times a second. */
  wakeNode(name: string, work: Work): void {
    const wake = (): void => this.#nodes.get(name)?.assembled.gateway.wakeJobs(work);
    if (this.scheduler.standsStill(name)) this.scheduler.after(0, name, 'looks for work', wake);
    else wake();
  }

  /** A node looks for changed configuration, as it does four times a second. */
  async refreshNode(name: string): Promise<void> {
    await this.#nodes.get(name)?.assembled.gateway.directory.refresh();
  }

  /** A node's gateway, for those who act as its operator. */
  gatewayOf(name: string): Gateway | null {
    return this.#nodes.get(name)?.assembled.gateway ?? null;
  }

  /** A merchant with a route for every pay type. Before the world runs. */
  async addMerchant(
    name: string,
    { routing, platform_signs, ...settings }: MerchantSettings = {},
  ): Promise<SimulatedMerchant> {
    const managed = this.managed();
    const { keys } = this.#options;
    const merchant_id = String(1_000_000_000_000_000 + this.merchants.length);
    const signing = platform_signs ? { platform_signs } : { public_key: keys.merchant.public_key };
    await createMerchant(managed, { merchant_id, name, ...signing, ...settings });
    await provideRoutes(managed, merchant_id, keys, routing);
    return this.knowMerchant(name, merchant_id);
  }

  /** A merchant that is stored already. */
  knowMerchant(name: string, merchant_id: string): SimulatedMerchant {
    const { keys } = this.#options;
    const merchant = new SimulatedMerchant(this.scheduler, this.network, {
      name,
      merchant_id,
      private_key: keys.merchant.private_key,
      gateway_url: GATEWAY_URL,
      platform_public_key: keys.platform.public_key,
      observe: (one) => this.observe(one),
    });
    this.merchants.push(merchant);
    return merchant;
  }

  /**
   * Lets somebody act `delay_ms` from now. What they do may last; an error they do not catch ends the run.
   */
  act(delay_ms: number, who: string, what: () => Promise<void>): void {
    this.#acting += 1;
    this.scheduler.after(delay_ms, who, 'acts', () => {
      const acted = what().catch((error: unknown) => this.scheduler.fail(error));
      this.#running.push(acted.finally(() => (this.#acting -= 1)));
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

  /** Stories and deeds that go on, or have still to begin. */
  get acting(): number {
    return this.#acting;
  }

  /** Waits, in virtual time, for everybody who acts to be done, and ends the nodes. */
  async close(): Promise<void> {
    try {
      await this.scheduler.during(Promise.all(this.#running));
      for (const node of this.#nodes.values()) await this.scheduler.during(node.assembled.close());
      await this.database.settle();
    } finally {
      if (typeof this.#options.database_url === 'string') await this.#sessions.close();
    }
  }

  /** Ends everything at once, whatever was going on. Its sessions are as they were. */
  async end(): Promise<void> {
    for (const name of this.#nodes.keys()) this.scheduler.discard(name);
    for (const node of this.#nodes.values()) node.assembled.gateway.metrics.close();
    await this.database.end();
  }

  /** Stores accounts and the platform's key: `createWorld` does. */
  async provide(): Promise<void> {
    const { keys } = this.#options;
    const managed = this.managed();
    await managed.store.configuration.addFirstPlatformKey({
      key_id: createHash('sha256').update(keys.platform.public_key).digest('hex').slice(0, 16),
      ...keys.platform,
      created_at_ms: this.now_ms(),
    });
    await provideAccounts(managed, keys, this.#options.accounts ?? ['wechat', 'alipay']);
  }

  /** In front of the nodes: a connection goes to one of those that run, and is reset when there is none. */
  async #balance(request: NetworkRequest): Promise<NetworkReply> {
    const nodes = [...this.#nodes.values()];
    const node = nodes[nodes.length > 1 ? this.#choices.integer(0, nodes.length - 1) : 0];
    if (!node) return { kind: 'reset', delay_ms: 0 };
    const { name } = node.party;
    // Its machine takes the connection.
    if (this.scheduler.standsStill(name))
      await new Promise<void>((resolve) => this.scheduler.after(0, name, 'reads a request', resolve));
    // It was told to end while it stood still, and takes nothing more.
    if (!this.#nodes.has(name)) return { kind: 'reset', delay_ms: 0 };
    return node.handle(request);
  }

  #watchLedger(): void {
    for (const entry of this.ledger.list({ since: this.#ledger_seen })) {
      this.#ledger_seen = entry.seq;
      this.observe({ kind: 'ledger', entry });
    }
  }

  #watchCallbacks(): void {
    for (const simulator of [this.wechat, this.alipay]) {
      const [attempt] = simulator.callbacks(1);
      if (!attempt || attempt === this.#callbacks_seen.get(simulator.channel)) continue;
      this.#callbacks_seen.set(simulator.channel, attempt);
      const { channel, out_trade_no, event, accepted } = attempt;
      this.observe({ kind: 'called_back', channel, out_trade_no, event, accepted });
    }
  }

  /**
   * Ports and store of an operator at the command line. While the world runs.
   * @param master_key another than the nodes have: what is stored with it they cannot open
   */
  operator(master_key = this.#master_key): Pick<Gateway, 'ports' | 'store'> {
    return this.#managedOver(this.database.connect('operator'), master_key);
  }

  /** The same before the world runs: statements go past the scheduler. */
  managed(): Pick<Gateway, 'ports' | 'store'> {
    return this.#managedOver(this.raw_database);
  }

  #managedOver(database: Database, master_key = this.#master_key): Pick<Gateway, 'ports' | 'store'> {
    const ports = gatewayPorts(this.scheduler, this.network, { name: 'operator', clock_offset_ms: 0 });
    const sealer = createSealer(master_key, (length) => ports.random.bytes(length));
    return { ports, store: createStore(database, database, sealer) };
  }
}

/** One statement after the other, beside the scheduler. */
function rawDatabase(sessions: Sessions): Database {
  return createDatabase({
    async execute(statement, values) {
      const session = await sessions.take();
      try {
        return await session.execute(statement, values);
      } finally {
        sessions.release(session);
      }
    },
    close: async () => undefined,
  });
}

/** Makes a world with its channel accounts stored; nodes, merchants and deeds are the caller's. */
export async function createWorld(options: WorldOptions): Promise<World> {
  const world = new World(options);
  await world.provide();
  return world;
}

/** Makes a world whose configuration is stored already. */
export function openWorld(options: WorldOptions): World {
  return new World(options);
}
