/** WeChat Pay APIv3: callbacks and answers, genuine with strange content, and not genuine at all. */
import { createCipheriv } from 'node:crypto';
import {
  API_V3_KEY,
  APPID,
  MCHID,
  NOW_S,
  openAccount,
  orderAt,
  peer,
  REFUND_ID,
  referenceAt,
  refundAt,
  SERIAL,
  signature,
  TRADE_ID,
} from '../peers.ts';
import { readMessage, writeMessage, type Message } from '../messages.ts';
import { mustBeCallback, mustBeReport } from '../reports.ts';
import { must, mustEqual, type TargetMaker } from '../target.ts';

const WATCHED = ['channels/wechat/', 'channels/json.ts'];
const NONCE = 'fdasflkja484w';

const WORDS = [
  ['trade_state', 'amount', 'total', 'out_trade_no', 'transaction_id', 'success_time', 'refund_status', 'mchid', 'id'],
  ['SUCCESS', 'REFUND', 'NOTPAY', 'CLOSED', 'REVOKED', 'PAYERROR', 'PROCESSING', 'ABNORMAL', 'TRANSACTION.SUCCESS'],
  ['REFUND.SUCCESS', 'REFUND.CLOSED', '204', '400', '404', '500', 'ORDER_NOT_EXIST', 'SYSTEM_ERROR', 'code', 'message'],
].flat();

const ORDER = {
  appid: APPID,
  mchid: MCHID,
  out_trade_no: TRADE_ID,
  transaction_id: '4200001234202603011234567890',
  trade_state: 'SUCCESS',
  trade_state_desc: '支付成功',
  bank_type: 'CMC',
  success_time: '2026-03-01T12:00:30+08:00',
  payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
  amount: { total: 7622, payer_total: 7000, currency: 'CNY', payer_currency: 'CNY' },
};
const REFUND = {
  mchid: MCHID,
  out_trade_no: TRADE_ID,
  out_refund_no: REFUND_ID,
  refund_id: '50000000382019052709732678859',
  refund_status: 'SUCCESS',
  status: 'SUCCESS',
  success_time: '2026-03-01T12:10:00+08:00',
  amount: { total: 7622, refund: 100, payer_total: 7000, payer_refund: 91, currency: 'CNY' },
};

function signedHeaders(body: Buffer): Record<string, string> {
  const message = Buffer.concat([Buffer.from(`${NOW_S}\n${NONCE}\n`), body, Buffer.from('\n')]);
  return {
    'wechatpay-timestamp': NOW_S,
    'wechatpay-nonce': NONCE,
    'wechatpay-serial': SERIAL,
    'wechatpay-signature': signature(message),
  };
}

/** A callback as WeChat Pay makes it around a content of any bytes. */
export function callbackWith(event_type: string, content: Buffer): Message {
  const nonce = 'fdasflkja484';
  const cipher = createCipheriv('aes-256-gcm', API_V3_KEY, nonce);
  cipher.setAAD(Buffer.from('transaction'));
  const sealed = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  const resource = {
    algorithm: 'AEAD_AES_256_GCM',
    nonce,
    associated_data: 'transaction',
    ciphertext: sealed.toString('base64'),
  };
  const body = Buffer.from(
    JSON.stringify({ id: 'EV-2018022511223320873', event_type, resource_type: 'encrypt-resource', resource }),
  );
  return { headers: signedHeaders(body), body };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const client = () => openAccount('wechat-v3', peer().ports);
const asRequest = ({ headers, body }: Message) => ({ headers, body: body.toString('utf8') });

const CONTENTS: readonly Message[] = [
  { headers: { event: 'TRANSACTION.SUCCESS' }, body: json(ORDER) },
  { headers: { event: 'REFUND.SUCCESS' }, body: json(REFUND) },
  { headers: { event: 'REFUND.ABNORMAL' }, body: json({ ...REFUND, refund_status: 'ABNORMAL' }) },
  { headers: { event: 'PARKING.ENTRY' }, body: json({}) },
];

const content: TargetMaker = {
  name: 'wechat-v3-callback',
  open() {
    const channel = client();
    return {
      name: 'wechat-v3-callback',
      about:
        'a genuine callback of WeChat Pay APIv3 around any content: a callback within its rules, the same when read twice',
      watched: WATCHED,
      seeds: CONTENTS.map(writeMessage),
      words: WORDS,
      async run(input) {
        const { headers, body } = readMessage(input);
        const request = asRequest(callbackWith(headers['event'] ?? '', body));
        const callback = await channel.readCallback(request);
        mustBeCallback(callback);
        mustEqual(await channel.readCallback(request), callback, 'read again');
      },
    };
  },
};

const outside: TargetMaker = {
  name: 'wechat-v3-envelope',
  open() {
    const channel = client();
    return {
      name: 'wechat-v3-envelope',
      about:
        'a genuine callback of WeChat Pay APIv3 whose envelope is anything: never an exception, and nothing read that was not sealed',
      watched: WATCHED,
      seeds: CONTENTS.map(({ headers, body }) => callbackWith(headers['event'] ?? '', body).body),
      words: [
        ...WORDS,
        'resource',
        'ciphertext',
        'nonce',
        'associated_data',
        'algorithm',
        'AEAD_AES_256_GCM',
        'event_type',
      ],
      async run(input) {
        const callback = await channel.readCallback({ headers: signedHeaders(input), body: input.toString('utf8') });
        mustBeCallback(callback);
        if (callback.kind !== 'payment' && callback.kind !== 'refund') return;
        const { raw = '' } = callback.report as { raw?: string };
        must(
          CONTENTS.some(({ body }) => body.equals(Buffer.from(raw))),
          'read what was not sealed',
        );
      },
    };
  },
};

const genuine = CONTENTS.map(({ headers, body }) => callbackWith(headers['event'] ?? '', body));

const forged: TargetMaker = {
  name: 'wechat-v3-forged',
  open() {
    const channel = client();
    return {
      name: 'wechat-v3-forged',
      about:
        'a callback of WeChat Pay APIv3 that was changed after it was signed: refused, unless every signed byte is the same',
      watched: WATCHED,
      seeds: genuine.map(writeMessage),
      words: ['wechatpay-signature', 'wechatpay-serial', 'WECHATPAY/SIGNTEST/', SERIAL],
      async run(input) {
        const message = readMessage(input);
        const callback = await channel.readCallback(asRequest(message));
        if (callback.kind === 'rejected') return mustBeCallback(callback);
        const same = genuine.some(({ body }) => body.equals(message.body));
        must(same && message.headers['wechatpay-timestamp'] === NOW_S, 'a changed message was believed');
        must(message.headers['wechatpay-nonce'] === NONCE, 'a changed nonce was believed');
      },
    };
  },
};

const answers: TargetMaker = {
  name: 'wechat-v3-answer',
  open() {
    const other = peer();
    const channel = openAccount('wechat-v3', other.ports);
    return {
      name: 'wechat-v3-answer',
      about: 'a genuine answer of WeChat Pay APIv3 with any body and status, to every kind of question',
      watched: WATCHED,
      seeds: [
        { headers: { status: '200' }, body: json(ORDER) },
        { headers: { status: '200' }, body: json({ ...REFUND, code_url: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz' }) },
        { headers: { status: '404' }, body: json({ code: 'ORDER_NOT_EXIST', message: '订单不存在' }) },
        { headers: { status: '400' }, body: json({ code: 'INVALID_REQUEST', message: '订单已支付', detail: [] }) },
        { headers: { status: '204' }, body: Buffer.alloc(0) },
      ].map(writeMessage),
      words: WORDS,
      async run(input) {
        const { headers, body } = readMessage(input);
        const status = /^[1-5]\d\d$/.test(headers['status'] ?? '') ? Number(headers['status']) : 200;
        other.answer = { status, headers: signedHeaders(body), body };
        const begin = await channel.prepareBegin(orderAt('wechat-v3'));
        mustBeReport(await begin.send());
        mustBeReport(await channel.query(referenceAt('wechat-v3')));
        mustBeReport(await channel.close(referenceAt('wechat-v3')));
        mustBeReport(await channel.refund(refundAt('wechat-v3')));
        mustBeReport(await channel.queryRefund(refundAt('wechat-v3')));
      },
    };
  },
};

export const WECHAT_V3_TARGETS: readonly TargetMaker[] = [content, outside, forged, answers];
