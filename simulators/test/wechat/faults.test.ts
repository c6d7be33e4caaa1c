import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryJournal } from '../../src/kernel/journal.ts';
import type { OutgoingRequest } from '../../src/kernel/ports.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import type { VirtualPorts } from '../support/virtual-ports.ts';
import {
  directOrder,
  placeDirect,
  placePaid,
  queryDirect,
  raw,
  refundDirect,
  signatureHolds,
  start,
} from './support.ts';
import type { RawAnswer, Running } from './support.ts';

const DIRECT = '/v3/pay/transactions/native';

describe('faults on requests', () => {
  let running: Running;
  beforeEach(async () => {
    running = await start();
  });
  afterEach(() => running.close());

  const inject = (fault: string, operation = 'pay', more: { delay_ms?: number } = {}): void => {
    running.faults.add({ channel: 'wechat', operation, fault, count: 1, ...more });
  };
  const order = (): { number: string; send: (signal?: AbortSignal) => Promise<RawAnswer> } => {
    const body = directOrder(running);
    return {
      number: String(body['out_trade_no']),
      send: (signal) => raw(running, running.direct, 'POST', DIRECT, { body, ...(signal ? { signal } : {}) }),
    };
  };
  const exists = async (number: string): Promise<boolean> => (await queryDirect(running, number)).status === 200;

  test('timeout_before: no answer, no order', async () => {
    inject('timeout_before');
    const { number, send } = order();
    const leave = new AbortController();
    const silent = send(leave.signal);
    await expect.poll(() => running.faults.list()).toEqual([]);
    leave.abort();
    await expect(silent).rejects.toThrow('aborted');
    expect(await exists(number)).toBe(false);
    expect((await send()).status).toBe(200);
  });

  test('timeout_after: no answer, but the order is there', async () => {
    inject('timeout_after');
    const { number, send } = order();
    const leave = new AbortController();
    const silent = send(leave.signal);
    await expect.poll(() => exists(number)).toBe(true);
    leave.abort();
    await expect(silent).rejects.toThrow('aborted');
  });

  test('connection_reset: the connection breaks, but the order is there', async () => {
    inject('connection_reset');
    const { number, send } = order();
    await expect(send()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await exists(number)).toBe(true);
  });

  test('http_500: an unsigned page that is no JSON, and no order', async () => {
    inject('http_500');
    const { number, send } = order();
    const answer = await send();
    expect([answer.status, answer.json, answer.headers.has('wechatpay-signature')]).toEqual([500, undefined, false]);
    expect(await exists(number)).toBe(false);
  });

  test('system_error: a signed SYSTEM_ERROR with 500, and no order', async () => {
    inject('system_error');
    const { number, send } = order();
    const answer = await send();
    expect([answer.status, answer.json?.code]).toEqual([500, 'SYSTEM_ERROR']);
    expect(signatureHolds(running, answer.headers, answer.body)).toBe(true);
    expect(await exists(number)).toBe(false);
  });

  test('bad_signature: the answer does not verify, but the order is there', async () => {
    inject('bad_signature');
    const { number, send } = order();
    const answer = await send();
    expect([answer.status, signatureHolds(running, answer.headers, answer.body)]).toEqual([200, false]);
    expect(await exists(number)).toBe(true);
  });

  test('garbage: bytes of no protocol, but the order is there; a 204 too has bytes', async () => {
    inject('garbage');
    const { number, send } = order();
    const answer = await send();
    expect([answer.body.length, answer.json]).toEqual([64, undefined]);
    expect(await exists(number)).toBe(true);
    inject('garbage', 'close');
    const closed = await raw(running, running.direct, 'POST', `/v3/pay/transactions/out-trade-no/${number}/close`, {
      body: { mchid: running.direct.mchid },
    });
    expect([closed.status, closed.body.length]).toEqual([200, 64]);
    expect((await queryDirect(running, number)).json?.['trade_state']).toBe('CLOSED');
  });

  test('slow: the effect at once, the answer later', async () => {
    inject('slow', 'pay', { delay_ms: 300 });
    const { number, send } = order();
    let answered = false;
    const slow = send().then((answer) => {
      answered = true;
      return answer;
    });
    await expect.poll(() => exists(number)).toBe(true);
    expect(answered).toBe(false);
    expect((await slow).status).toBe(200);
  });

  test('each befalls only its own operation, and * every one', async () => {
    const { out_trade_no } = await placePaid(running);
    for (const operation of ['pay', 'query', 'close', 'refund']) inject('system_error', operation);
    const ask = {
      query: () => queryDirect(running, out_trade_no),
      refund: () => refundDirect(running, out_trade_no, { refund: 1, total: 100 }),
      refund_query: () => raw(running, running.direct, 'GET', '/v3/refund/domestic/refunds/R1'),
      certificates: () => raw(running, running.direct, 'GET', '/v3/certificates'),
    };
    expect((await ask.certificates()).status).toBe(200);
    expect((await ask.query()).status).toBe(500);
    expect((await ask.query()).status).toBe(200);
    expect((await ask.refund()).status).toBe(500);
    expect((await ask.refund()).status).toBe(200);
    inject('system_error', 'query');
    expect((await ask.refund_query()).status).toBe(500);
    expect((await ask.refund_query()).status).toBe(404);
    inject('system_error', '*');
    expect((await ask.certificates()).status).toBe(500);
    expect(running.faults.list().map((fault) => fault.operation)).toEqual(['pay', 'close']);
    running.faults.clear();
    expect((await order().send()).status).toBe(200);
  });
});

describe('faults on callbacks, under a virtual clock', () => {
  let ports: VirtualPorts;
  let running: Running;
  const sent: { at_s: number; request: OutgoingRequest }[] = [];
  let status = 200;

  beforeEach(async () => {
    sent.length = 0;
    status = 200;
    ports = virtualPorts({
      send: (request) => {
        sent.push({ at_s: (ports.now() - began) / 1000, request });
        return { status, headers: {}, body: Buffer.alloc(0) };
      },
    });
    const began = ports.now();
    running = await start({ ports, journal: memoryJournal() });
  });
  afterEach(() => running.close());

  const inject = (fault: string, more: { delay_ms?: number } = {}): void => {
    running.faults.add({ channel: 'wechat', operation: 'callback', fault, count: 1, ...more });
  };
  const pay = (): Promise<{ out_trade_no: string }> => placePaid(running, {}, ports.now());
  const times = (): number[] => sent.map((one) => one.at_s);
  const verifies = (index: number): boolean => {
    const request = sent[index]?.request;
    if (!request) return false;
    return signatureHolds(running, new Headers({ ...request.headers }), request.body);
  };

  test('drop: never sent, except on demand', async () => {
    inject('drop');
    const { out_trade_no } = await pay();
    await ports.advance(86_400_000);
    expect(times()).toEqual([]);
    expect(running.simulator.callbacks(1)).toMatchObject([{ fault: 'drop', accepted: false, status: null }]);
    running.simulator.resendCallback(out_trade_no);
    await ports.advance(0);
    expect(times()).toEqual([86_400]);
  });

  test('duplicate: twice at once, each freshly signed, under one id', async () => {
    inject('duplicate');
    await pay();
    await ports.advance(60_000);
    expect(times()).toEqual([0, 0]);
    expect([verifies(0), verifies(1)]).toEqual([true, true]);
    expect(sent[0]?.request.body).toEqual(sent[1]?.request.body);
    expect(sent[0]?.request.headers['Wechatpay-Nonce']).not.toBe(sent[1]?.request.headers['Wechatpay-Nonce']);
  });

  test('reorder: the next one overtakes it', async () => {
    inject('reorder');
    const first = await pay();
    await ports.advance(5_000);
    expect(times()).toEqual([]);
    const second = await pay();
    await ports.advance(1);
    expect(running.simulator.callbacks(2).map((one) => one.out_trade_no)).toEqual([
      first.out_trade_no,
      second.out_trade_no,
    ]);
  });

  test('reorder: alone, it goes out after delay_ms', async () => {
    inject('reorder', { delay_ms: 7_000 });
    await pay();
    await ports.advance(60_000);
    expect(times()).toEqual([7]);
  });

  test.each([
    ['late', {}, 60],
    ['late', { delay_ms: 90_000 }, 90],
    ['slow', {}, 3],
  ])('%s %j: sent %d seconds later, once', async (fault, more, seconds) => {
    inject(fault, more);
    await pay();
    await ports.advance(600_000);
    expect(times()).toEqual([seconds]);
  });

  test('garbage and bad_signature: unusable first, then repeated properly when refused', async () => {
    for (const fault of ['garbage', 'bad_signature']) {
      sent.length = 0;
      inject(fault);
      status = 401;
      await pay();
      await ports.advance(0);
      expect([fault, verifies(0)]).toEqual([fault, false]);
      status = 204;
      await ports.advance(86_400_000);
      expect([fault, sent.length, verifies(1)]).toEqual([fault, 2, true]);
    }
  });

  test.each(['timeout_after', 'connection_reset'])('%s: delivered, but comes again', async (fault) => {
    inject(fault);
    await pay();
    await ports.advance(86_400_000);
    expect(times()).toEqual([0, 15]);
  });

  test('timeout_before: the first attempt is lost, the second comes by the cadence', async () => {
    inject('timeout_before');
    await pay();
    await ports.advance(86_400_000);
    expect(times()).toEqual([15]);
  });

  test('payers are not disturbed by faults on callbacks', async () => {
    inject('drop');
    const { out_trade_no } = await pay();
    expect((await queryDirect(running, out_trade_no, ports.now())).json?.['trade_state']).toBe('SUCCESS');
    expect((await placeDirect(running, {}, ports.now())).code_url).toMatch(/^weixin:/);
  });
});
