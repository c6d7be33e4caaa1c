import type { CallbackTask } from '../kernel/callbacks.ts';
import type { OutgoingAnswer, OutgoingRequest } from '../kernel/ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { chinaTime } from './china-time.ts';
import type { WechatMerchant } from './config.ts';
import type { WechatWorld } from './operation.ts';
import { refundNoticeView } from './refund-view.ts';
import { encryptResource, signatureHeaders, withBrokenSignature } from './signing.ts';
import type { WechatOrder, WechatRefund } from './state.ts';
import { transactionView } from './transaction-view.ts';
import { refundNoticeXml, saysSuccess, transactionNoticeXml } from './v2/notices.ts';
import { withBrokenSign } from './v2/sign.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Waits between callback attempts: 15s/15s/30s/3m/10m/20m/30m/30m/30m/60m/3h/3h/3h/6h/6h, 24 h 4 m in all
 * (docs 4012791861 and 4012791886, 通知规则).
 */
export const CALLBACK_DELAYS_MS: readonly number[] = [
  15 * SECOND_MS,
  15 * SECOND_MS,
  30 * SECOND_MS,
  3 * MINUTE_MS,
  10 * MINUTE_MS,
  20 * MINUTE_MS,
  30 * MINUTE_MS,
  30 * MINUTE_MS,
  30 * MINUTE_MS,
  60 * MINUTE_MS,
  3 * HOUR_MS,
  3 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  6 * HOUR_MS,
];

/** Upstream waits five seconds for the acknowledgement (doc 4012791861). */
const ACKNOWLEDGE_WITHIN_MS = 5 * SECOND_MS;

const REFUND_SUMMARIES: Readonly<Record<WechatRefund['outcome'], string>> = {
  SUCCESS: '退款成功',
  ABNORMAL: '退款异常',
  CLOSED: '退款关闭',
};

interface NoticePayload {
  /** The body is the same in every attempt; only the signature headers are new. */
  readonly body: string;
  /** An APIv2 callback: the body is XML and carries its signature itself. */
  readonly xml?: true;
}

/** 支付成功回调通知 (docs 4012791861 direct, 4012085801 partner). */
export function transactionNotice(world: WechatWorld, order: WechatOrder, url: string): CallbackTask {
  if (order.api_v2) {
    const body = transactionNoticeXml(world, merchantOf(world, order), order, order.api_v2.sign_type);
    return xmlNotice(world, order, { url, event: 'TRANSACTION.SUCCESS', body });
  }
  return notice(world, order, {
    url,
    event: 'TRANSACTION.SUCCESS',
    summary: '支付成功',
    original_type: 'transaction',
    plaintext: canonicalJson(transactionView(order)),
  });
}

/** 退款结果回调通知 (docs 4012791886 direct, 4012124635 partner). */
export function refundNotice(world: WechatWorld, refund: WechatRefund, url: string): CallbackTask {
  if (refund.api_v2) {
    const body = refundNoticeXml(world, merchantOf(world, refund), refund, refund.api_v2);
    return xmlNotice(world, refund, { url, event: `REFUND.${refund.outcome}`, body });
  }
  return notice(world, refund, {
    url,
    event: `REFUND.${refund.outcome}`,
    summary: REFUND_SUMMARIES[refund.outcome],
    original_type: 'refund',
    plaintext: canonicalJson(refundNoticeView(refund)),
  });
}

function notice(
  world: WechatWorld,
  of: Pick<WechatOrder, 'mchid' | 'out_trade_no'>,
  wanted: { url: string; event: string; summary: string; original_type: string; plaintext: string },
): CallbackTask {
  const id = notificationId(world.ports.randomBytes(16));
  const merchant = merchantOf(world, of);
  const payload: NoticePayload = {
    body: JSON.stringify({
      id,
      create_time: chinaTime(world.ports.now()),
      resource_type: 'encrypt-resource',
      event_type: wanted.event,
      summary: wanted.summary,
      resource: {
        original_type: wanted.original_type,
        ...encryptResource(world.ports, merchant.api_v3_key, wanted.original_type, wanted.plaintext),
      },
    }),
  };
  return { id, out_trade_no: of.out_trade_no, event: wanted.event, url: wanted.url, payload };
}

function xmlNotice(
  world: WechatWorld,
  of: Pick<WechatOrder, 'out_trade_no'>,
  wanted: { url: string; event: string; body: string },
): CallbackTask {
  const payload: NoticePayload = { body: wanted.body, xml: true };
  const id = notificationId(world.ports.randomBytes(16));
  return { id, out_trade_no: of.out_trade_no, event: wanted.event, url: wanted.url, payload };
}

function merchantOf(world: WechatWorld, of: Pick<WechatOrder, 'mchid'>): WechatMerchant {
  const merchant = world.config.merchants.find((candidate) => candidate.mchid === of.mchid);
  if (!merchant) throw new Error(`no merchant ${of.mchid}`);
  return merchant;
}

/** One attempt; an APIv3 one is signed now by the current key. */
export function noticeRequest(world: Pick<WechatWorld, 'ports' | 'keyring'>, task: CallbackTask): OutgoingRequest {
  const payload = task.payload as NoticePayload;
  const body = Buffer.from(payload.body);
  const own = payload.xml
    ? { 'Content-Type': 'text/xml' }
    : {
        'Content-Type': 'application/json',
        ...signatureHeaders(world.ports, world.keyring, world.keyring.current(), body),
      };
  return {
    method: 'POST',
    url: task.url,
    headers: {
      Accept: '*/*',
      'User-Agent': 'Mozilla/4.0',
      Pragma: 'no-cache',
      ...own,
    },
    body,
    timeout_ms: ACKNOWLEDGE_WITHIN_MS,
  };
}

/**
 * 200 or 204 acknowledges an APIv3 callback, whatever the body says (doc 4012791861, 通知应答); an APIv2 one needs
 * `return_code` SUCCESS in XML (wiki api chapter=9_7).
 */
export function acknowledges(answer: OutgoingAnswer, task: CallbackTask): boolean {
  if ((task.payload as NoticePayload).xml) return answer.status === 200 && saysSuccess(answer.body);
  return answer.status === 200 || answer.status === 204;
}

/** The same callback with a signature that does not verify. */
export function withBrokenNotice(request: OutgoingRequest): OutgoingRequest {
  if (request.headers['Content-Type'] === 'text/xml') return { ...request, body: withBrokenSign(request.body) };
  return { ...request, headers: withBrokenSignature(request.headers) };
}

/** A UUID, as upstream's notification ids are. */
function notificationId(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
