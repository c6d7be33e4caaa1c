import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { OutgoingAnswer, OutgoingRequest, SimulatorPorts, Timer } from './ports.ts';

/** What is read of the answer to a callback; upstream reads a few bytes only. */
const ANSWER_LIMIT_BYTES = 64 * 1024;

export interface NodePorts extends SimulatorPorts {
  /** Cancels every timer that has not fired: nothing is sent after a shutdown. */
  close(): void;
}

/** The real clock, timers, random source and network. Timers do not keep the process alive. */
export function nodePorts(): NodePorts {
  const armed = new Set<NodeJS.Timeout>();
  return {
    now: () => Date.now(),
    schedule: (delay_ms, task) => schedule(armed, delay_ms, task),
    randomBytes: (length) => randomBytes(length),
    send,
    close: () => {
      for (const timeout of armed) clearTimeout(timeout);
      armed.clear();
    },
  };
}

function schedule(armed: Set<NodeJS.Timeout>, delay_ms: number, task: () => void | Promise<void>): Timer {
  const timeout = setTimeout(
    () => {
      armed.delete(timeout);
      void task();
    },
    Math.max(0, delay_ms),
  );
  timeout.unref();
  armed.add(timeout);
  return {
    cancel: () => {
      armed.delete(timeout);
      clearTimeout(timeout);
    },
  };
}

/** One request on a connection of its own, as upstream's callbacks arrive; redirects are answers, not followed. */
function send(outgoing: OutgoingRequest): Promise<OutgoingAnswer> {
  return new Promise((resolve, reject) => {
    const url = new URL(outgoing.url);
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, {
      method: outgoing.method,
      headers: { ...outgoing.headers, 'content-length': String(outgoing.body.length) },
      agent: false,
      signal: AbortSignal.timeout(outgoing.timeout_ms),
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= ANSWER_LIMIT_BYTES) chunks.push(chunk);
        else request.destroy(new Error('answer larger than 64 KiB'));
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: flatHeaders(response.headers),
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.end(outgoing.body);
  });
}

function flatHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
