/** Which codes of the merchant API can be heard where, and which cannot be heard in a simulation. */
import { CODES, type CodeName } from '../../../gateway/src/domain/codes.ts';

/** What the envelope of every endpoint can answer. */
const ENVELOPE: readonly CodeName[] = [
  'success',
  'not_a_token',
  'bad_signature',
  'malformed_field',
  'missing_field',
  'nonce_repeated',
  'request_expired',
  'no_merchant',
  'merchant_not_active',
  'limited',
  'overloaded',
];

/** What the endpoint itself can answer beside. */
const OWN: Readonly<Record<string, readonly CodeName[]>> = {
  '/v2/pay': [
    'number_repeated',
    'no_route',
    'wrong_state',
    'channel_refused',
    'channel_timeout',
    'channel_misconfigured',
  ],
  '/v2/pay/query': ['no_order', 'channel_misconfigured'],
  '/v2/pay/close': ['no_order', 'wrong_state', 'channel_refused', 'channel_timeout', 'channel_misconfigured'],
  '/v2/pay/reverse': [
    'no_order',
    'wrong_state',
    'too_late',
    'channel_refused',
    'channel_timeout',
    'channel_misconfigured',
  ],
  '/v2/pay/refund': [
    'no_order',
    'wrong_state',
    'refund_exceeds',
    'refund_repeated',
    'too_many_refunds',
    'channel_refused',
    'channel_timeout',
    'channel_misconfigured',
  ],
  '/v2/pay/refund_query': ['no_order', 'channel_misconfigured'],
  '/v2/pay/pre_order': ['number_repeated'],
  '/v2/pay/pre_order_detail': ['no_order'],
  '/v2/pay/writeoff': ['no_order', 'wrong_state'],
};

/** Endpoints of the merchant API. */
export const ENDPOINTS: readonly string[] = Object.keys(OWN);

/** Needs a transfer by bank. */
const BANK_ONLY: ReadonlySet<string> = new Set([`/v2/pay/writeoff ${CODES.success.code}`]);

const pairs = ENDPOINTS.flatMap((path) =>
  [...ENVELOPE, ...(OWN[path] ?? [])].map((name) => `${path} ${CODES[name].code}`),
);

export const HEARD_CODES: readonly string[] = pairs
  .filter((pair) => !BANK_ONLY.has(pair))
  .map((pair) => `code ${pair}`);

export const BANK_CODES: readonly string[] = [...BANK_ONLY, `/v2/pay/writeoff ${CODES.channel_timeout.code}`].map(
  (pair) => `code ${pair}`,
);

/** What strangers try, and the code they hear. */
export const STRANGERS: readonly string[] = [
  `an unknown path ${CODES.not_found.code}`,
  `an unknown callback address ${CODES.not_found.code}`,
  `another method ${CODES.method_not_allowed.code}`,
  `a body without end ${CODES.too_large.code}`,
  `the management API ${CODES.unauthorized.code}`,
  `many requests ${CODES.limited.code}`,
].map((what) => `stranger ${what}`);

interface Absent {
  readonly code: number;
  readonly where: string;
  readonly why: string;
  /** The test that sees it elsewhere; null when no test can. */
  readonly test: string | null;
}

/** Codes that cannot be heard in a simulation. */
export const CODES_NOT_HERE: readonly Absent[] = [
  {
    code: CODES.out_of_hours.code,
    where: 'anywhere',
    why: 'it stands in the vendor’s table, and nothing answers it',
    test: null,
  },
  {
    code: CODES.forbidden.code,
    where: 'the management API',
    why: 'nobody logs in here',
    test: 'verification/test/administration.test.ts',
  },
  {
    code: CODES.system_error.code,
    where: 'anywhere',
    why: 'it would be a bug: the invariant no-system-error fails by it',
    test: null,
  },
  {
    code: CODES.too_late.code,
    where: '/v2/pay/refund',
    why: 'a payment would have to be a year old',
    test: 'verification/test/finished.test.ts',
  },
];
