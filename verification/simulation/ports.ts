/** The outside world of each party, made of scheduler and network. */
import { sign, X509Certificate } from 'node:crypto';
import type { Clock, HttpClient, Ports } from '../../gateway/src/ports.ts';
import type { Handler, SimulatorPorts } from '../../simulators/src/kernel/ports.ts';
import type { Network, NetworkHandler } from './network.ts';
import type { Scheduler } from './scheduler.ts';

/** How long a signature takes, in virtual milliseconds. */
const MOST_SIGNATURE_MS = 2;

/** What a channel simulator reads of the answer to a callback, as over real sockets. */
const CALLBACK_ANSWER_BYTES = 64 * 1024;

/** A party of the world: its name, and how far its clock is from the world's (ms; negative: it is slow). */
export interface Party {
  readonly name: string;
  readonly clock_offset_ms: number;
}

function clockOf(scheduler: Scheduler, party: Party): Clock {
  return {
    now_ms: () => scheduler.now_ms() + party.clock_offset_ms,
    setTimer: (delay_ms, task) => scheduler.after(delay_ms, party.name, 'timer', task),
  };
}

const fingerprints = new Map<string, string>();

/** SHA-256 of the first certificate of a chain, as a TLS server tells it. */
function fingerprintOf(certificate_pem: string | undefined): string | undefined {
  if (certificate_pem === undefined) return undefined;
  const known = fingerprints.get(certificate_pem);
  if (known !== undefined) return known;
  const made = new X509Certificate(certificate_pem).fingerprint256.replaceAll(':', '').toLowerCase();
  fingerprints.set(certificate_pem, made);
  return made;
}

/** The gateway's HTTP client over the network. */
export function networkClient(network: Network, from: string): HttpClient {
  return {
    send: (request) =>
      network.exchange(from, {
        ...request,
        body: Buffer.from(request.body ?? '', 'utf8'),
        client_certificate: fingerprintOf(request.tls?.identity?.certificate_pem),
      }),
  };
}

/** Ports for one gateway node. A signature is made when it is asked for and comes back when the scheduler says so. */
export function gatewayPorts(scheduler: Scheduler, network: Network, party: Party): Ports {
  const random = scheduler.random.stream(`${party.name} ids`);
  const durations = scheduler.random.stream(`${party.name} signatures`);
  return {
    clock: clockOf(scheduler, party),
    random: { bytes: (length) => random.bytes(length) },
    http: networkClient(network, party.name),
    signer: {
      signSha256: (key, data) =>
        new Promise((resolve, reject) => {
          const delay_ms = durations.integer(0, MOST_SIGNATURE_MS);
          scheduler.after(delay_ms, party.name, 'signature', () => {
            // What Node throws for a key it cannot use is the caller's to meet, as with the thread pool.
            try {
              resolve(sign('sha256', Buffer.from(data, 'utf8'), key));
            } catch (error) {
              reject(error instanceof Error ? error : new TypeError('signing failed'));
            }
          });
        }),
    },
  };
}

/** Ports for one channel simulator. */
export function simulatorPorts(scheduler: Scheduler, network: Network, party: Party): SimulatorPorts {
  const random = scheduler.random.stream(`${party.name} numbers`);
  return {
    now: () => scheduler.now_ms() + party.clock_offset_ms,
    schedule: (delay_ms, task) =>
      scheduler.after(delay_ms, party.name, 'timer', () => {
        // A task of a simulator may last (a callback and its answer): the world goes on meanwhile.
        Promise.resolve(task()).catch((error: unknown) => scheduler.fail(error));
      }),
    randomBytes: (length) => random.bytes(length),
    send: (request) => network.exchange(party.name, { ...request, max_bytes: CALLBACK_ANSWER_BYTES }),
  };
}

/** A simulator as a party on the network. */
export function simulatorHandler(handler: Handler): NetworkHandler {
  return ({ method, target, headers, body, client_certificate }) =>
    handler({ method, target, headers, body, client_certificate });
}
