import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunningSimulators } from '../../src/start.ts';
import { control, emptyHome, newHome, start } from '../control/support.ts';

// A client of the bank's interface, written from its description (docs/bank-transfer.md, The bank's interface).

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

async function call(
  simulators: RunningSimulators,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  change: (headers: Record<string, string>) => Record<string, string> = (headers) => headers,
): Promise<Answer> {
  const { bank } = simulators;
  const text = body === undefined ? '' : JSON.stringify(body);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = '0123456789abcdef';
  const message = Buffer.from(`${method}\n${path}\n${timestamp}\n${nonce}\n${text}\n`);
  const headers = change({
    'bank-client': bank.client_id,
    'bank-timestamp': timestamp,
    'bank-nonce': nonce,
    'bank-signature': sign('sha256', message, createPrivateKey(bank.client_private_key)).toString('base64'),
  });
  const response = await fetch(bank.base_url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: text }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  expect(isBanks(simulators, response.headers, bytes)).toBe(true);
  return { status: response.status, json: JSON.parse(bytes.toString()) as Record<string, unknown> };
}

function isBanks({ bank }: RunningSimulators, headers: Headers, body: Buffer): boolean {
  if (headers.get('bank-key') !== bank.bank_key_id) return false;
  const head = `${headers.get('bank-timestamp')}\n${headers.get('bank-nonce')}\n`;
  const message = Buffer.concat([Buffer.from(head), body, Buffer.from('\n')]);
  const signature = Buffer.from(headers.get('bank-signature') ?? '', 'base64');
  return verify('sha256', message, createPublicKey(bank.bank_public_key), signature);
}

const opening = (out_trade_no: string, amount = 7622) => ({ out_trade_no, amount, description: 'goods' });

function open(simulators: RunningSimulators, out_trade_no: string, amount = 7622): Promise<Answer> {
  return call(simulators, 'POST', '/v1/virtual-accounts', opening(out_trade_no, amount));
}

async function entries(simulators: RunningSimulators): Promise<Record<string, unknown>[]> {
  return (await control(simulators, 'GET', '/control/ledger?channel=bank')).body['entries'] as Record<
    string,
    unknown
  >[];
}

test('a number with a broken percent escape is none that is known', async () => {
  const simulators = await start();
  expect(await call(simulators, 'GET', '/v1/transfers/%E0%A4%A')).toMatchObject({ status: 404 });
});

describe('numbers', () => {
  test('are opened once for an order, asked about, and closed', async () => {
    const simulators = await start();
    const first = await open(simulators, 'o1');
    expect(first).toMatchObject({
      status: 200,
      json: { out_trade_no: 'o1', status: 'OPEN', fund_acc_name: expect.any(String) },
    });
    const number = String(first.json['fund_acc']);
    expect(number).toMatch(/^9902\d{12}$/);
    expect(String(Number(number))).toBe(number);
    expect((await open(simulators, 'o1')).json['fund_acc']).toBe(number);
    expect(await open(simulators, 'o1', 1)).toMatchObject({ status: 400, json: { code: 'NUMBER_REPEATED' } });
    expect((await open(simulators, 'o2')).json['fund_acc']).not.toBe(number);
    expect((await call(simulators, 'GET', '/v1/virtual-accounts/o1')).json).toMatchObject({
      status: 'OPEN',
      fund_acc: number,
    });
    for (let times = 0; times < 2; times += 1)
      expect((await call(simulators, 'POST', '/v1/virtual-accounts/o1/close', {})).json).toMatchObject({
        status: 'CLOSED',
      });
    expect(await call(simulators, 'GET', '/v1/virtual-accounts/nowhere')).toMatchObject({
      status: 404,
      json: { code: 'NOT_FOUND' },
    });
    expect((await entries(simulators)).map((one) => one['kind'])).toEqual(['order', 'order', 'close']);
  });

  test.each([{}, { out_trade_no: 'a' }, { out_trade_no: 'a', amount: 1.5 }, { out_trade_no: '', amount: 1 }])(
    'are not opened by %j',
    async (body) => {
      expect(await call(await start(), 'POST', '/v1/virtual-accounts', body)).toMatchObject({
        status: 400,
        json: { code: 'INVALID_REQUEST' },
      });
    },
  );
});

test.each([
  ['another customer', (headers: Record<string, string>) => ({ ...headers, 'bank-client': 'other' }), /Bank-Client/],
  [
    'an old time',
    (headers: Record<string, string>) => ({ ...headers, 'bank-timestamp': '1700000000' }),
    /five minutes/,
  ],
  ['another nonce', (headers: Record<string, string>) => ({ ...headers, 'bank-nonce': 'fedcba9876543210' }), /wrong/],
  ['no signature', ({ 'bank-signature': _none, ...headers }: Record<string, string>) => headers, /wrong/],
])('%s is refused', async (_what, change, said) => {
  const answer = await call(await start(), 'POST', '/v1/virtual-accounts', opening('o1'), change);
  expect(answer).toMatchObject({ status: 401, json: { code: 'SIGN_ERROR', message: expect.stringMatching(said) } });
});

describe('outgoing transfers', () => {
  const transfer = (more: object = {}) => ({
    out_transfer_no: 'r1',
    amount: 22,
    payee_account: '6222',
    payee_name: '甲',
    payee_bank: '工商银行',
    remark: 'too cold',
    ...more,
  });

  async function becomes(simulators: RunningSimulators, number: string, status: string): Promise<void> {
    for (;;) {
      const { json } = await call(simulators, 'GET', `/v1/transfers/${number}`);
      if (json['status'] === status) return;
      expect(json['status']).toBe('PROCESSING');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('are made once, however often they are ordered, and confirmed later', async () => {
    const simulators = await start();
    for (let times = 0; times < 2; times += 1)
      expect((await call(simulators, 'POST', '/v1/transfers', transfer())).json).toMatchObject({
        status: 'PROCESSING',
        amount: 22,
      });
    expect(await call(simulators, 'POST', '/v1/transfers', transfer({ amount: 23 }))).toMatchObject({
      status: 400,
      json: { code: 'NUMBER_REPEATED' },
    });
    await becomes(simulators, 'r1', 'SUCCEEDED');
    expect(await entries(simulators)).toMatchObject([{ kind: 'refund', amount: 22, out_refund_no: 'r1' }]);
  });

  test('end badly by words in the remark, and beyond the balance', async () => {
    const simulators = await start();
    await call(simulators, 'POST', '/v1/transfers', transfer({ remark: 'TRANSFER_FAILS' }));
    await becomes(simulators, 'r1', 'FAILED');
    const refused = (more: object) =>
      call(simulators, 'POST', '/v1/transfers', transfer({ out_transfer_no: 'r2', ...more }));
    expect((await refused({ remark: 'PAYEE_UNKNOWN' })).json).toMatchObject({ code: 'PAYEE_UNKNOWN' });
    expect((await refused({ amount: 100_000_000_000 })).json).toMatchObject({ code: 'NOT_ENOUGH' });
    expect(await call(simulators, 'GET', '/v1/transfers/r2')).toMatchObject({ status: 404 });
  });

  test('that are under way when the bank ends go on after its next start', async () => {
    const home = await newHome();
    const first = await start({ home });
    await call(first, 'POST', '/v1/transfers', transfer());
    const opened = await open(first, 'o1');
    await first.close();
    const second = await start({ home });
    await becomes(second, 'r1', 'SUCCEEDED');
    expect((await open(second, 'o1')).json).toEqual(opened.json);
  });
});

describe('credits', () => {
  interface Push {
    readonly headers: IncomingHttpHeaders;
    readonly body: Buffer;
  }

  /** A customer that answers one after the other. */
  async function customer(answers: readonly [number, string][]): Promise<{ url: string; all: Promise<Push[]> }> {
    const pushes: Push[] = [];
    const { promise: all, resolve } = Promise.withResolvers<Push[]>();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const [status, body] = answers[pushes.length] ?? [500, ''];
        pushes.push({ headers: request.headers, body: Buffer.concat(chunks) });
        response.writeHead(status).end(body);
        if (pushes.length === answers.length) resolve(pushes);
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bank`, all };
  }

  test('are pushed, signed, until the customer says SUCCESS', async () => {
    const { url, all } = await customer([
      [500, 'no'],
      [200, '{"code":"FAIL"}'],
      [200, '{"code":"SUCCESS"}'],
    ]);
    const simulators = await start({ bank_push_url: url, cadence_scale: 0.0001 });
    const sent = await control(simulators, 'POST', '/control/transfer', {
      fund_acc: '9902000000000002',
      amount: 7622,
      payer_name: '甲',
    });
    expect(sent).toMatchObject({ status: 200, body: { amount: 7622, state: 'BOOKED' } });
    const pushes = await all;
    expect(new Set(pushes.map((push) => push.body.toString())).size).toBe(1);
    for (const { headers, body } of pushes) {
      const single = new Headers(
        Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]),
      );
      expect(isBanks(simulators, single, body)).toBe(true);
    }
    expect(pushes[0]?.body.toString()).toContain(`<AcctSvcrRef>${String(sent.body['reference'])}</AcctSvcrRef>`);
  });

  test.each([
    [{ fund_acc: '123', amount: 1 }, 404, /no account of this bank/],
    [{ fund_acc: '9902000000000002' }, 400, /amount is missing/],
    [{ fund_acc: '9902000000000002', amount: 1.5 }, 400, /whole number/],
    [{ amount: 1 }, 400, /fund_acc/],
    [{ fund_acc: '9902000000000002', amount: 1, sum: 2 }, 400, /unknown field sum/],
  ])('%j is refused', async (body, status, said) => {
    expect(await control(await start(), 'POST', '/control/transfer', body)).toMatchObject({
      status,
      body: { msg: expect.stringMatching(said) },
    });
  });

  test('can be taken back once', async () => {
    const simulators = await start();
    // The number as the API shows it.
    const { reference } = (
      await control(simulators, 'POST', '/control/transfer', { fund_acc: 9_902_000_000_000_002, amount: 1 })
    ).body;
    expect((await control(simulators, 'POST', '/control/bank/reverse', { reference })).status).toBe(200);
    expect((await control(simulators, 'POST', '/control/bank/reverse', { reference })).status).toBe(409);
    expect((await control(simulators, 'POST', '/control/bank/reverse', { reference: 'nothing' })).status).toBe(404);
    expect((await entries(simulators)).map((one) => one['kind'])).toEqual(['payment', 'reverse']);
  });
});

test('files are left under their own name only when they are whole', async () => {
  const folder = join(emptyHome(), 'in');
  const simulators = await start({ bank_drop_folder: folder });
  expect(existsSync(folder)).toBe(false);
  await control(simulators, 'POST', '/control/transfer', { fund_acc: '9902000000000002', amount: 5 });
  const { name, xml } = (await control(simulators, 'POST', '/control/bank/file', { kind: 'camt053' })).body;
  expect(readdirSync(folder)).toEqual([name]);
  expect(readFileSync(join(folder, String(name)), 'utf8')).toBe(xml);
  expect(xml).toContain('<Sum>0.05</Sum>');
});

test('faults befall the bank as they befall the wallets', async () => {
  const simulators = await start();
  const inject = (operation: string, fault: string) =>
    control(simulators, 'POST', '/control/faults', { channel: 'bank', operation, fault, count: 1 });
  await inject('pay', 'system_error');
  expect(await open(simulators, 'o1')).toMatchObject({ status: 500, json: { code: 'SYSTEM_ERROR' } });
  expect((await call(simulators, 'GET', '/v1/virtual-accounts/o1')).status).toBe(404);
  await inject('pay', 'connection_reset');
  await expect(open(simulators, 'o1')).rejects.toThrow();
  expect((await call(simulators, 'GET', '/v1/virtual-accounts/o1')).status).toBe(200);
});
