import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { alipaySandboxEntry } from './alipay/config.ts';
import type { AlipaySandboxEntry } from './alipay/config.ts';
import { createAlipaySimulator } from './alipay/simulator.ts';
import { bankSandboxEntry } from './bank/config.ts';
import type { BankSandboxEntry } from './bank/config.ts';
import { createBankSimulator } from './bank/simulator.ts';
import { createControl } from './control/control.ts';
import { keepCredentials } from './credentials-files.ts';
import { FaultBoard } from './faults/registry.ts';
import type { ChannelSimulator } from './kernel/channel-simulator.ts';
import { listen } from './kernel/http-server.ts';
import type { Listening, TlsOptions } from './kernel/http-server.ts';
import { fileJournal } from './kernel/journal.ts';
import { Ledger } from './kernel/ledger.ts';
import { nodePorts } from './kernel/node-ports.ts';
import type { NodePorts } from './kernel/node-ports.ts';
import type { Handler, SimulatorPorts } from './kernel/ports.ts';
import { walletBrowser } from './wallet/browser.ts';
import { wechatSandboxFields } from './wechat/config.ts';
import type { WechatConfig, WechatSandboxFields } from './wechat/config.ts';
import { createServerCertificate } from './wechat/credentials.ts';
import { createWechatSimulator } from './wechat/simulator.ts';
import type { WechatSimulator } from './wechat/simulator.ts';

export interface SimulatorsOptions {
  /** The address to listen on; the controls answer loopback only, whatever it is. */
  readonly host: string;
  /** Where credentials and state are kept, in a folder `simulators`. */
  readonly home: string;
  /** 0 lets the system choose; so for all of them. */
  readonly control_port: number;
  readonly wechat_port: number;
  readonly alipay_port: number;
  /** WeChat Pay over TLS, for what needs the merchant's certificate; the system chooses when absent. */
  readonly wechat_tls_port?: number;
  /** Chosen by the system when absent. */
  readonly bank_port?: number;
  /** Where the bank tells of credits; absent: nowhere, until a control says where. */
  readonly bank_push_url?: string;
  /** Where the bank leaves its files; absent: it hands them out by the controls alone. */
  readonly bank_drop_folder?: string;
  /** Multiplies the waits between callback attempts; 1, upstream's own pace, when absent. */
  readonly cadence_scale?: number;
  /** The real clock, randomness and network when absent. */
  readonly ports?: SimulatorPorts;
}

export interface RunningSimulators {
  /** `simulators.wechat` of the sandbox file. */
  readonly wechat: WechatSandboxFields;
  /** `simulators.alipay` of the sandbox file. */
  readonly alipay: AlipaySandboxEntry;
  /** `simulators.bank` of the sandbox file. */
  readonly bank: BankSandboxEntry;
  readonly addresses: {
    /** Origin of the wallet page and the controls. */
    readonly control: string;
    readonly wechat: string;
    readonly wechat_tls: string;
    readonly alipay: string;
    /** Origins of the wallets' own browsers. */
    readonly wechat_browser: string;
    readonly alipay_browser: string;
    readonly bank: string;
  };
  /** Stops listening and sending; what was not delivered goes out after the next start. */
  close(): Promise<void>;
}

/** A port that something else listens on. */
export class PortInUse extends Error {
  readonly option: PortOption;
  readonly port: number;

  constructor(option: PortOption, port: number, cause: unknown) {
    super(`${option} ${port} is in use: stop what listens there, or choose another ${option}`, { cause });
    this.name = 'PortInUse';
    this.option = option;
    this.port = port;
  }
}

export type PortOption = 'control_port' | 'wechat_port' | 'wechat_tls_port' | 'alipay_port' | 'bank_port';

/**
 * Starts every channel, the controls and the wallet page, each on a port of its own, with the credentials, orders,
 * ledger and faults of the last start under the same home.
 *
 * @throws PortInUse, or an error that names the file under `home` that cannot be used
 */
export async function startSimulators(options: SimulatorsOptions): Promise<RunningSimulators> {
  const folder = join(options.home, 'simulators');
  const ports = closablePorts(options.ports);
  const configs = await keepCredentials(folder, ports);
  const paced = options.cadence_scale === undefined ? {} : { cadence_scale: options.cadence_scale };
  const path = join(folder, 'journal.jsonl');
  const journal = fileJournal(path);
  chmodSync(path, 0o600);
  const ledger = new Ledger(journal);
  const faults = new FaultBoard({ ports, journal });
  const shared = { ports, journal, faults, ledger };
  let wechat_origin = '';
  const wechat = createWechatSimulator({
    ...shared,
    config: { ...configs.wechat, ...paced },
    web_origin: () => wechat_origin,
  });
  const alipay = createAlipaySimulator({ ...shared, config: { ...configs.alipay, ...paced } });
  const bank = createBankSimulator({
    ...shared,
    config: { ...configs.bank, ...paced },
    push_url: options.bank_push_url ?? null,
    drop_folder: options.bank_drop_folder ?? null,
  });
  const servers: Listening[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
    ports.close();
    journal.close();
  };
  try {
    const serve = async (option: PortOption, handler: Handler, tls?: TlsOptions): Promise<string> => {
      const server = await listenOn(option, handler, { ...options, ...(tls ? { tls } : {}) }, ports);
      servers.push(server);
      return originOf(options.host, server.port, tls ? 'https' : 'http');
    };
    wechat_origin = await serve('wechat_port', wechat.handler);
    const tls = await tlsOptions(configs.wechat, options.host, ports);
    // Nobody but the wallet page leads there, so that the system may choose their ports.
    const serveBrowser = async (simulator: ChannelSimulator): Promise<string> => {
      const server = await listen(walletBrowser(simulator, ports), { host: options.host, port: 0, ports });
      servers.push(server);
      return originOf(options.host, server.port, 'http');
    };
    const browsers = { wechat: await serveBrowser(wechat), alipay: await serveBrowser(alipay) };
    const bank_origin = await serve('bank_port', bank.handler);
    const links = { browsers, bank: bank_origin };
    const addresses = {
      wechat_browser: browsers.wechat,
      alipay_browser: browsers.alipay,
      wechat: wechat_origin,
      wechat_tls: await serve('wechat_tls_port', wechat.handler, tls),
      alipay: await serve('alipay_port', alipay.handler),
      bank: bank_origin,
      control: await serve('control_port', createControl({ wechat, alipay, bank, faults, ledger, links })),
    };
    for (const channel of [wechat, alipay, bank]) channel.resume();
    return {
      wechat: wechatEntry(configs.wechat, wechat, addresses),
      alipay: alipaySandboxEntry(configs.alipay, `${addresses.alipay}/gateway.do`),
      bank: bankSandboxEntry(configs.bank, addresses.bank),
      addresses,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The key that signs may have been rotated since the credentials were written. */
function wechatEntry(
  config: WechatConfig,
  wechat: WechatSimulator,
  { wechat: origin, wechat_tls }: RunningSimulators['addresses'],
): WechatSandboxFields {
  const fields = wechatSandboxFields(config, origin, wechat_tls);
  const current = wechat.platformKeys().find((key) => key.current);
  return current ? { ...fields, platform_serial: current.serial, platform_public_key: current.public_key } : fields;
}

/**
 * The given ports, or real ones, until they are closed. A callback that is on its way at that moment never hears its
 * answer, as when the process is killed: the journal is shut by then, and the next start sends the callback again.
 */
function closablePorts(given: SimulatorPorts | undefined): NodePorts {
  const real = nodePorts();
  const ports = given ?? real;
  let closed = false;
  return {
    now: () => ports.now(),
    schedule: (delay_ms, task) => ports.schedule(delay_ms, () => (closed ? undefined : task())),
    randomBytes: (length) => ports.randomBytes(length),
    send: async (request) => {
      const outcome = await Promise.allSettled([ports.send(request)]);
      if (closed) return new Promise<never>(() => undefined);
      if (outcome[0].status === 'rejected') throw outcome[0].reason;
      return outcome[0].value;
    },
    close: () => {
      closed = true;
      real.close();
    },
  };
}

/** The listener's certificate is made anew at each start, for the host of that start. */
async function tlsOptions(config: WechatConfig, host: string, ports: SimulatorPorts): Promise<TlsOptions> {
  const { authority } = config;
  if (!authority) throw new Error('wechat config: no certificate authority');
  const { certificate, private_key } = await createServerCertificate(ports, authority, host);
  return { certificate, private_key, client_ca: authority.ca_certificate };
}

async function listenOn(
  option: PortOption,
  handler: Handler,
  options: SimulatorsOptions & { readonly tls?: TlsOptions },
  ports: SimulatorPorts,
): Promise<Listening> {
  const port = options[option] ?? 0;
  try {
    return await listen(handler, { host: options.host, port, ports, ...(options.tls ? { tls: options.tls } : {}) });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
      throw new PortInUse(option, port, error);
    }
    throw error;
  }
}

/** An address that this machine can call: a listener on every interface is called over loopback. */
function originOf(host: string, port: number, scheme: 'http' | 'https'): string {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
