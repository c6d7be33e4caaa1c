import { relative } from 'node:path';
import type { SandboxFile } from './sandbox-file.ts';

/**
 * What a person reads when everything answers. Its last line is `ready`'s counterpart to copy: a signed payment.
 *
 * @param home HELIU_HOME, absolute
 * @param seconds since the start
 */
export function readyText(sandbox: SandboxFile, home: string, seconds: number): string {
  const below = relative(process.cwd(), home);
  const folder = below.startsWith('..') ? home : below || '.';
  const rows: [string, string][] = [
    ['gateway', sandbox.gateway.url],
    ['wallet', `${sandbox.simulators.url}  scan and pay here`],
    ['shop', `${sandbox.shop.url}  order here`],
    ['wechat', sandbox.simulators.wechat.base_url],
    ['alipay', sandbox.simulators.alipay.gateway_url],
    ['bank', `${sandbox.simulators.bank.base_url}  transfer here`],
    ['merchant', sandbox.merchant.merchant_id],
    ['login', `${sandbox.console.login_name} / password in sandbox.json`],
    ['files', `${folder}/sandbox.json, ${folder}/logs/`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
  const prefix = folder === '.heliu' ? '' : `HELIU_HOME=${folder} `;
  return `\nready in ${seconds.toFixed(1)} s\n${table}\n\n  A signed order in another terminal:\n  ${prefix}npm run demo\n\n`;
}
