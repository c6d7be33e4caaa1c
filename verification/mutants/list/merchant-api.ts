/** Who may call, how often, and what of it is answered. */
import type { Mutant } from '../mutant.ts';

const TOKEN = 'gateway/src/http/merchant/json-web-token.ts';
const ENDPOINT = 'gateway/src/http/merchant/endpoint.ts';
const APP = 'gateway/src/http/app.ts';
const PROTOCOL = 'verification/test/merchant-protocol.test.ts';
const FORGED = {
  test: { file: PROTOCOL, name: '5 signature missing, wrong, of another key, or by another algorithm: 101' },
};

export const MERCHANT_API: readonly Mutant[] = [
  {
    name: 'merchant-signature-not-verified',
    guard: 'every request is signed with the merchant’s key',
    file: TOKEN,
    find: "if (!verify('sha256', Buffer.from(token.signed), public_key, token.signature)) {",
    replace: "if (!verify('sha256', Buffer.from(token.signed), public_key, token.signature) && token.signed === '') {",
    caught_by: FORGED,
  },
  {
    name: 'merchant-unsigned-token-taken',
    guard: 'a token without a signature is refused (alg none)',
    file: TOKEN,
    find: "if (!verify('sha256', Buffer.from(token.signed), public_key, token.signature)) {",
    replace:
      "if (token.signature.length > 0 && !verify('sha256', Buffer.from(token.signed), public_key, token.signature)) {",
    caught_by: FORGED,
  },
  {
    name: 'merchant-algorithm-chosen-by-the-token',
    guard: 'the algorithm is RS256 because we say so, never because the token does',
    file: TOKEN,
    find: "if (header['alg'] !== 'RS256') throw",
    replace: "if (header['alg'] === '') throw",
    caught_by: FORGED,
  },
  {
    name: 'merchant-critical-extension-ignored',
    guard: 'a token that names extensions we do not know is refused',
    file: TOKEN,
    find: "if (header['crit'] !== undefined)",
    replace: "if (header['crit'] === '')",
    caught_by: FORGED,
  },
  {
    name: 'merchant-request-never-expires',
    guard: 'exp ends a request',
    file: TOKEN,
    find: 'if (expires_s !== null && now_ms >= expires_s * 1000)',
    replace: 'if (expires_s !== null && now_ms < 0)',
    caught_by: { test: { file: PROTOCOL, name: '6 exp passed or nbf in the future: 105' } },
  },
  {
    name: 'merchant-request-before-its-time',
    guard: 'nbf begins a request',
    file: TOKEN,
    find: 'if (not_before_s !== null && now_ms < not_before_s * 1000)',
    replace: 'if (not_before_s !== null && now_ms < 0)',
    caught_by: { test: { file: PROTOCOL, name: '6 exp passed or nbf in the future: 105' } },
  },
  {
    name: 'suspended-merchant-trades',
    guard: 'a merchant who is suspended may not trade',
    file: ENDPOINT,
    find: "if (merchant.merchant.status !== 'active')",
    replace: 'if (merchant.merchant.status === undefined)',
    caught_by: { test: { file: PROTOCOL, name: 'status suspended answers 201 (7), and active trades again' } },
  },
  {
    name: 'merchant-of-a-suspended-platform-trades',
    guard: 'a merchant may not trade while its platform is suspended',
    file: ENDPOINT,
    find: 'if (merchant.platform_suspended)',
    replace: 'if (merchant.platform_suspended === undefined)',
    caught_by: {
      test: { file: 'verification/test/merchant-tree.test.ts', name: 'may not trade while its platform is suspended' },
    },
  },
  {
    name: 'nonce-not-required',
    guard: 'nonce_str is required where the policy says so',
    file: ENDPOINT,
    find: "if (merchant.merchant.nonce_policy === 'required') throw",
    replace: 'if (merchant.merchant.nonce_policy === undefined) throw',
    caught_by: { test: { file: PROTOCOL, name: '8 nonce_str missing under the policy "required": 103' } },
  },
  {
    name: 'merchant-without-a-limit',
    guard: 'a merchant may send so many requests a second',
    file: ENDPOINT,
    find: '  if (wait_s === 0) return;\n',
    replace: '  if (wait_s >= 0) return;\n',
    caught_by: {
      test: {
        file: 'verification/test/merchant-tree.test.ts',
        name: 'hears 429 with Retry-After beyond it; others are not held up, and forged requests do not use it up',
      },
    },
  },
  {
    name: 'forged-requests-use-up-a-limit',
    guard: 'a merchant’s limit is counted once its signature is verified',
    file: ENDPOINT,
    find: '  assertSigned(token, merchant.public_key);\n  assertWithinLimit(gateway, merchant, limit);',
    replace: '  assertWithinLimit(gateway, merchant, limit);\n  assertSigned(token, merchant.public_key);',
    caught_by: {
      test: {
        file: 'verification/test/merchant-tree.test.ts',
        name: 'hears 429 with Retry-After beyond it; others are not held up, and forged requests do not use it up',
      },
    },
  },
  {
    name: 'channels-limited-by-address',
    guard: 'channels are always heard, however much comes from their address',
    file: APP,
    find: "if (url.startsWith('/notify/') || url.startsWith('/bank/') || isHealth(url)) return;",
    replace: "if (url.startsWith('/bank/') || isHealth(url)) return;",
    caught_by: {
      test: {
        file: 'verification/test/merchant-tree.test.ts',
        name: 'hears 429 before anything of it is read, while channels and health checks are always heard',
      },
    },
  },
  {
    name: 'limit-never-reached',
    guard: 'a bucket that is empty lets nobody pass',
    file: 'gateway/src/http/rate-limit.ts',
    find: '    bucket.tokens -= 1;\n',
    replace: '    bucket.tokens -= 0;\n',
    caught_by: {
      test: {
        file: 'gateway/test/http/rate-limit.test.ts',
        name: 'two seconds’ worth pass at once, then as many as the rate allows',
      },
    },
  },
  {
    name: 'limit-remembers-everybody',
    guard: 'however many keys come by, the memory stays bounded',
    file: 'gateway/src/http/rate-limit.ts',
    find: 'if (this.#buckets.size > MAX_BUCKETS) this.#forgetOldest();',
    replace: 'if (this.#buckets.size < 0) this.#forgetOldest();',
    caught_by: {
      test: {
        file: 'gateway/test/http/rate-limit.test.ts',
        name: 'however many keys come by, the memory stays bounded and who is limited stays limited',
      },
    },
  },
  {
    name: 'body-of-any-size',
    guard: 'bodies above the limit are 413',
    file: APP,
    find: 'bodyLimit: options.max_body_bytes,',
    replace: 'bodyLimit: 1_024 * options.max_body_bytes,',
    caught_by: { test: { file: PROTOCOL, name: '413 for a body over the limit' } },
  },
  {
    name: 'error-tells-its-detail',
    guard: 'only our own refusals speak',
    file: 'gateway/src/http/errors.ts',
    find: "known ?? new ApiError('system_error', '系统错误 (system error): the outcome is unknown, query the order');",
    replace: "known ?? new ApiError('system_error', `系统错误 (system error): ${String(error)}`);",
    caught_by: { test: { file: 'gateway/test/http/errors.test.ts', name: 'an error' } },
  },
  {
    name: 'wrong-password-lets-in',
    guard: 'a login needs its password',
    file: 'gateway/src/operations/users.ts',
    find: 'if (!user || !matches) {',
    replace: "if (!user || (!matches && password === '')) {",
    caught_by: {
      test: {
        file: 'verification/test/administration.test.ts',
        name: 'a wrong password and an unknown name are told in the same words',
      },
    },
  },
  {
    name: 'passwords-guessed-without-end',
    guard: 'a name is locked for a while after each fifth failure',
    file: 'gateway/src/operations/users.ts',
    find: 'if (user && user.locked_until_ms > now_ms)',
    replace: 'if (user && user.locked_until_ms < 0)',
    caught_by: {
      test: {
        file: 'verification/test/administration.test.ts',
        name: 'five wrong passwords lock the name for a while, the right one included',
      },
    },
  },
  {
    name: 'session-never-ends',
    guard: 'a session ends after thirty minutes without use',
    file: 'gateway/src/storage/users.ts',
    find: 'WHERE s.token_hash = $1 AND s.expires_at_ms > $2',
    replace: 'WHERE s.token_hash = $1 AND s.expires_at_ms > 0 * $2::bigint',
    caught_by: {
      test: {
        file: 'verification/test/administration.test.ts',
        name: 'a session ends after thirty minutes without use, and slides with use',
      },
    },
  },
  {
    name: 'role-not-asked',
    guard: 'what an administrator alone may do is refused to others',
    stands_for: 'roles are written down and never switched on',
    file: 'gateway/src/http/admin/administration.ts',
    find: "if (session.user.role !== 'admin') throw",
    replace: 'if (session.user.role === undefined) throw',
    caught_by: {
      test: {
        file: 'verification/test/access.test.ts',
        name: 'is answered to %s as its role says',
        row: 'as its role says',
      },
    },
  },
  {
    name: 'merchant-managed-by-another',
    guard: 'a merchant’s user manages its own merchant alone',
    stands_for: 'one user changes what belongs to another',
    file: 'gateway/src/http/admin/administration.ts',
    find: "if (session.user.role === 'admin' || session.user.merchant_id === merchant_id) return;",
    replace: "if (session.user.role === 'admin' || session.user.merchant_id !== null) return;",
    caught_by: {
      test: {
        file: 'verification/test/administration.test.ts',
        name: 'a merchant’s own user manages that merchant’s key and nothing else',
      },
    },
  },
  {
    name: 'metrics-for-everybody',
    guard: 'metrics are for this machine alone, or for the bearer of the token',
    file: 'gateway/src/http/health.ts',
    find: 'return !forwarded && [',
    replace: 'return [',
    caught_by: {
      test: {
        file: 'verification/test/administration.test.ts',
        name: '/metrics counts requests, and is for this machine alone unless a token is set',
      },
    },
  },
  {
    name: 'private-key-taken-for-a-public-one',
    guard: 'a private key that is uploaded by mistake is refused',
    file: 'gateway/src/operations/merchants.ts',
    find: 'PRIVATE KEY',
    replace: 'PRIVATE  KEY',
    caught_by: {
      test: {
        file: 'verification/test/administration.test.ts',
        name: 'refuses what is no RSA public key, or too short a one unless the operator allows it',
      },
    },
  },
  {
    name: 'address-made-up',
    guard: 'X-Forwarded-For is believed of trusted proxies alone',
    stands_for: 'whoever sends too much chooses the address that is counted',
    file: APP,
    find: 'trustProxy: options.trusted_proxies.length > 0 ? [...options.trusted_proxies] : false,',
    replace: 'trustProxy: options.trusted_proxies.length > 0 ? [...options.trusted_proxies] : true,',
    caught_by: {
      test: {
        file: 'verification/test/merchant-tree.test.ts',
        name: 'is not let off for addresses that it makes up: nobody’s X-Forwarded-For is believed unless it is told to be',
      },
    },
  },
  {
    name: 'flood-of-logins-let-in',
    guard: 'only a few guesses of a password may wait for their turn',
    file: 'gateway/src/operations/users.ts',
    find: 'if (waiting_guesses > MAX_WAITING_GUESSES)',
    replace: 'if (waiting_guesses < 0)',
    caught_by: {
      test: {
        file: 'verification/test/awkward-moments.test.ts',
        name: 'is turned away before it costs anything, and orders go on',
      },
    },
  },
];
