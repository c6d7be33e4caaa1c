/**
 * A network inside the process. Every exchange has two legs, each with a delay of the seed's choosing, and a fate: most are
 * delivered, some are refused, lost on the way there or back, reset, or delivered twice. Parties are known by the origin of
 * their URLs, as on the real one.
 */
import { NoAnswer } from '../../gateway/src/ports.ts';
import type { SeededRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface NetworkRequest {
  /** Who sends. */
  readonly from: string;
  readonly method: string;
  readonly url: string;
  /** Path and query exactly as sent: signatures cover them. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The certificate that the sender has proven, as SHA-256. */
  readonly client_certificate?: string | undefined;
}

export interface NetworkAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** It was damaged on its way: for those who must not mistake that for a lie. */
  readonly garbled?: true;
}

/** What a party does with a request: it answers, breaks the connection, or stays silent until the sender gives up. */
export type NetworkReply =
  | { readonly kind: 'answer'; readonly answer: NetworkAnswer; readonly delay_ms: number }
  | { readonly kind: 'reset'; readonly delay_ms: number }
  | { readonly kind: 'silence' };

export type NetworkHandler = (request: NetworkRequest) => Promise<NetworkReply>;

/**
 * | fate | the peer saw the request | what the sender meets |
 * |---|---|---|
 * | `delivered` | once | the answer |
 * | `refused` | no | `not_sent`, at once |
 * | `request_lost` | no | `lost`, after its time limit |
 * | `answer_lost` | once | `lost`, after its time limit |
 * | `answer_late` | once | the answer, up to `late_within_ms` later, or `lost` when its time limit comes first |
 * | `reset_before` | no | `lost`, when the connection breaks |
 * | `reset_after` | once | `lost`, when the connection breaks |
 * | `garbled` | once | an answer of which the middle is something else |
 * | `duplicated` | twice, the second time after the first by up to `duplicate_within_ms` | the first answer |
 */
export type Fate =
  | 'delivered'
  | 'refused'
  | 'request_lost'
  | 'answer_lost'
  | 'answer_late'
  | 'reset_before'
  | 'reset_after'
  | 'garbled'
  | 'duplicated';

/** How often each fate befalls an exchange, 0..1; what is left over is delivered. */
export type Rates = Partial<Readonly<Record<Exclude<Fate, 'delivered'>, number>>>;

export interface NetworkOptions {
  /** For each leg. */
  readonly delay_ms: { readonly least: number; readonly most: number };
  readonly duplicate_within_ms: number;
  readonly late_within_ms: number;
  /** How reliable the way between two parties is. */
  readonly rates: (from: string, to: string) => Rates;
}

/** A perfect network with the delays of a data centre. */
export const CALM: NetworkOptions = {
  delay_ms: { least: 1, most: 20 },
  duplicate_within_ms: 2_000,
  late_within_ms: 4_000,
  rates: () => ({}),
};

/** A fate that chosen exchanges meet, whatever the rates say. */
export interface Misfortune {
  readonly when: (request: NetworkRequest, to: string) => boolean;
  readonly fate: Fate;
  /** For `answer_late`: how late exactly. */
  readonly late_ms?: number;
  /** How many exchanges it befalls; absent: every one. */
  readonly times?: number;
}

export interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly timeout_ms: number;
  readonly max_bytes: number;
  readonly client_certificate?: string | undefined;
}

/** An exchange that has ended with an answer. */
export interface Exchanged {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  readonly target: string;
  readonly status: number;
}

/** What befalls one exchange. */
interface Verdict {
  readonly fate: Fate;
  readonly late_ms: number;
}

const REFUSED: Verdict = { fate: 'refused', late_ms: 0 };

export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #parties = new Map<string, { readonly name: string; readonly handle: NetworkHandler }>();
  readonly #fates: Record<Fate, number> = {
    delivered: 0,
    refused: 0,
    request_lost: 0,
    answer_lost: 0,
    answer_late: 0,
    reset_before: 0,
    reset_after: 0,
    garbled: 0,
    duplicated: 0,
  };
  readonly #waiting = new Map<string, number>();
  #watch: (exchanged: Exchanged) => void = () => undefined;
  #misfortunes: { readonly misfortune: Misfortune; left: number }[] = [];
  #options: NetworkOptions;

  constructor(scheduler: Scheduler, options: NetworkOptions = CALM) {
    this.#scheduler = scheduler;
    this.#random = scheduler.random.stream('network');
    this.#options = options;
  }

  /** From now on a party answers at an origin such as `https://api.mch.weixin.qq.com`. */
  listen(origin: string, name: string, handle: NetworkHandler): void {
    this.#parties.set(origin, { name, handle });
  }

  /** From now on connections to that origin are refused. */
  unlisten(origin: string): void {
    this.#parties.delete(origin);
  }

  /** Changes the network while the world runs: a storm, or calm. */
  become(options: NetworkOptions): void {
    this.#options = options;
  }

  /** Lets chosen exchanges meet a fate; the oldest misfortune that fits one befalls it. */
  befall(misfortune: Misfortune): void {
    this.#misfortunes.push({ misfortune, left: misfortune.times ?? Number.POSITIVE_INFINITY });
  }

  /** Forgets every misfortune that was planned. */
  forgive(): void {
    this.#misfortunes = [];
  }

  /** Tells of each exchange that ends with an answer. */
  watch(watcher: (exchanged: Exchanged) => void): void {
    this.#watch = watcher;
  }

  /** For how many answers of somebody somebody waits just now. */
  waiting(from: string, to: string): number {
    return this.#waiting.get(`${from} ${to}`) ?? 0;
  }

  /** How many exchanges met each fate. */
  fates(): Readonly<Record<Fate, number>> {
    return { ...this.#fates };
  }

  /**
   * Sends one request.
   * @throws NoAnswer, and nothing else: `not_sent` only where the peer never saw the request and the sender can know it
   */
  exchange(from: string, outgoing: Outgoing): Promise<NetworkAnswer> {
    return new Promise((resolve, reject) => {
      const url = new URL(outgoing.url);
      const to = this.#parties.get(url.origin)?.name ?? url.origin;
      const request: NetworkRequest = {
        from,
        method: outgoing.method,
        url: outgoing.url,
        target: `${url.pathname}${url.search}`,
        headers: lowerCase(outgoing.headers),
        body: outgoing.body,
        client_certificate: outgoing.client_certificate,
      };
      const { fate, late_ms } = this.#parties.has(url.origin) ? this.#fateOf(request, to) : REFUSED;
      this.#fates[fate] += 1;
      const omen = fate === 'delivered' ? '' : `  [${fate}]`;
      this.#scheduler.trace.note(`${from} → ${to}`, `${request.method} ${request.target}${omen}`);
      const sender = new Sender(
        this.#scheduler,
        { from, to },
        outgoing,
        this.#watched(request, to, { resolve, reject }),
      );
      this.#carry(request, url.origin, { fate, late_ms }, sender);
    });
  }

  #watched({ from, method, target }: NetworkRequest, to: string, settle: Settle): Settle {
    const count = (more: number): unknown => this.#waiting.set(`${from} ${to}`, this.waiting(from, to) + more);
    count(1);
    return {
      resolve: (answer) => {
        count(-1);
        this.#watch({ from, to, method, target, status: answer.status });
        settle.resolve(answer);
      },
      reject: (error) => {
        count(-1);
        settle.reject(error);
      },
    };
  }

  #fateOf(request: NetworkRequest, to: string): Verdict {
    const planned = this.#misfortunes.find(({ misfortune, left }) => left > 0 && misfortune.when(request, to));
    if (planned) {
      planned.left -= 1;
      this.#misfortunes = this.#misfortunes.filter(({ left }) => left > 0);
      const { fate, late_ms } = planned.misfortune;
      return { fate, late_ms: late_ms ?? 0 };
    }
    const rates = this.#options.rates(request.from, to);
    for (const fate of Object.keys(this.#fates) as Fate[]) {
      if (fate === 'delivered' || !this.#random.chance(rates[fate] ?? 0)) continue;
      return { fate, late_ms: fate === 'answer_late' ? this.#random.integer(0, this.#options.late_within_ms) : 0 };
    }
    return { fate: 'delivered', late_ms: 0 };
  }

  #carry(request: NetworkRequest, origin: string, verdict: Verdict, sender: Sender): void {
    switch (verdict.fate) {
      case 'refused':
        sender.giveUp(this.#leg(), new NoAnswer('not_sent', 'connection_refused'));
        return;
      case 'reset_before':
        sender.giveUp(this.#leg(), new NoAnswer('lost', 'connection_lost'));
        return;
      case 'request_lost':
        return;
      case 'duplicated':
        this.#deliver(request, origin, this.#random.integer(0, this.#options.duplicate_within_ms), verdict, sender);
        this.#deliver(request, origin, 0, verdict, sender);
        return;
      case 'delivered':
      case 'answer_lost':
      case 'answer_late':
      case 'reset_after':
      case 'garbled':
        this.#deliver(request, origin, 0, verdict, sender);
    }
  }

  /** @param later_ms beside the leg's own delay */
  #deliver(request: NetworkRequest, origin: string, later_ms: number, verdict: Verdict, sender: Sender): void {
    const owner = this.#parties.get(origin)?.name ?? origin;
    this.#scheduler.after(this.#leg() + later_ms, owner, `receives ${request.method} ${request.target}`, () => {
      // It may have gone meanwhile; then the connection breaks under the request.
      const party = this.#parties.get(origin);
      if (!party) return sender.giveUp(0, new NoAnswer('lost', 'connection_lost'));
      party.handle(request).then(
        (reply) => this.#return(reply, verdict, sender),
        (error: unknown) => this.#scheduler.fail(error),
      );
    });
  }

  #return(reply: NetworkReply, { fate, late_ms }: Verdict, sender: Sender): void {
    if (reply.kind === 'silence' || fate === 'answer_lost') return;
    const delay_ms = reply.delay_ms + this.#leg() + late_ms;
    if (reply.kind === 'reset' || fate === 'reset_after') {
      sender.giveUp(delay_ms, new NoAnswer('lost', 'connection_lost'));
    } else {
      const { answer } = reply;
      const damage = fate === 'garbled' ? ({ body: this.#garble(answer.body), garbled: true } as const) : {};
      sender.receive(delay_ms, { ...answer, headers: lowerCase(answer.headers), ...damage });
    }
  }

  /** Some of its bytes are other ones. */
  #garble(body: Buffer): Buffer {
    const from = this.#random.integer(0, Math.max(0, body.length - 1));
    const length = Math.min(body.length - from, this.#random.integer(1, 16));
    return Buffer.concat([body.subarray(0, from), this.#random.bytes(length), body.subarray(from + length)]);
  }

  #leg(): number {
    const { least, most } = this.#options.delay_ms;
    return this.#random.integer(least, most);
  }
}

interface Settle {
  readonly resolve: (answer: NetworkAnswer) => void;
  readonly reject: (error: NoAnswer) => void;
}

/** One waiting sender: the first answer, break or time limit settles it. */
class Sender {
  readonly #scheduler: Scheduler;
  readonly #way: { readonly from: string; readonly to: string };
  readonly #outgoing: Outgoing;
  readonly #settle: Settle;
  readonly #limit: { cancel(): void };
  #settled = false;

  constructor(scheduler: Scheduler, way: { from: string; to: string }, outgoing: Outgoing, settle: Settle) {
    this.#scheduler = scheduler;
    this.#way = way;
    this.#outgoing = outgoing;
    this.#settle = settle;
    this.#limit = scheduler.after(outgoing.timeout_ms, way.from, 'gives up waiting', () =>
      this.#reject(new NoAnswer('lost', 'timeout')),
    );
  }

  receive(delay_ms: number, answer: NetworkAnswer): void {
    this.#scheduler.after(delay_ms, this.#way.from, 'receives an answer', () => {
      if (this.#settled) return;
      if (answer.body.length > this.#outgoing.max_bytes) return this.#reject(new NoAnswer('lost', 'too_large'));
      this.#end(`${answer.status}${codeIn(answer.body)}`);
      this.#settle.resolve(answer);
    });
  }

  giveUp(delay_ms: number, error: NoAnswer): void {
    this.#scheduler.after(delay_ms, this.#way.from, 'loses its connection', () => this.#reject(error));
  }

  #reject(error: NoAnswer): void {
    if (this.#settled) return;
    this.#end(error.message);
    this.#settle.reject(error);
  }

  #end(what: string): void {
    this.#settled = true;
    this.#limit.cancel();
    this.#scheduler.trace.note(`${this.#way.from} ← ${this.#way.to}`, what);
  }
}

/** The `code` of a JSON answer, for the reader of a trace. */
function codeIn(body: Buffer): string {
  const code = /^\{"code":\s*"?([\w.-]+)/.exec(body.toString('utf8', 0, 100))?.[1];
  return code === undefined ? '' : ` code ${code}`;
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
