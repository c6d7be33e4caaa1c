import { isIPv4 } from 'node:net';
import { ControlError } from '../kernel/control-error.ts';
import type { IncomingRequest } from '../kernel/ports.ts';

/**
 * Lets only this machine in, and of its browsers only our own page: the controls pay orders and break channels, so a
 * web page that the developer happens to visit must not reach them, not even through a name that it rebinds to
 * 127.0.0.1 (DNS rebinding leaves its own name in the Host header).
 *
 * @throws ControlError 403, saying which of the three conditions failed and what to do
 */
export function requireLoopback(request: IncomingRequest): void {
  if (!isLoopbackAddress(request.peer_address)) {
    throw new ControlError(403, 'the controls answer only this machine: call them over 127.0.0.1, ::1 or localhost');
  }
  const host = request.headers['host'] ?? '';
  if (!isLoopbackHost(host)) {
    throw new ControlError(403, `Host "${host.slice(0, 100)}" is not this machine: use 127.0.0.1, [::1] or localhost`);
  }
  const origin = request.headers['origin'];
  const foreign = origin !== undefined && origin !== `http://${host}`;
  const crossSite = ['cross-site', 'same-site'].includes(request.headers['sec-fetch-site'] ?? '');
  if (request.method !== 'GET' && (foreign || crossSite)) {
    throw new ControlError(
      403,
      'a page of another origin may not use the controls: use the wallet page at / or no browser',
    );
  }
}

function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  const bare = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'));
}
