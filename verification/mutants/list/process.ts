/** Connections, secrets, the process and its database. */
import type { Mutant } from '../mutant.ts';

const TLS_TEST = 'gateway/test/outbound/tls.test.ts';
const EXCHANGE = 'gateway/src/outbound/exchange.ts';

export const PROCESS: readonly Mutant[] = [
  {
    name: 'peer-not-verified',
    guard: 'TLS verification of outbound calls is always on',
    stands_for: 'TLS verification is off by default',
    file: 'gateway/src/outbound/connection-pools.ts',
    find: 'rejectUnauthorized: true,',
    replace: 'rejectUnauthorized: false,',
    caught_by: { test: { file: TLS_TEST, name: 'TLS' } },
  },
  {
    name: 'certificates-shared-between-accounts',
    guard: 'connections are pooled by the certificates they were made with',
    file: 'gateway/src/outbound/http-client.ts',
    find: 'return pools.peer(`${url.origin} ${tls.id}`, url.origin, make);',
    replace: 'return pools.peer(url.origin, url.origin, make);',
    caught_by: {
      test: {
        file: 'gateway/test/outbound/tls-profile.test.ts',
        name: 'each account shows its own certificate, over connections of its own that are kept',
      },
    },
  },
  {
    name: 'lost-request-reported-as-not-sent',
    guard: 'an error after the first byte is proof of nothing',
    stands_for: 'an order that the channel has seen counts as never sent',
    file: EXCHANGE,
    find: "this.#fail(this.#phase === 'waiting' ? notSent(error, this.#secure) : lost(error));",
    replace: "this.#fail(this.#phase === 'settled' ? lost(error) : notSent(error, this.#secure));",
    caught_by: {
      test: {
        file: 'gateway/test/outbound/http-client.test.ts',
        name: 'when the connection is reset after the request',
      },
    },
  },
  {
    name: 'payment-written-a-second-time',
    guard: 'a request that was written once is not written again after a reset',
    file: EXCHANGE,
    find: "if (this.#phase !== 'waiting') {",
    replace: "if (this.#phase === 'settled') {",
    caught_by: {
      test: {
        file: 'gateway/test/outbound/exchange.test.ts',
        name: 'that undici would write a second time is aborted before that and counts as lost',
      },
    },
  },
  {
    name: 'answer-of-any-size-read',
    guard: 'an answer is read up to its limit',
    file: EXCHANGE,
    find: 'if (this.#bytes > this.#max_bytes) this.#tooLarge(controller);',
    replace: 'if (this.#bytes < 0) this.#tooLarge(controller);',
    caught_by: {
      test: {
        file: 'gateway/test/outbound/http-client.test.ts',
        name: 'when the body turns out too large; it is not read to its end',
      },
    },
  },
  {
    name: 'channel-waited-for-without-end',
    guard: 'a call has a time limit',
    file: EXCHANGE,
    find: 'this.#timer = setTimeout(() => this.#expire(), this.#answer_ms);',
    replace: 'this.#timer = setTimeout(() => this.#expire(), 1000 * this.#answer_ms);',
    caught_by: { test: { file: 'gateway/test/outbound/http-client.test.ts', name: 'when the server hangs' } },
  },
  {
    name: 'secret-bound-to-nothing',
    guard: 'a sealed secret is bound to its row',
    file: 'gateway/src/storage/seal.ts',
    find: `      cipher.setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]);
    },
    open(sealed, context) {
      try {
        if (sealed[0] !== VERSION) throw new SealBroken('unknown version of a sealed secret');
        const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
        const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', master_key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(context));
`,
    replace: `      const ciphertext = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]);
    },
    open(sealed, context) {
      try {
        if (sealed[0] !== VERSION) throw new SealBroken('unknown version of a sealed secret');
        const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
        const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', master_key, nonce, { authTagLength: TAG_BYTES });
`,
    caught_by: { test: { file: 'gateway/test/storage/seal.test.ts', name: 'in another row than its own' } },
  },
  {
    name: 'sealed-secret-altered',
    guard: 'a sealed secret does not open with any byte flipped',
    file: 'gateway/src/storage/seal.ts',
    find: 'decipher.update(sealed.subarray(1 + NONCE_BYTES + TAG_BYTES)), decipher.final()]);',
    replace: 'decipher.update(sealed.subarray(1 + NONCE_BYTES + TAG_BYTES))]);',
    caught_by: { test: { file: 'gateway/test/storage/seal.test.ts', name: 'with any byte flipped' } },
  },
  {
    name: 'changed-migration-applied',
    guard: 'a migration that was changed after it was applied stops the start',
    file: 'gateway/src/storage/migrate.ts',
    find: 'checksum !==',
    replace: 'checksum ===',
    caught_by: {
      test: {
        file: 'gateway/test/storage/migrate.test.ts',
        name: 'a file changed after it was applied is refused by name',
      },
    },
  },
  {
    name: 'statement-sent-again-after-a-lost-connection',
    guard: 'what may have been committed is not sent again',
    file: 'gateway/src/storage/batch.ts',
    find: 'if (batch.length > 1 && sqlState(error) !== null) await',
    replace: 'if (batch.length > 1) await',
    caught_by: {
      test: {
        file: 'gateway/test/storage/batch.test.ts',
        name: 'sends nothing again when the connection went away: whether it was committed is not known',
      },
    },
  },
  {
    name: 'callback-repeated-fills-the-queue',
    guard: 'each matter is in the queue once, with a counter',
    file: 'gateway/src/operations/raise-exception.ts',
    find: '    ...matter,\n    exception_id:',
    replace: '    ...matter,\n    dedupe_key: `${matter.dedupe_key} ${now_ms}`,\n    exception_id:',
    caught_by: {
      test: {
        file: 'verification/test/callbacks.test.ts',
        name: '%s: a well-signed callback that is not for an order of its address',
        row: 'wechat: a well-signed callback that is not for an order of its address',
      },
    },
  },
  {
    name: 'secret-in-the-log',
    guard: 'what channels and merchants send is never logged',
    stands_for: 'a signed string with the key in it is logged',
    file: 'gateway/src/operations/place-order.ts',
    find: '  // What is only signed here asks nobody, and must not take the place of a call that would.\n',
    replace: "  gateway.log.info({ order }, 'order is sent');\n",
    caught_by: {
      test: {
        file: 'verification/test/peers.test.ts',
        name: '12. no secret and no payment code is logged, at any level',
      },
    },
  },
  {
    name: 'secrets-of-an-account-in-the-log',
    guard: 'paths under which secrets could come into a log line are left out of it',
    file: 'gateway/src/main.ts',
    find: "  '*.secrets',\n",
    replace: '',
    caught_by: { test: { file: 'gateway/test/log.test.ts', name: 'has no secret under the names that secrets have' } },
  },
  {
    name: 'row-quoted-in-the-log',
    guard: 'an error is logged without what the database adds to it: it quotes the row',
    file: 'gateway/src/main.ts',
    find: 'return { type: error.name, message: error.message, code, stack: error.stack };',
    replace: 'return { ...error, type: error.name, message: error.message, code, stack: error.stack };',
    caught_by: {
      test: { file: 'gateway/test/log.test.ts', name: 'about an error of the database does not quote the row' },
    },
  },
  {
    name: 'stop-does-not-wait',
    guard: 'a gateway that is told to end finishes what it has taken in',
    file: 'gateway/src/main.ts',
    find: '      await app.close();\n      await runner.stop();',
    replace: '      void app.close();\n      await runner.stop();',
    caught_by: {
      test: {
        file: 'verification/test/shutdown.test.ts',
        name: 'answers and records what it has taken in, takes nothing new, and ends with 0',
      },
    },
  },
  {
    name: 'nobody-turned-away-under-load',
    guard: 'beyond what the cores can do requests are refused before they are read',
    file: 'gateway/src/http/app.ts',
    find: 'if (in_flight - busyElsewhere() < max_busy_requests) return;',
    replace: 'if (in_flight >= 0) return;',
    caught_by: {
      test: {
        file: 'verification/test/shutdown.test.ts',
        name: 'are told 503 and when to come again, before anything is recorded, and the others are served',
      },
    },
  },
  {
    name: 'slow-request-kept-open',
    guard: 'a slow request is cut after fifteen seconds',
    file: 'gateway/src/http/app.ts',
    find: 'const REQUEST_TIMEOUT_MS = 15_000;',
    replace: 'const REQUEST_TIMEOUT_MS = 150_000;',
    caught_by: {
      test: {
        file: 'verification/test/shutdown.test.ts',
        name: 'is cut after fifteen seconds, in the head of the request as in its body, and keeps nobody from being served',
      },
    },
  },
  {
    name: 'control-characters-on-the-terminal',
    guard: 'what others wrote cannot steer the terminal',
    file: 'gateway/src/cli/text.ts',
    find: ".replaceAll(/[^\\P{C}\\n\\t]/gu, ' ');",
    replace: ".replaceAll(/[^\\P{Cn}\\n\\t]/gu, ' ');",
    caught_by: { test: { file: 'gateway/test/cli/text.test.ts', name: 'what others wrote cannot steer the terminal' } },
  },
];
