import { join, resolve } from 'node:path';
import { PortInUse, startSimulators } from './start.ts';
import type { PortOption } from './start.ts';

/** The gateway's port is the base of a sandbox; the simulators stand beside it. */
const OFFSET_OF_PORT: Readonly<Record<PortOption, number>> = {
  control_port: 1,
  wechat_port: 2,
  alipay_port: 3,
  wechat_tls_port: 6,
  bank_port: 4,
};

/** The last of a sandbox's ports is PORT + 6. */
const HIGHEST_PORT = 65_535 - 6;

/**
 * Runs the simulators until SIGTERM, SIGINT or the end of the parent that started it with an IPC channel. Says that it
 * is ready in one line of JSON; the credentials go only to that parent.
 */
async function main(): Promise<void> {
  // Listened for from the start: a parent that is gone before we are ready is not told of again.
  let close = async (): Promise<void> => undefined;
  const end = (): void => void close().then(() => process.exit(0));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (process.connected) process.once('disconnect', end);

  const port = readPort(process.env['PORT']);
  const home = resolve(process.env['HELIU_HOME'] || '.heliu');
  const running = await startSimulators({
    host: process.env['HOST'] || '127.0.0.1',
    home,
    control_port: port + OFFSET_OF_PORT.control_port,
    wechat_port: port + OFFSET_OF_PORT.wechat_port,
    alipay_port: port + OFFSET_OF_PORT.alipay_port,
    wechat_tls_port: port + OFFSET_OF_PORT.wechat_tls_port,
    bank_port: port + OFFSET_OF_PORT.bank_port,
    // The gateway beside them, and the account that the sandbox gives it.
    bank_push_url: `http://127.0.0.1:${port}/bank/sandbox-bank`,
    bank_drop_folder: join(home, 'bank', 'sandbox-bank', 'in'),
  });
  close = () => running.close();
  const { wechat, alipay, bank, addresses } = running;
  process.stdout.write(`${JSON.stringify({ ready: true, addresses })}\n`);
  process.send?.({ ready: true, addresses, wechat, alipay, bank });
}

function readPort(text: string | undefined): number {
  const port = Number(text || '8080');
  if (/^\d*$/.test(text ?? '') && port >= 1 && port <= HIGHEST_PORT) return port;
  throw new Error(
    `PORT is "${text}": give a whole number from 1 to ${HIGHEST_PORT}; the simulators use PORT+1 to PORT+4 and PORT+6`,
  );
}

function describe(error: unknown): string {
  if (error instanceof PortInUse) {
    const offset = OFFSET_OF_PORT[error.option];
    return `port ${error.port} (PORT+${offset}, ${error.option}) is in use: stop what listens there, or set PORT to another base`;
  }
  return error instanceof Error ? error.message : String(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`simulators: ${describe(error)}\n`);
  process.exit(1);
});
