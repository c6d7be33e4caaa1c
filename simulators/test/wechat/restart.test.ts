import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fileJournal } from '../../src/kernel/journal.ts';
import type { OutgoingRequest } from '../../src/kernel/ports.ts';
import { createWechatConfig, serializeWechatConfig } from '../../src/wechat/config.ts';
import type { WechatConfig, WechatMerchant } from '../../src/wechat/config.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import type { VirtualPorts } from '../support/virtual-ports.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { directOrder, newNumber, placeDirect, placePaid, queryDirect, raw, refundDirect, start } from './support.ts';
import type { Running } from './support.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliu-wechat-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a second simulator on the same journal', () => {
  let ports: VirtualPorts;
  let config: WechatConfig;
  let running: Running;
  let closeJournal: () => void;
  const sent: OutgoingRequest[] = [];

  beforeAll(async () => {
    config = await createWechatConfig(virtualPorts());
  });

  beforeEach(async () => {
    sent.length = 0;
    ports = virtualPorts({
      send: (request) => {
        sent.push(request);
        return { status: 500, headers: {}, body: Buffer.alloc(0) };
      },
    });
    await boot();
  });
  afterEach(() => halt());

  const boot = async (): Promise<void> => {
    const journal = fileJournal(join(folder, 'journal.jsonl'));
    closeJournal = journal.close;
    running = await start({ ports, config, journal });
  };
  const halt = async (): Promise<void> => {
    await running.close();
    closeJournal();
  };
  /** What the first simulator had armed must not run beside the second: its clock is thrown away with it. */
  const restart = async (): Promise<void> => {
    await halt();
    ports = virtualPorts({ start_ms: ports.now(), seed: 'second life', send: ports.send });
    await boot();
  };

  test('has the same orders, ledger, faults, balance and keys', async () => {
    const open = await placeDirect(running, {}, ports.now());
    const paid = await placePaid(running, {}, ports.now());
    running.faults.add({ channel: 'wechat', operation: 'close', fault: 'system_error', count: 2 });
    running.simulator.setBalance(running.direct.mchid, 5);
    const serial = await running.simulator.rotatePlatformCertificate();
    const before = running.ledger.list();
    const query = await queryDirect(running, paid.out_trade_no, ports.now());

    await restart();

    expect(running.ledger.list()).toEqual(before);
    expect((await queryDirect(running, paid.out_trade_no, ports.now())).json).toEqual(query.json);
    expect(running.simulator.pending().map((one) => one.code)).toEqual([open.code_url]);
    expect(running.simulator.scan(open.code_url, 'pay').state).toBe('SUCCESS');
    expect(running.ledger.list().at(-1)?.seq).toBe(before.length + 1);
    expect(running.faults.list()).toMatchObject([{ fault: 'system_error', remaining: 2 }]);
    expect((await queryDirect(running, open.out_trade_no, ports.now())).headers.get('wechatpay-serial')).toBe(serial);
    const tooMuch = await refundDirect(running, paid.out_trade_no, { refund: 100, total: 100 }, ports.now());
    expect(tooMuch.status).toBe(200);
    const next = await placePaid(running, {}, ports.now());
    running.simulator.setBalance(running.direct.mchid, 5);
    await restart();
    expect((await refundDirect(running, next.out_trade_no, { refund: 6, total: 100 }, ports.now())).json?.code).toBe(
      'NOT_ENOUGH',
    );
  });

  test('settles a refund that was being processed, once', async () => {
    const { out_trade_no } = await placePaid(running, {}, ports.now());
    const same = { refund: 30, total: 100, out_refund_no: newNumber() };
    await refundDirect(running, out_trade_no, same, ports.now());
    await restart();
    running.simulator.resume();
    expect((await refundDirect(running, out_trade_no, same, ports.now())).json?.['status']).toBe('PROCESSING');
    await ports.advance(1_000);
    expect((await refundDirect(running, out_trade_no, same, ports.now())).json?.['status']).toBe('SUCCESS');
    await restart();
    await ports.advance(60_000);
    const refunds = running.ledger.list().filter((entry) => entry.kind === 'refund');
    expect(refunds.map((entry) => entry.amount)).toEqual([30]);
  });

  test('goes on with the cadence of a callback where it stood, under the same id', async () => {
    await placePaid(running, {}, ports.now());
    await ports.advance(20_000);
    expect(sent.length).toBe(2);
    await restart();
    await ports.advance(9_999);
    expect(sent.length).toBe(2);
    await ports.advance(1);
    expect(sent.length).toBe(3);
    expect(new Set(sent.map((request) => request.body.toString('utf8'))).size).toBe(1);
  });

  test('lives with a line that a kill tore', async () => {
    const { out_trade_no } = await placePaid(running, {}, ports.now());
    await halt();
    appendFileSync(join(folder, 'journal.jsonl'), '[{"snapshot_of":"wechat.order:19');
    await boot();
    expect((await queryDirect(running, out_trade_no, ports.now())).json?.['trade_state']).toBe('SUCCESS');
  });
});

describe('a process of its own', () => {
  let receiver: Receiver;
  let direct: WechatMerchant;
  let child: ChildProcess | undefined;

  beforeEach(async () => {
    receiver = await startReceiver(() => 500);
    const config = await createWechatConfig(virtualPorts({ start_ms: Date.now() }));
    writeFileSync(join(folder, 'config.json'), serializeWechatConfig(config));
    const [, merchant] = config.merchants;
    if (!merchant) throw new Error('no direct merchant');
    direct = merchant;
  });
  afterEach(async () => {
    await kill();
    await receiver.close();
  });

  /** Resolves with its origin once it listens. */
  const boot = async (): Promise<{ base_url: string }> => {
    const spawned = spawn(process.execPath, [fileURLToPath(new URL('killable.ts', import.meta.url)), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child = spawned;
    return new Promise((resolve, reject) => {
      spawned.stdout.once('data', (chunk: Buffer) => resolve({ base_url: chunk.toString('utf8').trim() }));
      spawned.once('exit', () => reject(new Error('the simulator ended')));
    });
  };
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };

  test('has lost nothing it answered when it is killed right afterwards', async () => {
    const body = directOrder({ direct }, { notify_url: `${receiver.url}/notify` });
    const target = `/v3/pay/transactions/out-trade-no/${String(body['out_trade_no'])}?mchid=${direct.mchid}`;
    const first = await boot();
    await raw(first, direct, 'POST', '/v3/pay/transactions/native', { body });
    await kill();
    const second = await boot();
    expect((await raw(second, direct, 'GET', target)).json?.['trade_state']).toBe('NOTPAY');
    expect((await fetch(`${second.base_url}/test/pay-all`, { method: 'POST' })).status).toBe(200);
    await kill();
    const third = await boot();
    expect((await raw(third, direct, 'GET', target)).json?.['trade_state']).toBe('SUCCESS');
    expect((await raw(third, direct, 'POST', '/v3/pay/transactions/native', { body })).json?.code).toBe('ORDERPAID');
  });
});
