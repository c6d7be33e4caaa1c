/** WeChat Pay: what is believed of an answer and of a callback, by APIv3 and APIv2. */
import type { Mutant } from '../mutant.ts';

const V3 = 'gateway/src/channels/wechat';
const V3_TEST = 'gateway/test/channels/wechat';
const V2 = 'gateway/src/channels/wechat/v2';
const V2_TEST = 'gateway/test/channels/wechat-v2';
const CALLBACK_REFUSED = { test: { file: `${V3_TEST}/callback.test.ts`, name: 'a callback that is refused' } };

export const WECHAT: readonly Mutant[] = [
  {
    name: 'wechat-signature-not-verified',
    guard: 'a message is WeChat Pay’s only when its signature is',
    stands_for: 'the signature of an answer is checked and the result ignored',
    file: `${V3}/verify.ts`,
    find: "answerMessage(timestamp_s, nonce, body), signature) ? 'verified' : 'bad_signature';",
    replace: "answerMessage(timestamp_s, nonce, body), signature) ? 'verified' : 'verified';",
    caught_by: { test: { file: `${V3_TEST}/begin.test.ts`, name: 'an answer that is not proven to be WeChat Pay’s' } },
  },
  {
    name: 'wechat-answer-believed-unverified',
    guard: 'an answer that is not proven to be WeChat Pay’s is unknown, "no" as well as "yes"',
    file: `${V3}/client.ts`,
    find: "if (verdict !== 'verified') {",
    replace: "if (verdict === 'missing_signature') {",
    caught_by: { test: { file: `${V3_TEST}/begin.test.ts`, name: 'an answer that is not proven to be WeChat Pay’s' } },
  },
  {
    name: 'wechat-unsigned-answer-believed',
    guard: 'an answer without a signature is unknown',
    file: `${V3}/client.ts`,
    find: "if (verdict !== 'verified') {",
    replace: "if (verdict !== 'verified' && verdict !== 'missing_signature') {",
    caught_by: { test: { file: `${V3_TEST}/close.test.ts`, name: 'an unsigned 204 closes nothing' } },
  },
  {
    name: 'wechat-callback-believed-unverified',
    guard: 'a callback is believed only when its signature is WeChat Pay’s',
    file: `${V3}/notify.ts`,
    find: "if (verdict !== 'verified') return { kind: 'rejected', reason: verdict };",
    replace: "if (verdict === 'sign_test') return { kind: 'rejected', reason: verdict };",
    caught_by: CALLBACK_REFUSED,
  },
  {
    name: 'wechat-old-message-believed',
    guard: 'a message that is older than five minutes may be a replay',
    stands_for: 'an old callback is played back and believed',
    file: `${V3}/verify.ts`,
    find: "if (Math.abs(now_ms - Number(timestamp_s) * 1000) > MAX_SKEW_MS) return 'stale_timestamp';",
    replace: "if (Number(timestamp_s) * 1000 - now_ms > MAX_SKEW_MS) return 'stale_timestamp';",
    caught_by: CALLBACK_REFUSED,
  },
  {
    name: 'wechat-certificate-under-another-serial',
    guard: 'a certificate is filed under its own serial',
    file: `${V3}/keyring.ts`,
    find: 'if (certificate.serial !== normalSerial(serial)) {',
    replace: "if (certificate.serial === '') {",
    caught_by: {
      test: {
        file: `${V3_TEST}/account.test.ts`,
        name: 'an account that cannot be used is refused by the name of the field',
      },
    },
  },
  {
    name: 'wechat-expired-certificate-believed',
    guard: 'a certificate is believed until it expires',
    file: `${V3}/keyring.ts`,
    find: 'if (entry.expires_at_ms > now_ms) return entry.key;',
    replace: 'if (entry.expires_at_ms > 0) return entry.key;',
    caught_by: {
      test: { file: `${V3_TEST}/certificates.test.ts`, name: 'a fetched certificate is forgotten when it expires' },
    },
  },
  {
    name: 'wechat-new-certificate-never-fetched',
    guard: 'a certificate is fetched when it is first named',
    stands_for: 'the rotation of the platform certificate breaks callbacks',
    file: `${V3}/certificates.ts`,
    find: '    await this.#refresh();\n',
    replace: '    await Promise.resolve();\n',
    caught_by: {
      test: { file: `${V3_TEST}/certificates.test.ts`, name: 'a callback under a new serial is believed too' },
    },
  },
  {
    name: 'wechat-invented-serials-cause-a-flood',
    guard: 'certificates are fetched at most once a minute',
    file: `${V3}/certificates.ts`,
    find: 'if (now_ms - this.#fetched_at_ms < FETCH_INTERVAL_MS) return Promise.resolve();',
    replace: 'if (now_ms < this.#fetched_at_ms) return Promise.resolve();',
    caught_by: {
      test: { file: `${V3_TEST}/certificates.test.ts`, name: 'invented serials cause no more than one fetch a minute' },
    },
  },
  {
    name: 'wechat-fetched-certificates-not-verified',
    guard: 'the answer that brings certificates must be signed by one of them',
    file: `${V3}/certificates.ts`,
    find: "if (verdict === 'verified') this.#keyring.add(certificates);",
    replace: "if (verdict !== 'sign_test') this.#keyring.add(certificates);",
    caught_by: { test: { file: `${V3_TEST}/certificates.test.ts`, name: 'platform certificates' } },
  },
  {
    name: 'wechat-gcm-tag-not-checked',
    guard: 'the tag is checked before a character of the text is handed out',
    stands_for: 'a flipped bit turns NOTPAY into SUCCESS because the GCM tag is never checked',
    file: `${V3}/decrypt.ts`,
    find: 'decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);',
    replace: 'decipher.update(sealed.subarray(0, -TAG_BYTES))]);',
    caught_by: {
      test: { file: `${V3_TEST}/callback.test.ts`, name: 'signed, but with a flipped bit in its authentication tag' },
    },
  },
  {
    name: 'wechat-answer-about-another-order',
    guard: 'an answer must be about the number that was asked for',
    stands_for: 'a true answer to another question is played back',
    file: `${V3}/query.ts`,
    find: "if (answer.json['out_trade_no'] !== order.out_trade_no) {",
    replace: "if (answer.json['out_trade_no'] === '') {",
    caught_by: {
      test: { file: `${V3_TEST}/query.test.ts`, name: 'a genuine answer about another order is not believed' },
    },
  },
  {
    name: 'wechat-refund-answer-about-another-refund',
    guard: 'a refund’s answer must be about the number that was asked for',
    file: `${V3}/refund.ts`,
    find: 'if (out_refund_no !== refund.out_refund_no || out_trade_no !== refund.order.out_trade_no) {',
    replace: "if (out_refund_no === '' || out_trade_no === '') {",
    caught_by: { test: { file: `${V3_TEST}/refund.test.ts`, name: 'refunding' } },
  },
  {
    name: 'wechat-refund-callback-of-another-merchant',
    guard: 'a refund’s callback must carry our merchant number',
    file: `${V3}/notify.ts`,
    find: 'if (mchid !== account.mchid) return',
    replace: "if (mchid === '') return",
    caught_by: { test: { file: `${V3_TEST}/callback.test.ts`, name: 'of another merchant is not applied' } },
  },
  {
    name: 'wechat-server-error-taken-for-refusal',
    guard: 'a 5xx decides nothing, whatever code it carries',
    stands_for: 'an order is failed because a machine on the way was ill',
    file: `${V3}/status-map.ts`,
    find: "if (answer.status < 400 || answer.status >= 500) return 'open';",
    replace: "if (answer.status < 400) return 'open';",
    caught_by: {
      test: {
        file: `${V3_TEST}/begin.test.ts`,
        name: '%i %s decides nothing: %s',
        row: '500 PARAM_ERROR decides nothing',
      },
    },
  },
  {
    name: 'wechat-refusal-of-an-earlier-request-believed',
    guard: 'a refusal that may speak of an earlier request counts only once the number is not known',
    file: `${V3}/refund.ts`,
    find: "return (await queryRefund(client, account, refund)).outcome === 'not_found' ? declined(answer) : unknown(answer);",
    replace: 'return declined(answer);',
    caught_by: {
      test: {
        file: `${V3_TEST}/refund.test.ts`,
        name: 'INVALID_REQUEST decides nothing while WeChat Pay has a refund of that number',
      },
    },
  },
  {
    name: 'wechat-v2-signature-not-verified',
    guard: 'an APIv2 message must be signed with our key',
    file: `${V2}/sign.ts`,
    find: 'return given.length === expected.length && timingSafeEqual(given, expected);',
    replace: 'return given.length === expected.length;',
    caught_by: {
      test: {
        file: `${V2_TEST}/answers.test.ts`,
        name: 'an answer that is not proven to be WeChat Pay’s, and about us, is unknown',
      },
    },
  },
  {
    name: 'wechat-v2-answer-believed-unverified',
    guard: 'an APIv2 answer that is not signed with our key is unknown',
    file: `${V2}/client.ts`,
    find: "if (!isSigned(fields, this.account.api_key)) return 'bad_signature';",
    replace: "if (!isSigned(fields, this.account.api_key) && fields.size === 0) return 'bad_signature';",
    caught_by: {
      test: {
        file: `${V2_TEST}/answers.test.ts`,
        name: 'an answer that is not proven to be WeChat Pay’s, and about us, is unknown',
      },
    },
  },
  {
    name: 'wechat-v2-answer-of-another-merchant',
    guard: 'an APIv2 answer must name our merchant and application',
    file: `${V2}/client.ts`,
    find: "if (!isOf(party, fields)) return 'other_merchant';",
    replace: "if (!isOf(party, fields) && fields.size === 0) return 'other_merchant';",
    caught_by: {
      test: {
        file: `${V2_TEST}/answers.test.ts`,
        name: 'an answer that is not proven to be WeChat Pay’s, and about us, is unknown',
      },
    },
  },
  {
    name: 'wechat-v2-callback-believed-unverified',
    guard: 'an APIv2 callback must be signed with our key',
    file: `${V2}/notify.ts`,
    find: "if (!isSigned(fields, account.api_key)) return { kind: 'rejected', reason: 'bad_signature' };",
    replace:
      "if (!isSigned(fields, account.api_key) && fields.size === 0) return { kind: 'rejected', reason: 'bad_signature' };",
    caught_by: { test: { file: `${V2_TEST}/callback.test.ts`, name: 'a payment callback' } },
  },
  {
    name: 'wechat-v2-answer-about-another-order',
    guard: 'an APIv2 answer must be about the number that was asked for',
    file: `${V2}/query.ts`,
    find: 'return named === out_trade_no ? readState(client, order, answer) : otherOrder(raw);',
    replace: 'return readState(client, order, answer);',
    caught_by: {
      test: {
        file: `${V2_TEST}/answers.test.ts`,
        name: 'an answer that is not proven to be WeChat Pay’s, and about us, is unknown',
      },
    },
  },
  {
    name: 'wechat-v2-xml-with-entities',
    guard: 'document types, entities and attributes are refused before a parser sees them',
    stands_for: 'the XML of a callback reads files',
    file: `${V2}/xml.ts`,
    find: 'if (!isPlain(body, root)) return null;',
    replace: "if (!isPlain(body, root) && body === '') return null;",
    caught_by: { test: { file: `${V2_TEST}/xml.test.ts`, name: 'reading' } },
  },
  {
    name: 'wechat-v2-refund-without-a-certificate',
    guard: 'a refund by APIv2 shows the account’s own client certificate',
    file: `${V2}/client.ts`,
    find: "const tls = path.startsWith('/secapi/') ? account.client_tls : account.tls;",
    replace: "const tls = path.startsWith('/secapi/none') ? account.client_tls : account.tls;",
    caught_by: {
      test: {
        file: `${V2_TEST}/mutual-tls.test.ts`,
        name: 'where only merchants with a certificate are admitted, a refund gets there with ours, and not with another’s',
      },
    },
  },
  {
    name: 'wechat-callback-believed-for-its-host',
    guard: 'a callback is not believed for the host name that it comes with',
    stands_for: 'a host name takes the place of the signature',
    file: `${V3}/notify.ts`,
    find: "if (verdict !== 'verified') return { kind: 'rejected', reason: verdict };",
    replace:
      "if (verdict !== 'verified' && request.headers['host'] !== 'localhost') return { kind: 'rejected', reason: verdict };",
    caught_by: {
      test: {
        file: 'verification/test/peers.test.ts',
        name: '%s: for the host name it comes with',
        row: 'wechat: for the host name it comes with',
      },
    },
  },
  {
    name: 'wechat-v2-refund-callback-of-another-merchant',
    guard: 'an APIv2 refund’s callback must carry our merchant number',
    file: `${V2}/notify.ts`,
    find: "if (outside.get('mch_id') !== account.mchid)",
    replace: "if (outside.get('mch_id') === '')",
    caught_by: { test: { file: `${V2_TEST}/callback.test.ts`, name: 'of another merchant is kept for a person' } },
  },
];
