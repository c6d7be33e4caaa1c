import type { Journal } from '../kernel/journal.ts';

/** How long a payer's authorization code can be exchanged: 24 hours at most (opendocs.alipay.com/support/01rg6z). */
const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** A code that says: this payer has let this app know who they are. */
interface Authorization {
  readonly code: string;
  readonly app_id: string;
  readonly made_at_ms: number;
  readonly used: boolean;
}

interface AuthorizationRecord {
  readonly snapshot_of: string;
  readonly record: 'alipay.authorization';
  readonly authorization: Authorization;
}

/** The payer's authorization codes, kept in the journal. Each can be exchanged once, by its own app. */
export class Authorizations {
  readonly #journal: Journal;
  readonly #codes = new Map<string, Authorization>();

  /** Takes over what the journal holds. */
  constructor(journal: Journal) {
    this.#journal = journal;
    for (const record of journal.load()) {
      if (isAuthorizationRecord(record)) this.#codes.set(record.authorization.code, record.authorization);
    }
  }

  /** @param code unguessable */
  add(code: string, app_id: string, now_ms: number): void {
    this.#save({ code, app_id, made_at_ms: now_ms, used: false });
  }

  /** Uses a code up. @returns `taken`, or why it cannot be: another app's code stays valid */
  take(code: string, app_id: string, now_ms: number): 'taken' | 'invalid' | 'of_another_app' {
    const known = this.#codes.get(code);
    if (!known || known.used || now_ms >= known.made_at_ms + LIFETIME_MS) return 'invalid';
    if (known.app_id !== app_id) return 'of_another_app';
    this.#save({ ...known, used: true });
    return 'taken';
  }

  #save(authorization: Authorization): void {
    const snapshot_of = `alipay.authorization:${authorization.code}`;
    this.#journal.append({ snapshot_of, record: 'alipay.authorization', authorization } satisfies AuthorizationRecord);
    this.#codes.set(authorization.code, authorization);
  }
}

function isAuthorizationRecord(record: object): record is AuthorizationRecord {
  return 'record' in record && record.record === 'alipay.authorization';
}
