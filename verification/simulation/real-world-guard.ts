import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** A watch over what a simulated world must not touch. */
export interface RealWorldGuard {
  /** Where our own code read the real clock, set a real timer or drew real randomness meanwhile. */
  readonly touched: string[];
  /** Gives everything back. */
  release(): void;
}

/** Our own source; what libraries do for themselves (a connection pool's idle timer) is not part of the world. */
const OURS = /(?:gateway|simulators)\/src\/|verification\/simulation\//;

/**
 * Freezes the real world: from now on `Date.now`, `new Date()`, `performance.now` and `Math.random` always answer the same
 * (so that two runs under different frozen values must still agree), and every use of them, of timers and of real randomness by
 * our own code is written down.
 *
 * @param frozen.now_ms what the clock shows
 * @param frozen.random what Math.random answers, 0 ≤ random < 1
 */
export function freezeRealWorld(frozen: { readonly now_ms: number; readonly random: number }): RealWorldGuard {
  const touched = new Set<string>();
  const restores: (() => void)[] = [];
  const replace = <Owner extends object, Name extends keyof Owner>(owner: Owner, name: Name, by: Owner[Name]): void => {
    const original = owner[name];
    owner[name] = by;
    restores.push(() => {
      owner[name] = original;
    });
  };
  const watched = <Use extends (...given: never[]) => unknown>(what: string, use: Use): Use =>
    new Proxy(use, {
      apply: (target, self, given) => {
        note(touched, what);
        return Reflect.apply(target, self, given) as unknown;
      },
    });
  replace(
    globalThis,
    'Date',
    frozenDate(frozen.now_ms, () => note(touched, 'Date')),
  );
  replace(
    performance,
    'now',
    watched('performance.now', () => 0),
  );
  replace(
    Math,
    'random',
    watched('Math.random', () => frozen.random),
  );
  replace(globalThis, 'setTimeout', watched('setTimeout', globalThis.setTimeout));
  replace(globalThis, 'setInterval', watched('setInterval', globalThis.setInterval));
  replace(crypto, 'randomBytes', watched('crypto.randomBytes', crypto.randomBytes));
  replace(crypto, 'randomUUID', watched('crypto.randomUUID', crypto.randomUUID));
  syncBuiltinESMExports();
  return {
    get touched() {
      return [...touched];
    },
    release() {
      for (const restore of restores.toReversed()) restore();
      syncBuiltinESMExports();
    },
  };
}

/** `Date` whose present never moves; dates made from a given moment are as ever. */
function frozenDate(now_ms: number, read: () => void): DateConstructor {
  return new Proxy(Date, {
    construct: (target, given: unknown[]) => {
      if (given.length === 0) read();
      return Reflect.construct(target, given.length === 0 ? [now_ms] : given) as object;
    },
    get: (target, name) => {
      if (name !== 'now') return Reflect.get(target, name) as unknown;
      return () => {
        read();
        return now_ms;
      };
    },
  });
}

/** Writes down the place of a use when the code that uses it is ours. */
function note(touched: Set<string>, what: string): void {
  const frames = (new Error('who uses it').stack ?? '').split('\n').slice(1);
  const user = frames.find((frame) => !frame.includes('real-world-guard'));
  const place =
    user && OURS.test(user) ? /(?:gateway|simulators|verification)\/[\w./-]+:\d+/.exec(user)?.[0] : undefined;
  if (place !== undefined) touched.add(`${what} at ${place}`);
}
