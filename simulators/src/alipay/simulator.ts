import type { FaultBoard } from '../faults/registry.ts';
import { CallbackSender } from '../kernel/callbacks.ts';
import type { ChannelSimulator } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Journal } from '../kernel/journal.ts';
import type { Ledger } from '../kernel/ledger.ts';
import type { Answer, Handler, SimulatorPorts } from '../kernel/ports.ts';
import { breakAnswerSignature, ERROR_NODE, gatewayAnswer, nodeName, SUCCESS } from './answers.ts';
import type { NodeFields, NodeHead } from './answers.ts';
import { BusinessRefusal } from './business-refusal.ts';
import { loadApp } from './config.ts';
import type { AlipayApp, AlipayConfig } from './config.ts';
import { GatewayRefused } from './methods/gateway-refused.ts';
import type { MethodContext } from './methods/method.ts';
import { methods } from './methods/registry.ts';
import { breakNoticeSignature, noticeOf, noticeRequest } from './notices.ts';
import type { NoticePayload } from './notices.ts';
import { newTraceId, QR_CODE_ORIGIN } from './numbers.ts';
import { pathOf, readParameters } from './request-parameters.ts';
import { systemError } from './system-error.ts';
import { TradeBook } from './trade-book.ts';
import { TradeStore } from './trade-store.ts';
import { verifyRequest } from './verify-request.ts';
import type { VerifiedRequest } from './verify-request.ts';
import { look, pendingPayments, scan } from './wallet.ts';

export interface AlipaySimulatorOptions {
  readonly ports: SimulatorPorts;
  /** Orders, refunds and callbacks survive a restart through it. */
  readonly journal: Journal;
  readonly faults: FaultBoard;
  readonly ledger: Ledger;
  readonly config: AlipayConfig;
}

export interface AlipaySimulator extends ChannelSimulator {
  readonly channel: 'alipay';
}

/**
 * Alipay's `POST /gateway.do` with a wallet behind it. Call `resume` once the process is ready to send callbacks.
 * @throws when a key of the configuration cannot be read
 */
export function createAlipaySimulator(options: AlipaySimulatorOptions): AlipaySimulator {
  const { ports, journal, config } = options;
  const apps = new Map(config.apps.map((app) => [app.app_id, loadApp(app)]));
  const callbacks = createCallbacks(options, apps);
  const store = new TradeStore(journal);
  const book = new TradeBook({
    ...options,
    store,
    refundable_ms: config.refundable_ms,
    refund_settle_ms: config.refund_settle_ms,
    notify: (trade, news) => {
      const task = noticeOf(trade, news, { ports, config, app: appOf(apps, trade.app_id) });
      if (task) callbacks.enqueue(task);
    },
  });
  const wallet = { ports, journal, apps, store, book };
  return {
    channel: 'alipay',
    handler: createHandler(options, apps, { ports, config, store, book }),
    ownsCode: (code) => code.startsWith(QR_CODE_ORIGIN),
    look: (code) => look(code, wallet),
    scan: (code, action) => scan(code, action, wallet),
    makeAuthCode: () => unknown(),
    ownsPrepay: () => false,
    payPrepay: () => unknown(),
    ownsInvocation: () => false,
    invoke: () => unknown(),
    pending: () => pendingPayments(wallet),
    resendCallback: (out_trade_no) => callbacks.resend(out_trade_no),
    callbacks: (limit) => callbacks.attempts(limit),
    cadenceScale: () => callbacks.cadenceScale(),
    setCadenceScale: (scale) => callbacks.setCadenceScale(scale),
    resume: () => {
      book.resume();
      callbacks.resume();
    },
  };
}

function unknown(): never {
  throw new ControlError(404, 'unknown');
}

function createCallbacks(options: AlipaySimulatorOptions, apps: ReadonlyMap<string, AlipayApp>): CallbackSender {
  const { ports, journal, faults, config } = options;
  return new CallbackSender({
    channel: 'alipay',
    ports,
    journal,
    faults,
    delays_ms: config.callback_delays_ms,
    cadence_scale: config.cadence_scale,
    build: (task) => noticeRequest(task, appOf(apps, (task.payload as NoticePayload).app_id), ports.now()),
    // Exactly these seven characters; anything else is repeated (open/194/103296).
    accepts: (answer) => answer.status === 200 && answer.body.toString('utf8') === 'success',
    breakSignature: breakNoticeSignature,
  });
}

function createHandler(
  { ports, journal, faults }: AlipaySimulatorOptions,
  apps: ReadonlyMap<string, AlipayApp>,
  context: MethodContext,
): Handler {
  return async (request) => {
    if (pathOf(request) !== '/gateway.do') {
      return { kind: 'answer', answer: notFound(), delay_ms: 0 };
    }
    const verified = verifyRequest(readParameters(request), { apps, methods, now_ms: ports.now() });
    if ('refusal' in verified) {
      const node = verified.method ? nodeName(verified.method.name) : ERROR_NODE;
      const answer = gatewayAnswer(node, verified.refusal, {}, verified.app, newTraceId(ports));
      return { kind: 'answer', answer, delay_ms: 0 };
    }
    const { method, app } = verified;
    const say = (head: NodeHead, fields: NodeFields): Answer =>
      gatewayAnswer(nodeName(method.name), head, fields, app, newTraceId(ports));
    return faults.apply(
      'alipay',
      method.operation,
      request,
      async () => {
        const { head, fields } = journal.atomically(() => perform(verified, context));
        return say(head, fields);
      },
      { systemErrorAnswer: (operation) => say(systemError(operation), {}), breakSignature: breakAnswerSignature },
    );
  };
}

function perform(request: VerifiedRequest, context: MethodContext): { head: NodeHead; fields: NodeFields } {
  try {
    return { head: SUCCESS, fields: request.method.run(request, context) };
  } catch (error) {
    if (error instanceof GatewayRefused) return { head: error.refusal, fields: {} };
    if (!(error instanceof BusinessRefusal)) throw error;
    const head = { code: '40004', msg: 'Business Failed', sub_code: error.sub_code, sub_msg: error.sub_msg };
    return { head, fields: request.method.refusalFields?.(request) ?? {} };
  }
}

function appOf(apps: ReadonlyMap<string, AlipayApp>, app_id: string): AlipayApp {
  const app = apps.get(app_id);
  if (!app) throw new Error(`the journal names app ${app_id}, which the configuration does not have`);
  return app;
}

function notFound(): Answer {
  return {
    status: 404,
    headers: { 'content-type': 'text/html' },
    body: Buffer.from('<html><head><title>404 Not Found</title></head></html>\n'),
  };
}
