/** What `heliu doctor` finds. */
import { explain } from './errors.ts';

/** One finding: one line. */
export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do; null where there is nothing to do. */
  readonly remedy: string | null;
}

/** A finding without anything to do. */
export function ok(name: string, message: string): Check {
  return { name, state: 'ok', message, remedy: null };
}

/** An error as a finding: what follows its first sentence is the remedy. */
export function asCheck(name: string, error: unknown): Check {
  const { message } = explain(error);
  const [, what = message, remedy = null] = /^(.*?)[.!]\s+(.+)$/s.exec(message) ?? [];
  return { name, state: 'fail', message: what.replace(/\.$/, ''), remedy };
}
