import { onTestFinished } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAlipayConfig, serialiseAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayAppConfig, AlipayConfig } from '../../src/alipay/config.ts';
import type { ControlError } from '../../src/kernel/control-error.ts';
import { fileJournal } from '../../src/kernel/journal.ts';
import { call, newNumber, officialClient, start, VirtualPorts } from './support.ts';
import type { Stand } from './support.ts';

export type Biz = Record<string, unknown>;
export type Fields = Record<string, unknown>;

export const NOTIFY = { notify_url: 'http://merchant.example/notify' };

/** The till presents a code: 100.01 yuan, unless told otherwise. */
export function payByCode(
  stand: Stand,
  app: AlipayAppConfig,
  auth_code: string,
  biz: Biz = {},
  common: Record<string, string> = {},
): Promise<Fields> {
  const content = {
    out_trade_no: newNumber(),
    scene: 'bar_code',
    auth_code,
    total_amount: '100.01',
    subject: '红富士苹果',
    ...biz,
  };
  return call(stand, app, 'alipay.trade.pay', content, common);
}

/** An order of 100.01 yuan for the client to hand over. */
export function clientOrder(product_code: string, biz: Biz = {}): Biz & { out_trade_no: string } {
  return { out_trade_no: newNumber(), total_amount: '100.01', subject: '红富士苹果', product_code, ...biz };
}

/** A signed wap URL by the official client. */
export function wapUrl(stand: Stand, app: AlipayAppConfig, biz: Biz, common: Record<string, string> = {}): string {
  return officialClient(stand, app).pageExecute('alipay.trade.wap.pay', 'GET', { ...common, bizContent: biz });
}

/** A signed order string by the official client. */
export function orderString(stand: Stand, app: AlipayAppConfig, biz: Biz, common: Record<string, string> = {}): string {
  return officialClient(stand, app).sdkExecute('alipay.trade.app.pay', { ...common, bizContent: biz });
}

/** @returns a text with one of its parameters changed, its signature left as it was */
export function changed(text: string, name: string, change: (value: string) => string): string {
  const [origin, parametersText] = text.includes('?') ? text.split('?') : ['', text];
  const parameters = new URLSearchParams(parametersText);
  parameters.set(name, change(parameters.get(name) ?? ''));
  return `${origin === '' ? '' : `${origin}?`}${parameters.toString()}`;
}

export function query(stand: Stand, app: AlipayAppConfig, out_trade_no: string): Promise<Fields> {
  return call(stand, app, 'alipay.trade.query', { out_trade_no });
}

export function cancel(stand: Stand, app: AlipayAppConfig, out_trade_no: string): Promise<Fields> {
  return call(stand, app, 'alipay.trade.cancel', { out_trade_no });
}

export function kinds(stand: Stand): string[] {
  return stand.ledger.list().map((entry) => entry.kind);
}

/** @returns the refusal that a control throws */
export function refusal(act: () => unknown): ControlError {
  try {
    act();
  } catch (error) {
    return error as ControlError;
  }
  throw new Error('nothing was thrown');
}

/** A simulator that can be killed and started again on the same files; timers of the killed one never fire. */
export function restartable(config: AlipayConfig): {
  readonly ports: VirtualPorts;
  boot(): Promise<Stand>;
  reboot(stand: Stand): Promise<Stand>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'alipay-simulator-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'journal.jsonl');
  let ports = new VirtualPorts();
  const boot = () => start(parseAlipayConfig(serialiseAlipayConfig(config)), { ports, journal: fileJournal(path) });
  return {
    get ports() {
      return ports;
    },
    boot,
    reboot: async (stand) => {
      await stand.close();
      const next = new VirtualPorts();
      await next.advance(ports.now() - next.now());
      next.answer = ports.answer;
      ports = next;
      return boot();
    },
  };
}
