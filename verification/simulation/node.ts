/** One gateway node inside the simulation: the real composition root on simulated ports. */
import pino from 'pino';
import { assemble, type Assembled } from '../../gateway/src/main.ts';
import type { Database } from '../../gateway/src/storage/database.ts';
import type { Observer } from './observation.ts';
import type { Network, NetworkReply, NetworkRequest } from './network.ts';
import { gatewayPorts, networkClient, type Party } from './ports.ts';
import type { Scheduler } from './scheduler.ts';

export interface NodeOptions {
  readonly party: Party;
  readonly database: Database;
  readonly master_key: Buffer;
  readonly public_url: string;
  readonly poll_ms: { readonly jobs: number; readonly configuration: number };
  readonly limits?: NodeLimits;
  readonly observe?: Observer;
}

/** What a node lets in. */
export interface NodeLimits {
  /** Requests a second. */
  readonly rates: { readonly merchant: number; readonly address: number };
  readonly max_busy_requests: number;
}

const UNLIMITED: NodeLimits = {
  rates: { merchant: 1_000_000, address: 1_000_000 },
  max_busy_requests: Number.POSITIVE_INFINITY,
};

export interface SimulatedNode {
  readonly party: Party;
  readonly assembled: Assembled;
  /** Answers a request as the node's server would. */
  handle(request: NetworkRequest): Promise<NetworkReply>;
}

const MAX_BODY_BYTES = 65_536;

/** Puts a node together; `assembled.open()` starts its jobs. */
export async function createNode(scheduler: Scheduler, network: Network, options: NodeOptions): Promise<SimulatedNode> {
  const { party } = options;
  const assembled = assemble({
    ports: gatewayPorts(scheduler, network, party),
    database: options.database,
    relaxed: options.database,
    master_key: options.master_key,
    // The guard against inner addresses belongs to real sockets and names; merchants here have neither.
    notify_http: networkClient(network, party.name),
    public_url: options.public_url,
    log: traceLog(scheduler, party.name, options.observe),
    role: 'all',
    max_body_bytes: MAX_BODY_BYTES,
    metrics_token: null,
    trusted_proxies: [],
    ...(options.limits ?? UNLIMITED),
    poll_ms: options.poll_ms,
  });
  await assembled.app.ready();
  return { party, assembled, handle: (request) => inject(assembled, request) };
}

async function inject(assembled: Assembled, request: NetworkRequest): Promise<NetworkReply> {
  const response = await assembled.app.inject({
    method: request.method,
    url: request.target,
    headers: { ...request.headers },
    payload: request.body,
  });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    // Node itself writes the machine's time there.
    if (value !== undefined && name !== 'date') headers[name] = String(value);
  }
  return { kind: 'answer', answer: { status: response.statusCode, headers, body: response.rawPayload }, delay_ms: 0 };
}

/** Log lines become lines of the trace. */
function traceLog(scheduler: Scheduler, owner: string, observe: Observer | undefined): pino.Logger {
  const write = (line: string): void => {
    observe?.({ kind: 'log', owner, line });
    const {
      level: _level,
      msg,
      err,
      ...fields
    } = JSON.parse(line) as Record<string, unknown> & { err?: { message?: string } };
    const told = err?.message === undefined ? fields : { ...fields, error: err.message };
    scheduler.trace.note(owner, `log ${String(msg)} ${JSON.stringify(told)}`);
  };
  return pino({ level: 'info', base: null, timestamp: false }, { write });
}
