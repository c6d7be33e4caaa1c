/** The numbers of a range that the bank assigned: prefix, serial, check digits. */
import type { NumberPool } from '../virtual-accounts.ts';

export type CheckDigit = 'none' | 'luhn' | 'mod97';

export interface PoolSettings {
  readonly prefix: string;
  readonly first: number;
  readonly last: number;
  /** How many digits the serial has, with leading zeros. */
  readonly digits: number;
  readonly check_digit: CheckDigit;
}

/**
 * Makes a pool.
 * @param exact leave out numbers that a JSON reader with doubles cannot hold
 */
export function createPool(settings: PoolSettings, exact: boolean): NumberPool {
  const { prefix, first, last, digits, check_digit } = settings;
  return {
    key: `${prefix}/${digits}/${check_digit}`,
    first,
    last,
    number(serial) {
      const payload = prefix + String(serial).padStart(digits, '0');
      const number = payload + checkDigits(payload, check_digit);
      return exact && !isExactInJson(number) ? null : number;
    },
  };
}

/** How many digits a kind of check adds. */
export const CHECK_LENGTHS: Readonly<Record<CheckDigit, number>> = { none: 0, luhn: 1, mod97: 2 };

/**
 * Whether a double holds the number (RFC 8259 section 6: implementations agree on integers up to 2^53 only; above it every
 * second one is lost).
 */
export function isExactInJson(number: string): boolean {
  return String(BigInt(Number(number))) === number;
}

function checkDigits(payload: string, kind: CheckDigit): string {
  switch (kind) {
    case 'none':
      return '';
    case 'luhn':
      return String(luhn(payload));
    case 'mod97':
      // ISO 7064 MOD 97-10: the whole number leaves 1.
      return String(98n - ((BigInt(payload) * 100n) % 97n)).padStart(2, '0');
  }
}

/** ISO/IEC 7812-1, annex B. */
function luhn(payload: string): number {
  let sum = 0;
  for (let place = 0; place < payload.length; place += 1) {
    const digit = Number(payload[payload.length - 1 - place]);
    const weighed = place % 2 === 0 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return (10 - (sum % 10)) % 10;
}
