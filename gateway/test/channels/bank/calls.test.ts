import { verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bank } from '../../../src/channels/bank/channel.ts';
import { NoAnswer } from '../../../src/ports.ts';
import { account, order, OUR_PUBLIC_KEY, refund, scripted, STRANGER, type Scripted } from './support.ts';

const NUMBER = order().out_trade_no;
const REFUND = refund().out_refund_no;
const POOL = { numbers: 'pool', pool: { prefix: '9902', first: 1, last: 99, digits: 12 } };

function open(answer: Scripted['answer'], settings: Readonly<Record<string, unknown>> = {}) {
  const upstream = scripted(answer);
  return { upstream, client: bank.open(account(settings), upstream.ports) };
}

async function begin(answer: Scripted['answer'], more: Parameters<typeof order>[0] = {}, settings = {}) {
  const { client } = open(answer, settings);
  return (await client.prepareBegin(order(more))).send();
}

const opened = {
  out_trade_no: NUMBER,
  status: 'OPEN',
  fund_acc: '9902000016241738',
  fund_acc_name: '户名',
  bank_branch: '分行',
};

describe('a call', () => {
  test('is signed over method, path, time, nonce and body, and names the customer', async () => {
    const { upstream, client } = open({ status: 200, body: opened });
    await (await client.prepareBegin(order())).send();
    const [request] = upstream.sent;
    const headers = request?.headers ?? {};
    expect(request).toMatchObject({ method: 'POST', url: 'https://bank.example.com/v1/virtual-accounts' });
    expect(headers['bank-client']).toBe('heliu');
    const message = `POST\n/v1/virtual-accounts\n${headers['bank-timestamp']}\n${headers['bank-nonce']}\n${request?.body}\n`;
    expect(
      verify('sha256', Buffer.from(message), OUR_PUBLIC_KEY, Buffer.from(headers['bank-signature'] ?? '', 'base64')),
    ).toBe(true);
  });

  test('never splits a character of a text that is too long', async () => {
    const { upstream, client } = open({ status: 200, body: opened });
    const long = `${'货'.repeat(139)}😀`;
    await (await client.prepareBegin(order({ body: long }))).send();
    await client.refund(refund({ reason: long }));
    const sent = upstream.sent.map((request) => JSON.parse(request.body ?? '') as Record<string, unknown>);
    expect(sent.map(({ description, remark }) => description ?? remark)).toEqual(['货'.repeat(139), '货'.repeat(139)]);
  });

  test.each([
    ['a timeout', new NoAnswer('lost', 'timeout'), { outcome: 'unknown', reason: 'timeout' }],
    [
      'no connection',
      new NoAnswer('not_sent', 'connection_refused'),
      { outcome: 'not_sent', reason: 'connection_refused' },
    ],
    ['a 5xx', { status: 500, body: { code: 'SYSTEM_ERROR' } }, { outcome: 'unknown', reason: 'http_500' }],
    [
      'another signature',
      { status: 200, body: opened, key: STRANGER },
      { outcome: 'unknown', reason: 'bad_signature' },
    ],
    [
      'a refusal with another signature',
      { status: 400, body: { code: 'INVALID_REQUEST' }, key: STRANGER },
      { outcome: 'unknown', reason: 'bad_signature' },
    ],
    ['no JSON', { status: 200, body: '<html>' }, { outcome: 'unknown', reason: 'not_understood' }],
    [
      'another number',
      { status: 200, body: { ...opened, out_trade_no: 'other' } },
      { outcome: 'unknown', reason: 'other_number' },
    ],
    ['a number that JSON cannot show', { status: 200, body: { ...opened, fund_acc: '0123' } }, { outcome: 'unknown' }],
    [
      'a code we do not know',
      { status: 400, body: { code: 'STRANGE', message: '' } },
      { outcome: 'unknown', reason: 'STRANGE' },
    ],
    [
      'a definite refusal',
      { status: 400, body: { code: 'INVALID_REQUEST', message: 'no' } },
      { outcome: 'declined', code: 'INVALID_REQUEST' },
    ],
    [
      'no number left',
      { status: 400, body: { code: 'NO_NUMBER_LEFT', message: '' } },
      { outcome: 'declined', account_fault: true },
    ],
  ] as [string, Scripted['answer'], object][])('answered by %s', async (_what, answer, report) => {
    expect(await begin(answer)).toMatchObject(report);
  });
});

describe('an accepted order', () => {
  test('shows what the bank says, its number digit by digit', async () => {
    expect(await begin({ status: 200, body: { ...opened, fund_acc: '9902000016241739' } })).toMatchObject({
      outcome: 'accepted',
      message: 'SUCCESS,OK',
      reply: {
        pay_info: '{"fund_acc_name":"户名","fund_acc":9902000016241739,"ecp_bank_branch":"分行"}',
        fund_acc: '9902000016241739',
      },
    });
  });

  test('of a pool shows the number that was taken, and calls nobody', async () => {
    const { upstream, client } = open(new NoAnswer('lost', 'timeout'), POOL);
    const report = await (await client.prepareBegin(order({ fund_acc: '9902000000000002' }))).send();
    expect(report).toMatchObject({
      outcome: 'accepted',
      reply: {
        pay_info:
          '{"fund_acc_name":"深圳市普尔瀚达科技有限公司","fund_acc":9902000000000002,"ecp_bank_branch":"民生银行广州分行"}',
      },
    });
    expect(upstream.sent).toEqual([]);
  });

  test('of an empty pool is declined, so that another account may be asked', async () => {
    expect(await begin(new NoAnswer('lost', 'x'), { fund_acc: null }, POOL)).toMatchObject({
      outcome: 'declined',
      code: 'NO_NUMBER_FREE',
      account_fault: true,
    });
  });
});

describe('query and close', () => {
  const of = (status: string) => ({ status: 200, body: { out_trade_no: NUMBER, status } });
  const unknown_number = { status: 404, body: { code: 'NOT_FOUND', message: '' } };

  test.each([
    ['open', of('OPEN'), 'waiting'],
    ['closed', of('CLOSED'), 'closed'],
    ['unknown', unknown_number, 'not_found'],
    ['something else', of('FROZEN'), 'unknown'],
    ['refused', { status: 400, body: { code: 'INVALID_REQUEST', message: '' } }, 'unknown'],
  ])('query: %s', async (_what, answer, outcome) => {
    expect(await open(answer).client.query(order())).toMatchObject({ outcome });
  });

  test.each([
    ['closed', of('CLOSED'), 'closed'],
    ['still open', of('OPEN'), 'unknown'],
    ['unknown', unknown_number, 'not_found'],
  ])('close: %s', async (_what, answer, outcome) => {
    expect(await open(answer).client.close(order())).toMatchObject({ outcome });
  });

  test('of a pool are our own affair', async () => {
    const { client, upstream } = open(new NoAnswer('lost', 'x'), POOL);
    expect(await client.query(order())).toMatchObject({ outcome: 'waiting' });
    expect(await client.close(order())).toMatchObject({ outcome: 'closed' });
    expect(upstream.sent).toEqual([]);
  });
});

describe('a refund', () => {
  const of = (body: object) => ({
    status: 200,
    body: { out_transfer_no: REFUND, transfer_no: 'T1', amount: 22, ...body },
  });

  test('goes to the account the payment came from', async () => {
    const { upstream, client } = open(of({ status: 'PROCESSING' }));
    expect(await client.refund(refund())).toMatchObject({ outcome: 'processing', channel_refund_id: 'T1' });
    expect(JSON.parse(upstream.sent[0]?.body ?? '')).toEqual({
      out_transfer_no: REFUND,
      amount: 22,
      payee_account: '6222020000000008',
      payee_name: '甲公司',
      payee_bank: '工商银行',
      remark: 'too cold',
    });
  });

  test.each([
    ['succeeded', of({ status: 'SUCCEEDED' }), { outcome: 'succeeded', amount_fen: 22 }],
    ['failed', of({ status: 'FAILED', reason: '账号不存在' }), { outcome: 'closed', message: '账号不存在' }],
    [
      'of another number',
      of({ status: 'SUCCEEDED', out_transfer_no: 'x' }),
      { outcome: 'unknown', reason: 'other_number' },
    ],
    ['without an amount', of({ status: 'SUCCEEDED', amount: undefined }), { outcome: 'unknown' }],
    [
      'not enough money: sent again later',
      { status: 400, body: { code: 'NOT_ENOUGH', message: '' } },
      { outcome: 'processing' },
    ],
    ['no such account', { status: 400, body: { code: 'PAYEE_UNKNOWN', message: '' } }, { outcome: 'declined' }],
    ['a lost answer', new NoAnswer('lost', 'timeout'), { outcome: 'unknown', reason: 'timeout' }],
  ] as [string, Scripted['answer'], object][])('%s', async (_what, answer, report) => {
    expect(await open(answer).client.refund(refund())).toMatchObject(report);
  });

  test('asked about: a refusal says nothing, but that it is not known', async () => {
    expect(
      await open({ status: 404, body: { code: 'NOT_FOUND', message: '' } }).client.queryRefund(refund()),
    ).toMatchObject({ outcome: 'not_found' });
    expect(
      await open({ status: 400, body: { code: 'INVALID_REQUEST', message: '' } }).client.queryRefund(refund()),
    ).toMatchObject({ outcome: 'unknown' });
  });

  test('cannot be made without an account to send it to, or without an interface', async () => {
    expect(await open(of({})).client.refund(refund({ paid_details: {} }))).toMatchObject({
      outcome: 'declined',
      code: 'PAYEE_UNKNOWN',
    });
    const silent = open(of({}), { ...POOL, base_url: undefined, client_id: undefined });
    expect(await silent.client.refund(refund())).toMatchObject({ outcome: 'declined', code: 'NO_INTERFACE' });
    expect(await silent.client.test()).toMatchObject({ ok: true });
  });
});

describe('an account', () => {
  test.each([
    [{ numbers: 'pool' }, /pool/],
    [{ numbers: 'bank', base_url: undefined }, /base_url/],
    [{ client_id: undefined }, /client_id/],
    [{ bank_keys: { k1: 'nonsense' } }, /bank_keys\.k1/],
    [{ numbers: 'pool', pool: { prefix: '9902', first: 9, last: 1, digits: 12 } }, /pool\.last/],
    [{ numbers: 'pool', pool: { prefix: '9902', first: 1, last: 9, digits: 12, check_digit: 'luhn' } }, /16 digits/],
    [{ numbers: 'pool', pool: { prefix: '9902', first: 1, last: 1000, digits: 3 } }, /more digits/],
    [{ numbers: 'pool', pool: { prefix: '0902', first: 1, last: 9, digits: 12 } }, /pool\.prefix/],
    [{ surprise: 1 }, /surprise/],
  ])('%j is refused by name', (settings, complaint) => {
    expect(() => open({ status: 200, body: {} }, settings)).toThrow(complaint);
  });

  test('tells whether the bank answers', async () => {
    expect(await open({ status: 200, body: { status: 'OK' } }).client.test()).toMatchObject({ ok: true });
    expect(await open({ status: 401, body: { code: 'SIGN_ERROR', message: 'x' } }).client.test()).toMatchObject({
      ok: false,
    });
    expect(await open(new NoAnswer('lost', 'timeout')).client.test()).toMatchObject({
      ok: false,
      message: expect.stringContaining('timeout'),
    });
  });
});
