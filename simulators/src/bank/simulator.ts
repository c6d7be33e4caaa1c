import { requireLoopback } from '../control/access.ts';
import type { FaultBoard } from '../faults/registry.ts';
import { CallbackSender } from '../kernel/callbacks.ts';
import type { CallbackAttempt } from '../kernel/callbacks.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Journal } from '../kernel/journal.ts';
import type { Ledger } from '../kernel/ledger.ts';
import type { Answer, Handler, IncomingRequest, SimulatorPorts } from '../kernel/ports.ts';
import { CALLS } from './api.ts';
import type { ApiCall } from './api.ts';
import { BankBook } from './book.ts';
import { loadBankKeys } from './config.ts';
import type { BankConfig, BankKeys } from './config.ts';
import { BankFiles } from './files.ts';
import { counterPage } from './page.ts';
import { breakPushSignature, pushOf, pushRequest } from './push.ts';
import type { PushSettings } from './records.ts';
import { BankRefusal } from './refusal.ts';
import { signatureHeaders, signatureProblem, spoil } from './signing.ts';
import { BankStore } from './store.ts';

export interface BankSimulatorOptions {
  readonly ports: SimulatorPorts;
  readonly journal: Journal;
  readonly faults: FaultBoard;
  readonly ledger: Ledger;
  readonly config: BankConfig;
  /** Where the customer is told of credits, until a control says otherwise; null: nowhere. */
  readonly push_url: string | null;
  /** Where the customer wants its files; null: it takes none. */
  readonly drop_folder: string | null;
}

/** The simulated bank, as the controls see it. */
export interface BankSimulator {
  readonly channel: 'bank';
  readonly handler: Handler;
  readonly book: BankBook;
  readonly files: BankFiles;
  push(): PushSettings;
  setPush(settings: PushSettings): void;
  resendCallback(out_trade_no: string): boolean;
  /** Tells everything once more, as a bank does for a customer whose systems were away. */
  resendEverything(): void;
  callbacks(limit: number): CallbackAttempt[];
  cadenceScale(): number;
  setCadenceScale(scale: number): void;
  resume(): void;
}

/** A bank with virtual accounts: its interface, a counter to make transfers at, pushes and files. */
export function createBankSimulator(options: BankSimulatorOptions): BankSimulator {
  const { ports, journal, faults, config } = options;
  const keys = loadBankKeys(config);
  const store = new BankStore(journal);
  const callbacks = new CallbackSender({
    channel: 'bank',
    ports,
    journal,
    faults,
    delays_ms: config.push_delays_ms,
    cadence_scale: config.cadence_scale,
    build: (task) => pushRequest(task, config, keys, ports),
    accepts: (answer) => answer.status === 200 && saysSuccess(answer.body),
    breakSignature: breakPushSignature,
  });
  const settings = (): PushSettings => store.push() ?? { url: options.push_url, format: 'camt054' };
  const book: BankBook = new BankBook({
    ...options,
    store,
    notify: (entry) => {
      const { url, format } = settings();
      if (url === null) return;
      const out_trade_no = entry.fund_acc === null ? (entry.end_to_end_id ?? '') : book.orderOf(entry.fund_acc);
      callbacks.enqueue(pushOf(entry, { url, format }, { ports, config, out_trade_no }));
    },
  });
  return {
    channel: 'bank',
    handler: createHandler(options, keys, book, store),
    book,
    files: new BankFiles({ ports, config, store, book, drop_folder: options.drop_folder }),
    push: settings,
    setPush: (changed) => store.savePush(changed),
    resendCallback: (out_trade_no) => callbacks.resend(out_trade_no),
    resendEverything: () => callbacks.resendEverything(),
    callbacks: (limit) => callbacks.attempts(limit),
    cadenceScale: () => callbacks.cadenceScale(),
    setCadenceScale: (scale) => callbacks.setCadenceScale(scale),
    resume: () => {
      book.resume();
      callbacks.resume();
    },
  };
}

function saysSuccess(body: Buffer): boolean {
  try {
    const answer: unknown = JSON.parse(body.toString('utf8'));
    return typeof answer === 'object' && answer !== null && 'code' in answer && answer.code === 'SUCCESS';
  } catch {
    return false;
  }
}

function createHandler(options: BankSimulatorOptions, keys: BankKeys, book: BankBook, store: BankStore): Handler {
  const { ports, faults, config, journal } = options;
  const say = (status: number, body: object): Answer => signed(status, body, config, keys, ports);
  return async (request) => {
    const path = request.target.split('?')[0] ?? '/';
    if (!path.startsWith('/v1/'))
      return { kind: 'answer', answer: counter(request, path, { book, store, config }), delay_ms: 0 };
    const problem = signatureProblem(
      request,
      { id: config.client_id, public_key: keys.client_public_key },
      ports.now(),
    );
    if (problem !== undefined)
      return { kind: 'answer', answer: say(401, { code: 'SIGN_ERROR', message: problem }), delay_ms: 0 };
    const found = callFor(request.method, path);
    if (!found) return { kind: 'answer', answer: say(404, { code: 'NO_SUCH_CALL', message: path }), delay_ms: 0 };
    return faults.apply(
      'bank',
      found.call.operation,
      request,
      async () => journal.atomically(() => perform(found.call, found.number, request, { book, store, config }, say)),
      {
        systemErrorAnswer: () => say(500, { code: 'SYSTEM_ERROR', message: '系统繁忙' }),
        breakSignature: (answer) => ({
          ...answer,
          headers: { ...answer.headers, 'bank-signature': spoil(answer.headers['bank-signature'] ?? '') },
        }),
      },
    );
  };
}

function callFor(method: string, path: string): { call: ApiCall; number: string } | undefined {
  for (const call of CALLS) {
    const match = call.method === method ? call.path.exec(path) : null;
    const number = match ? decoded(match[1] ?? '') : undefined;
    if (number !== undefined) return { call, number };
  }
  return undefined;
}

/** Undefined for what is no percent encoding: no number looks like that. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function perform(
  call: ApiCall,
  number: string,
  request: IncomingRequest,
  context: { book: BankBook; store: BankStore; config: BankConfig },
  say: (status: number, body: object) => Answer,
): Answer {
  try {
    return say(200, call.run(context, number, bodyOf(request)));
  } catch (error) {
    if (!(error instanceof BankRefusal)) throw error;
    return say(error.status, { code: error.code, message: error.message });
  }
}

function bodyOf(request: IncomingRequest): Record<string, unknown> {
  if (request.method === 'GET') return {};
  try {
    const body: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Falls through to the one refusal.
  }
  throw new BankRefusal(400, 'INVALID_REQUEST', 'the body is no JSON object');
}

function signed(
  status: number,
  body: object,
  config: BankConfig,
  keys: BankKeys,
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
): Answer {
  const bytes = Buffer.from(JSON.stringify(body));
  const key = { id: config.bank_key_id, private_key: keys.bank_private_key };
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...signatureHeaders(bytes, key, ports) },
    body: bytes,
  };
}

/** The page at which a person makes a transfer; for this machine alone, as the other controls. */
function counter(
  request: IncomingRequest,
  path: string,
  parts: { book: BankBook; store: BankStore; config: BankConfig },
): Answer {
  try {
    requireLoopback(request);
    return counterPage(request, path, parts);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return {
      status: error.status,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: Buffer.from(`${error.reason}\n`),
    };
  }
}
