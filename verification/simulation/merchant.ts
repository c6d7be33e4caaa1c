/** A merchant of the simulated world: calls the API over the network, and hears notifications on an origin of its own. */
import type { KeyObject } from 'node:crypto';
import { NoAnswer } from '../../gateway/src/ports.ts';
import { openJwt, signJwt, type Json } from '../merchant.ts';
import type { Network, NetworkAnswer } from './network.ts';
import type { Observer } from './observation.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What a merchant heard. */
export interface Heard {
  readonly at_ms: number;
  readonly path: string;
  /** The signed bytes as they came. */
  readonly token: string;
  readonly nonce_str: string;
  readonly data: Json;
}

/** What a merchant's server says to a notification. */
export interface Reaction {
  readonly status: number;
  readonly body: string;
  /** How long its server takes, milliseconds. */
  readonly delay_ms?: number;
}

export const SUCCESS: Reaction = { status: 200, body: 'success' };
export const FAILURE: Reaction = { status: 500, body: 'out of order' };

export type CallResult =
  | { readonly kind: 'answered'; readonly code: number; readonly msg: string; readonly data: Json }
  /** Why the merchant does not know what became of its request. */
  | { readonly kind: 'no_answer'; readonly reason: string };

export interface MerchantOptions {
  readonly name: string;
  readonly merchant_id: string;
  readonly private_key: KeyObject;
  readonly gateway_url: string;
  readonly platform_public_key: string;
  readonly observe?: Observer;
}

/** How long a merchant waits for an answer. */
const CALL_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 1_048_576;

export class SimulatedMerchant {
  readonly name: string;
  readonly merchant_id: string;
  readonly heard: Heard[] = [];
  /** Decides what is answered: the path of the notification, and how often it has been heard there, this time included. */
  react: (path: string, times: number) => Reaction = () => SUCCESS;
  /** What is answered at some paths, whatever `react` says. */
  readonly reactions = new Map<string, (times: number) => Reaction>();
  readonly #scheduler: Scheduler;
  readonly #network: Network;
  readonly #options: MerchantOptions;
  #private_key: KeyObject;
  readonly #random: SeededRandom;

  constructor(scheduler: Scheduler, network: Network, options: MerchantOptions) {
    this.name = options.name;
    this.merchant_id = options.merchant_id;
    this.#scheduler = scheduler;
    this.#network = network;
    this.#options = options;
    this.#private_key = options.private_key;
    this.#random = scheduler.random.stream(`${options.name} nonces`);
    network.listen(this.#origin(), options.name, async ({ target, body }) => {
      const { status, body: text, delay_ms = 0 } = this.#hear(target, body.toString('utf8'));
      const answer = { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) };
      return { kind: 'answer', answer, delay_ms };
    });
  }

  /** Signs with another key from now on. */
  signBy(private_key: KeyObject): void {
    this.#private_key = private_key;
  }

  /** A notify_url of this merchant. */
  notifyUrl(path: string): string {
    return `${this.#origin()}${path}`;
  }

  /** Signs and sends documented fields with a fresh nonce_str. */
  async call(path: string, fields: Json): Promise<CallResult> {
    const nonce_str = this.#random.bytes(12).toString('hex');
    return this.send(path, fields, signJwt({ ...fields, nonce_str }, this.#private_key));
  }

  /**
   * Sends a body as it is.
   * @param fields what it asks for, for those who watch
   * @param merchant_id in whose name; its own when absent
   */
  async send(path: string, fields: Json, body: string, merchant_id = this.merchant_id): Promise<CallResult> {
    const asked_at_ms = this.now_ms();
    const result = await this.#exchange(path, body, merchant_id);
    this.#options.observe?.({ kind: 'answered', merchant_id: this.merchant_id, path, fields, asked_at_ms, result });
    return result;
  }

  async #exchange(path: string, body: string, merchant_id: string): Promise<CallResult> {
    let answer: NetworkAnswer;
    try {
      answer = await this.#network.exchange(this.name, {
        method: 'POST',
        url: `${this.#options.gateway_url}${path}?merchant_id=${merchant_id}`,
        headers: { 'content-type': 'text/plain' },
        body: Buffer.from(body),
        timeout_ms: CALL_TIMEOUT_MS,
        max_bytes: MAX_ANSWER_BYTES,
      });
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { kind: 'no_answer', reason: error.reason };
    }
    try {
      return this.#read(path, answer);
    } catch (error) {
      if (answer.garbled) return { kind: 'no_answer', reason: 'not_genuine' };
      throw error;
    }
  }

  /**
   * Calls as a careful merchant does: after a lost answer, or one that leaves the outcome open (104 for a request that a
   * proxy sent twice, 500, 503, 600 NOT_SENT, 601), the same fields under a new nonce_str, `pause_ms` later.
   * @throws when the answer has not come after `most` calls
   */
  async insist(path: string, fields: Json, pause_ms = 5_000, most = 100): Promise<CallResult & { kind: 'answered' }> {
    for (let calls = 0; calls < most; calls += 1) {
      const result = await this.call(path, fields);
      if (result.kind === 'answered' && !isOpen(result)) return result;
      await this.pause(pause_ms);
    }
    throw new Error(`${this.name} never got an answer from ${path}`);
  }

  now_ms(): number {
    return this.#scheduler.now_ms();
  }

  /** Lets virtual time pass. */
  pause(delay_ms: number): Promise<void> {
    return new Promise((resolve) => this.#scheduler.after(delay_ms, this.name, 'goes on', resolve));
  }

  #origin(): string {
    return `https://${this.#options.name}.example`;
  }

  #read(path: string, answer: NetworkAnswer): CallResult {
    const text = answer.body.toString('utf8');
    const body = text.startsWith('{') ? (JSON.parse(text) as Json) : openJwt(text, this.#options.platform_public_key);
    const result = { code: Number(body['code']), msg: String(body['msg']), data: (body['data'] ?? {}) as Json };
    this.#scheduler.trace.note(this.name, `${path} answered ${JSON.stringify(result)}`);
    return { kind: 'answered', ...result };
  }

  #hear(path: string, token: string): Reaction {
    const payload = openJwt(token, this.#options.platform_public_key);
    const [at_ms, nonce_str] = [this.#scheduler.now_ms(), String(payload['nonce_str'])];
    const data = (payload['data'] ?? {}) as Json;
    this.heard.push({ at_ms, path, token, nonce_str, data });
    this.#options.observe?.({ kind: 'heard', merchant_id: this.merchant_id, path, token, nonce_str, data });
    const times = this.heard.filter((one) => one.path === path).length;
    const reaction = this.reactions.get(path)?.(times) ?? this.react(path, times);
    const told = JSON.stringify(payload['data']);
    this.#scheduler.trace.note(
      this.name,
      `hears ${path} ${nonce_str} ${told}, says ${reaction.status} ${reaction.body}`,
    );
    return reaction;
  }
}

function isOpen({ code, msg }: { readonly code: number; readonly msg: string }): boolean {
  return code === 104 || code === 500 || code === 503 || code === 601 || (code === 600 && msg.startsWith('NOT_SENT'));
}
