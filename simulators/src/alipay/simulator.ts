import type { FaultBoard } from '../faults/registry.ts';
import { CallbackSender } from '../kernel/callbacks.ts';
import type { ChannelSimulator } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Journal } from '../kernel/journal.ts';
import type { Ledger } from '../kernel/ledger.ts';
import type { SimulatorPorts } from '../kernel/ports.ts';
import { AuthCodes } from './auth-codes.ts';
import { Authorizations } from './authorizations.ts';
import { loadApp } from './config.ts';
import type { AlipayApp, AlipayConfig } from './config.ts';
import { createHandler } from './gateway.ts';
import { invoke, ownsInvocation, ownsPrepay, payPrepay } from './handed-over.ts';
import { breakNoticeSignature, noticeOf, noticeRequest } from './notices.ts';
import type { NoticePayload } from './notices.ts';
import { TradeBook } from './trade-book.ts';
import { TradeStore } from './trade-store.ts';
import { look, ownsCode, pendingPayments, scan } from './wallet.ts';
import type { WalletContext } from './wallet.ts';

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
  /**
   * Ends a paid trade as upstream does twelve months after the payment, or as the merchant's contract says: it becomes
   * TRADE_FINISHED and cannot be refunded any more.
   * @throws ControlError 404 unknown order, 409 a trade that is not TRADE_SUCCESS
   */
  finishTrade(out_trade_no: string): { out_trade_no: string; state: string };
}

/**
 * Alipay's gateway with a wallet behind it. Call `resume` once the process is ready to send callbacks.
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
  const context: WalletContext = {
    ports,
    journal,
    config,
    apps,
    store,
    book,
    auth_codes: new AuthCodes(journal),
    authorizations: new Authorizations(journal),
  };
  return {
    channel: 'alipay',
    handler: createHandler({ journal, faults: options.faults, context }),
    ownsCode,
    look: (code) => look(code, context),
    scan: (code, action) => scan(code, action, context),
    pending: () => pendingPayments(context),
    resendCallback: (out_trade_no) => callbacks.resend(out_trade_no),
    callbacks: (limit) => callbacks.attempts(limit),
    cadenceScale: () => callbacks.cadenceScale(),
    setCadenceScale: (scale) => callbacks.setCadenceScale(scale),
    resume: () => {
      book.resume();
      callbacks.resume();
    },
    makeAuthCode: (behaviour) => context.auth_codes.make(behaviour, ports),
    ownsPrepay,
    payPrepay: (prepay_id, action) => payPrepay(prepay_id, action, context),
    ownsInvocation,
    invoke: (pay_info) => invoke(pay_info, context),
    finishTrade: (out_trade_no) => finishTrade(out_trade_no, context),
  };
}

function finishTrade(out_trade_no: string, { apps, book }: WalletContext): { out_trade_no: string; state: string } {
  const trades = [...apps.values()].flatMap((app) => book.find(app, { out_trade_no }) ?? []);
  const trade = trades.find(({ status }) => status === 'TRADE_SUCCESS') ?? trades[0];
  if (!trade) throw new ControlError(404, 'no Alipay trade has this out_trade_no: nobody has scanned or opened it');
  if (trade.status !== 'TRADE_SUCCESS') {
    throw new ControlError(409, `only a paid trade can finish, and this one is ${trade.status}`);
  }
  return { out_trade_no, state: book.finish(trade).status };
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

function appOf(apps: ReadonlyMap<string, AlipayApp>, app_id: string): AlipayApp {
  const app = apps.get(app_id);
  if (!app) throw new Error(`the journal names app ${app_id}, which the configuration does not have`);
  return app;
}
