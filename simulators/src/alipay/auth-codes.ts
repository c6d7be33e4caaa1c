import type { AuthCodeBehaviour } from '../kernel/channel-simulator.ts';
import type { Journal } from '../kernel/journal.ts';
import type { SimulatorPorts } from '../kernel/ports.ts';
import { randomDigits } from './numbers.ts';

/** A payment code (付款码) that a phone shows to a till. */
interface AuthCode {
  readonly code: string;
  readonly behaviour: AuthCodeBehaviour;
  readonly used: boolean;
}

interface AuthCodeRecord {
  readonly snapshot_of: string;
  readonly record: 'alipay.auth_code';
  readonly auth_code: AuthCode;
}

/** The payment codes that were made, kept in the journal. Each works once. */
export class AuthCodes {
  readonly #journal: Journal;
  readonly #codes = new Map<string, AuthCode>();

  /** Takes over what the journal holds. */
  constructor(journal: Journal) {
    this.#journal = journal;
    for (const record of journal.load()) {
      if (isAuthCodeRecord(record)) this.#codes.set(record.auth_code.code, record.auth_code);
    }
  }

  /** @returns a new code: 18 digits, within the form of open/02ekfp (25 to 30 first, 16 to 24 digits) */
  make(behaviour: AuthCodeBehaviour, ports: Pick<SimulatorPorts, 'randomBytes'>): string {
    const code = `28${randomDigits(ports, 16)}`;
    this.#save({ code, behaviour, used: false });
    return code;
  }

  /** Uses a code up. @returns how it behaves; undefined when it is unknown or used */
  take(code: string): AuthCodeBehaviour | undefined {
    const known = this.#codes.get(code);
    if (!known || known.used) return undefined;
    this.#save({ ...known, used: true });
    return known.behaviour;
  }

  #save(auth_code: AuthCode): void {
    const snapshot_of = `alipay.auth_code:${auth_code.code}`;
    this.#journal.append({ snapshot_of, record: 'alipay.auth_code', auth_code } satisfies AuthCodeRecord);
    this.#codes.set(auth_code.code, auth_code);
  }
}

function isAuthCodeRecord(record: object): record is AuthCodeRecord {
  return 'record' in record && record.record === 'alipay.auth_code';
}
