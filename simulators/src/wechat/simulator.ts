import type { FaultHooks } from '../faults/fault.ts';
import type { FaultBoard } from '../faults/registry.ts';
import { CallbackSender } from '../kernel/callbacks.ts';
import type { CallbackAttempt } from '../kernel/callbacks.ts';
import type { ChannelSimulator } from '../kernel/channel-simulator.ts';
import type { Journal } from '../kernel/journal.ts';
import type { Ledger } from '../kernel/ledger.ts';
import type { Answer, Handler, IncomingRequest, Reply, SimulatorPorts } from '../kernel/ports.ts';
import type { AnswerMaker } from './answers.ts';
import { emptyAnswer, errorAnswer, successAnswer } from './answers.ts';
import { makeAuthCode } from './auth-codes.ts';
import { authenticate } from './authorization.ts';
import type { PlatformKey, WechatConfig } from './config.ts';
import { createPlatformCertificate, createPublicKey } from './credentials.ts';
import { h5Page, isH5Page } from './h5-page.ts';
import { invoke, ownsWechatInvocation } from './invocation.ts';
import { Keyring } from './keyring.ts';
import { NoAnswer } from './no-answer.ts';
import { WebAuthorization } from './oauth.ts';
import { acknowledges, CALLBACK_DELAYS_MS, noticeRequest, withBrokenNotice } from './notifications.ts';
import type { WechatWorld } from './operation.ts';
import { awaitPassword } from './password.ts';
import { lookAt, ownsWechatCode, ownsWechatPrepay, payerActs, pendingPayments, prepayActs } from './payer.ts';
import { scheduleSettlement, settleAbnormal } from './refund-settlement.ts';
import { checkHeaders, readCall } from './request-rules.ts';
import { findRoute } from './router.ts';
import type { Route } from './router.ts';
import { withBrokenSignature, withProbeSignature } from './signing.ts';
import { WechatState } from './state.ts';
import { answerV2, findV2Operation } from './v2/handler.ts';
import { WechatError } from './wechat-error.ts';

export interface WechatSimulatorOptions {
  readonly ports: SimulatorPorts;
  readonly journal: Journal;
  readonly faults: FaultBoard;
  readonly ledger: Ledger;
  readonly config: WechatConfig;
  /** Where browsers reach this simulator's pages, without a slash at the end; upstream's own host when absent. */
  readonly web_origin?: () => string;
}

export interface WechatSimulator extends ChannelSimulator {
  readonly channel: 'wechat';
  /** WeChat Pay's keys, oldest first, without their private halves. */
  platformKeys(): (Omit<PlatformKey, 'private_key'> & { current: boolean })[];
  /** Issues a new platform certificate and signs with it from now on; the older ones stay known. */
  rotatePlatformCertificate(): Promise<string>;
  /** Signs with the WeChat Pay public key's private half from now on, and no longer serves certificates. */
  enterPublicKeyMode(): Promise<string>;
  /** Signs with a known key from now on. @throws when the serial is unknown */
  signWith(serial: string): void;
  /** Limits what a merchant can refund from; payments add to it. @param fen null lifts the limit */
  setBalance(mchid: string, fen: number | null): void;
  /** Ends an order's refunds that are ABNORMAL, as its merchant does in the console. @returns how many there were */
  settleAbnormalRefunds(out_trade_no: string, outcome: 'SUCCESS' | 'CLOSED'): number;
  /** Sends the order's newest callback once with a signature probe; undefined: it has none. */
  sendSignatureProbe(out_trade_no: string): Promise<CallbackAttempt | undefined>;
}

/** Simulates WeChat Pay, APIv3 and APIv2, on the state in the journal. Call `resume` once to re-arm what a restart interrupted. */
export function createWechatSimulator(options: WechatSimulatorOptions): WechatSimulator {
  const { ports, journal, faults, ledger, config } = options;
  const keyring = new Keyring(config, journal);
  const callbacks = new CallbackSender({
    channel: 'wechat',
    ports,
    journal,
    faults,
    delays_ms: CALLBACK_DELAYS_MS,
    cadence_scale: config.cadence_scale,
    build: (task) => noticeRequest({ ports, keyring }, task),
    accepts: acknowledges,
    breakSignature: withBrokenNotice,
  });
  const web_origin = options.web_origin ?? ((): string => 'https://wx.tenpay.com');
  const state = new WechatState(journal);
  const world: WechatWorld = { ports, journal, ledger, config, keyring, state, callbacks, web_origin };
  return {
    channel: 'wechat',
    handler: wechatHandler(world, faults, new WebAuthorization(world)),
    ownsCode: ownsWechatCode,
    look: (code) => lookAt(world, code),
    scan: (code, action) => payerActs(world, code, action),
    makeAuthCode: (behaviour) => makeAuthCode(world, behaviour),
    ownsPrepay: ownsWechatPrepay,
    payPrepay: (prepay_id, action) => prepayActs(world, prepay_id, action),
    ownsInvocation: ownsWechatInvocation,
    invoke: (pay_info) => invoke(world, pay_info),
    pending: () => pendingPayments(world),
    resendCallback: (out_trade_no) => callbacks.resend(out_trade_no),
    callbacks: (limit) => callbacks.attempts(limit),
    cadenceScale: () => callbacks.cadenceScale(),
    setCadenceScale: (scale) => callbacks.setCadenceScale(scale),
    resume: () => {
      callbacks.resume();
      for (const refund of world.state.processingRefunds()) scheduleSettlement(world, refund);
      for (const order of world.state.userPaying()) awaitPassword(world, order);
    },
    settleAbnormalRefunds: (out_trade_no, outcome) => settleAbnormalRefunds(world, out_trade_no, outcome),
    setBalance: (mchid, fen) => world.state.setBalance(mchid, fen),
    sendSignatureProbe: (out_trade_no) =>
      callbacks.sendChanged(out_trade_no, 'signature_probe', (request) => ({
        ...request,
        headers: withProbeSignature(request.headers, ports),
      })),
    ...keyControls(ports, keyring),
  };
}

function settleAbnormalRefunds(world: WechatWorld, out_trade_no: string, outcome: 'SUCCESS' | 'CLOSED'): number {
  const orders = world.config.merchants.flatMap(({ mchid }) => world.state.order(mchid, out_trade_no) ?? []);
  const stuck = orders.flatMap((order) => world.state.refundsOf(order)).filter(({ status }) => status === 'ABNORMAL');
  for (const refund of stuck) settleAbnormal(world, refund, outcome);
  return stuck.length;
}

function keyControls(
  ports: SimulatorPorts,
  keyring: Keyring,
): Pick<WechatSimulator, 'platformKeys' | 'rotatePlatformCertificate' | 'enterPublicKeyMode' | 'signWith'> {
  return {
    platformKeys: () =>
      keyring.all().map((key) => ({
        kind: key.kind,
        serial: key.serial,
        public_key: key.public_key,
        ...(key.certificate === undefined ? {} : { certificate: key.certificate }),
        effective_at_ms: key.effective_at_ms,
        expires_at_ms: key.expires_at_ms,
        current: key.serial === keyring.current().serial,
      })),
    rotatePlatformCertificate: async () => {
      const key = await createPlatformCertificate(ports, ports.now());
      keyring.add(key, true);
      return key.serial;
    },
    enterPublicKeyMode: async () => {
      const known = keyring.all().find((key) => key.kind === 'public_key');
      if (known) {
        keyring.use(known.serial);
        return known.serial;
      }
      const key = await createPublicKey(ports);
      keyring.add(key, true);
      return key.serial;
    },
    signWith: (serial) => keyring.use(serial),
  };
}

function wechatHandler(world: WechatWorld, faults: FaultBoard, authorization: WebAuthorization): Handler {
  return async (request) => {
    try {
      const authorized = authorization.answer(request);
      if (authorized) return { kind: 'answer', answer: authorized, delay_ms: 0 };
      const v2 = findV2Operation(request.target);
      if (v2) return await answerV2(world, faults, v2, request);
      if (isH5Page(request)) return { kind: 'answer', answer: h5Page(world, request), delay_ms: 0 };
      return await answerV3(world, faults, request);
    } catch (error) {
      if (error instanceof NoAnswer) return { kind: 'silence' };
      throw error;
    }
  };
}

async function answerV3(world: WechatWorld, faults: FaultBoard, request: IncomingRequest): Promise<Reply> {
  const route = findRoute(request);
  if (typeof route === 'number') return { kind: 'answer', answer: emptyAnswer(world.ports, route), delay_ms: 0 };
  const maker: AnswerMaker = {
    ports: world.ports,
    keyring: world.keyring,
    key: world.keyring.chosenBy(request.headers['wechatpay-serial']),
  };
  const hooks: FaultHooks = {
    // Doc 4012081709: SYSTEM_ERROR travels with 500 and means "ask again with the same parameters".
    systemErrorAnswer: () => errorAnswer(maker, new WechatError(500, 'SYSTEM_ERROR', '系统异常，请稍后重试')),
    breakSignature: (answer) => ({ ...answer, headers: withBrokenSignature(answer.headers) }),
  };
  const run = async (): Promise<Answer> => answerTo(world, maker, route, request);
  return faults.apply('wechat', route.operation.fault_operation, request, run, hooks);
}

function answerTo(world: WechatWorld, maker: AnswerMaker, route: Route, request: IncomingRequest): Answer {
  try {
    checkHeaders(request);
    const merchant = authenticate(world.config.merchants, request, world.ports.now());
    const outcome = route.operation.run(world, readCall(merchant, route, request));
    return successAnswer(maker, outcome.body);
  } catch (error) {
    if (error instanceof WechatError) return errorAnswer(maker, error);
    throw error;
  }
}
