/** What is believed of an answer, tried with a query because its answer matters most. */
import { AlipaySdk } from 'alipay-sdk';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import {
  alipayKeys,
  answerText,
  app,
  APP_ID,
  keySettings,
  makePorts,
  openChannel,
  order,
  OUT_TRADE_NO,
  patience,
  privatePem,
  publicPem,
  reference,
  rsa2,
  secrets,
  type Reply,
} from './support.ts';

const QUERY = 'alipay.trade.query';
const paid = {
  code: '10000',
  msg: 'Success',
  out_trade_no: OUT_TRADE_NO,
  trade_no: '2026030122001412341234',
  trade_status: 'TRADE_SUCCESS',
  total_amount: '76.22',
};
const node = JSON.stringify(paid);
const signature = rsa2(node);
const error = '{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id"}';

async function ask(reply: Reply) {
  const { channel, upstream } = await openChannel(patience(reply));
  upstream.reply(QUERY, reply);
  return channel.query(reference);
}

describe('a genuine answer is believed', () => {
  const tricky = `{"code":"10000","msg":"Success","note":"},\\"sign\\":\\"x\\",{","out_trade_no":"${OUT_TRADE_NO}","trade_no":"2","trade_status":"TRADE_SUCCESS","total_amount":"76.22"}`;
  const escaped = node.replace('"code"', '"url":"https:\\/\\/q","code"');
  const unescaped = escaped.replaceAll('\\/', '/');
  test.each([
    ['as it is', answerText(QUERY, node)],
    ['with the signature before the node', `{"sign":"${signature}","alipay_trade_query_response":${node}}`],
    ['with blanks between members', `{ "alipay_trade_query_response" : ${node} , "sign" : "${signature}" }\n`],
    ['with braces and escaped quotes inside strings', answerText(QUERY, tricky)],
    [
      'with spaces and order of its own inside the node',
      answerText(
        QUERY,
        `{ "trade_status" :"TRADE_SUCCESS", ${node.slice(1).replace('"trade_status":"TRADE_SUCCESS",', '')}`,
      ),
    ],
    ['with text in Chinese', answerText(QUERY, node.replace('Success', '成功😀'))],
    ['with escaped slashes', answerText(QUERY, escaped)],
    [
      'signed before its slashes were escaped',
      `{"alipay_trade_query_response":${escaped},"sign":"${rsa2(unescaped)}"}`,
    ],
    [
      'with slashes escaped in the signature',
      `{"alipay_trade_query_response":${node},"sign":"${signature.replaceAll('/', '\\/')}"}`,
    ],
    [
      'with the number of a certificate, which means nothing in key mode',
      answerText(QUERY, node, undefined, ',"alipay_cert_sn":"x"'),
    ],
  ])('%s', async (_name, body) => {
    expect(await ask({ body })).toMatchObject({ outcome: 'paid', facts: { amount_fen: 7622 } });
  });

  test('and the official SDK agrees on what is signed', () => {
    const sdk = new AlipaySdk({
      appId: APP_ID,
      privateKey: privatePem(app.privateKey),
      keyType: 'PKCS8',
      alipayPublicKey: publicPem(alipayKeys.publicKey),
    });
    const body = answerText(QUERY, node);
    expect(() => sdk.checkResponseSign(body, 'alipay_trade_query_response', signature, '')).not.toThrow();
    expect(() =>
      sdk.checkResponseSign(body.replace('76.22', '0.01'), 'alipay_trade_query_response', signature, ''),
    ).toThrow();
  });
});

describe('anything else leaves the matter open', () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  test.each([
    ['a changed amount', answerText(QUERY, node).replace('76.22', '76.23'), 'bad_signature'],
    ["a stranger's signature", answerText(QUERY, node, stranger), 'bad_signature'],
    ['garbage for a signature', `{"alipay_trade_query_response":${node},"sign":"garbage"}`, 'bad_signature'],
    ['our own signature', answerText(QUERY, node, app.privateKey), 'bad_signature'],
    ['no signature', `{"alipay_trade_query_response":${node}}`, 'unsigned'],
    ['an empty signature', `{"alipay_trade_query_response":${node},"sign":""}`, 'unsigned'],
    ['a signature that is no text', `{"alipay_trade_query_response":${node},"sign":1}`, 'unsigned'],
    [
      'a signature over another spelling of the node',
      `{"alipay_trade_query_response":${node.replace(',', ', ')},"sign":"${signature}"}`,
      'bad_signature',
    ],
    [
      'the node twice',
      `{"alipay_trade_query_response":${node},"alipay_trade_query_response":${node},"sign":"${signature}"}`,
      'not_understood',
    ],
    [
      'the signature twice',
      `{"alipay_trade_query_response":${node},"sign":"x","sign":"${signature}"}`,
      'not_understood',
    ],
    [
      'a member of the node twice',
      answerText(QUERY, node.replace('"code"', '"total_amount":"0.01","code"')),
      'not_understood',
    ],
    ["another method's node", answerText('alipay.trade.precreate', node), 'not_understood'],
    [
      'node and error_response together',
      `{"alipay_trade_query_response":${node},"error_response":${node},"sign":"${signature}"}`,
      'not_understood',
    ],
    ['an unsigned error_response', `{"error_response":${error}}`, 'unsigned'],
    ['a forged error_response', `{"error_response":${error},"sign":"${signature}"}`, 'bad_signature'],
    [
      'a signed error_response, for a refused question decides nothing',
      `{"error_response":${error},"sign":"${rsa2(error)}"}`,
      'isv_invalid_app_id',
    ],
    ['a node that is no object', answerText(QUERY, '"encrypted"'), 'not_understood'],
    ['a node without a code', answerText(QUERY, `{"out_trade_no":"${OUT_TRADE_NO}"}`), 'not_understood'],
    ['text that is no JSON', '<html>busy</html>', 'not_understood'],
    ['nothing', '', 'not_understood'],
    ['half an answer', answerText(QUERY, node).slice(0, -9), 'not_understood'],
    ['a genuine answer about another order', answerText(QUERY, node.replace(OUT_TRADE_NO, 'x')), 'other_order'],
  ])('%s', async (_name, body, reason) => {
    expect(await ask({ body })).toMatchObject({ outcome: 'unknown', reason });
  });

  test.each([
    ['a 502, whatever it carries', { body: answerText(QUERY, node), status: 502 }, 'http_502'],
    ['a redirect', { body: '', status: 302 }, 'http_302'],
    ['silence', { broken: 'hang' }, 'timeout'],
    ['a connection that breaks', { broken: 'reset' }, 'connection_lost'],
  ] as const)('%s', async (_name, reply, reason) => {
    expect(await ask(reply)).toMatchObject({ outcome: 'unknown', reason });
  });
});

describe('at the begin', () => {
  test('a signed error_response of the gateway is a refusal, an unsigned one is not', async () => {
    const { channel, upstream } = await openChannel();
    upstream.reply(
      'alipay.trade.precreate',
      { body: `{"error_response":${error}}` },
      { body: `{"error_response":${error},"sign":"${rsa2(error)}"}` },
    );
    expect(await (await channel.prepareBegin(order)).send()).toMatchObject({ outcome: 'unknown', reason: 'unsigned' });
    expect(await (await channel.prepareBegin(order)).send()).toMatchObject({
      outcome: 'declined',
      code: 'isv.invalid-app-id',
    });
  });
});

test('a request that never left is not_sent', async () => {
  const settings = keySettings('http://127.0.0.1:1/gateway.do');
  const channel = alipay.open({ account_id: 'a1', channel: 'alipay', settings, secrets }, makePorts());
  expect(await channel.query(reference)).toEqual({ outcome: 'not_sent', reason: 'connection_refused' });
  expect(await (await channel.prepareBegin(order)).send()).toEqual({
    outcome: 'not_sent',
    reason: 'connection_refused',
  });
});

describe('test()', () => {
  test('is content with a verified "no such trade"', async () => {
    const { channel, upstream } = await openChannel();
    upstream.reply(QUERY, {
      node: { code: '40004', msg: 'Business Failed', sub_code: 'ACQ.TRADE_NOT_EXIST', sub_msg: '交易不存在' },
    });
    expect(await channel.test()).toEqual({ ok: true, message: 'request and answer verified' });
  });

  test.each<[string, Reply, string]>([
    [
      'says what Alipay refused',
      { node: { code: '40006', msg: 'x', sub_code: 'isv.insufficient-isv-permissions', sub_msg: '权限不足' } },
      'isv.insufficient-isv-permissions: 权限不足',
    ],
    ['says what was wrong with the answer', { body: `{"error_response":${error}}` }, 'unknown: unsigned'],
  ])('%s', async (_name, reply, message) => {
    const { channel, upstream } = await openChannel();
    upstream.reply(QUERY, reply);
    expect(await channel.test()).toEqual({ ok: false, message });
  });
});
