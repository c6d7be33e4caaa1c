/**
 * The shop as a process. Its settings come from the environment, or from the process that started it, once that knows them:
 * then it says `ready` when it answers. It ends on SIGTERM.
 *
 *   HELIU_URL MERCHANT_ID MERCHANT_KEY_FILE PLATFORM_KEY_FILE   as for every demo
 *   HELIU_PAY_TYPES   what the merchant has routed, e.g. wechat.scan,alipay.scan
 *   HOST PORT         where the shop listens: 127.0.0.1:8085 unless they are set
 *   SHOP_URL          where the gateway reaches it, unless that is where it listens
 *   WALLET_URL        the wallet page of a sandbox
 *   BANK_URL          the bank counter of a sandbox
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { shopServer } from './server.ts';
import { Shop, type ShopSettings } from './shop.ts';

const host = process.env['HOST'] || '127.0.0.1';
const port = Number(process.env['PORT'] || 8085);

const shop = new Shop(process.env['HELIU_URL'] ? fromEnvironment() : await fromParent());
await shop.ways.askForCashier();
const server = createServer(shopServer(shop)).listen(port, host);
await once(server, 'listening');
process.once('SIGTERM', () => {
  shop.close();
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
if (process.send) process.send({ ready: true });
else process.stdout.write(`the shop is open: ${shop.settings.shop_url}\n`);

function fromEnvironment(): ShopSettings {
  const variable = (name: string): string => {
    const value = process.env[name];
    if (value) return value;
    process.stderr.write(`With HELIU_URL, set ${name} too.\n`);
    process.exit(1);
  };
  return {
    gateway_url: variable('HELIU_URL'),
    merchant_id: variable('MERCHANT_ID'),
    private_key: readFileSync(variable('MERCHANT_KEY_FILE'), 'utf8'),
    platform_public_key: readFileSync(variable('PLATFORM_KEY_FILE'), 'utf8'),
    pay_types: variable('HELIU_PAY_TYPES')
      .split(',')
      .map((pay_type) => pay_type.trim()),
    shop_url: process.env['SHOP_URL'] || `http://${host}:${port}`,
    wallet_url: process.env['WALLET_URL'] || null,
    bank_url: process.env['BANK_URL'] || null,
  };
}

/** The first message that our parent sends. */
async function fromParent(): Promise<ShopSettings> {
  if (!process.send) {
    process.stderr.write('Set HELIU_URL and what goes with it; in the sandbox the shop is started by npm start.\n');
    process.exit(1);
  }
  process.channel?.ref();
  const [settings] = (await once(process, 'message')) as [ShopSettings];
  process.channel?.unref();
  return settings;
}
