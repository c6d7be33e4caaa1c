import { createServer } from 'node:net';
import { StartupProblem, systemErrorCode } from '../../gateway/src/embedded/startup-problem.ts';

/** What listens where, counted from PORT. */
export const PORT_OFFSETS = {
  gateway: 0,
  control: 1,
  wechat: 2,
  alipay: 3,
  bank: 4,
  shop: 5,
  wechat_tls: 6,
} as const;

const LAST_OFFSET = 6;

/**
 * Makes sure that the sandbox can listen.
 *
 * @throws StartupProblem naming the port and the variable that moves it
 */
export async function requireFreePorts(host: string, port: number): Promise<void> {
  if (port + LAST_OFFSET > 65_535) {
    throw new StartupProblem(
      `PORT is ${port}, and the sandbox needs the ${LAST_OFFSET} ports after it too. Set PORT to ${65_535 - LAST_OFFSET} or less.`,
    );
  }
  await Promise.all(Object.entries(PORT_OFFSETS).map(([name, offset]) => tryPort(name, host, port + offset, port)));
}

async function tryPort(name: string, host: string, port: number, base: number): Promise<void> {
  const probe = createServer();
  const failure = await new Promise<unknown>((resolve) => {
    probe.once('error', resolve);
    probe.listen(port, host, () => resolve(null));
  });
  if (failure === null) {
    await new Promise((closed) => probe.close(closed));
    return;
  }
  const code = systemErrorCode(failure);
  if (code === 'EADDRINUSE') {
    const what = port === base ? `PORT ${port}` : `Port ${port} (PORT+${port - base}, for ${name})`;
    throw new StartupProblem(
      `${what} is in use by another program. Set PORT to another number, e.g. PORT=${base < 60_000 ? base + 1_000 : 8080}.`,
    );
  }
  if (code === 'EACCES')
    throw new StartupProblem(`Port ${port} may not be used by this user. Set PORT to a number above 1023.`);
  throw new StartupProblem(
    `HOST ${host} is no address of this machine (${code}). Set HOST to 127.0.0.1 or another address of it.`,
  );
}
