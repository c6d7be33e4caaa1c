/** Bank transfers: what a bank says, whose money it is, and who has a number. */
import type { Mutant } from '../mutant.ts';

const CREDIT = 'gateway/src/domain/bank-credit.ts';
const HELD = { test: { file: 'gateway/test/domain/bank-credit.test.ts', name: 'decideCredit' } };
const NUMBERS = 'gateway/src/storage/virtual-accounts.ts';
const NUMBERS_TEST = 'gateway/test/storage/virtual-accounts.test.ts';
const CREDITS = 'gateway/src/storage/bank-credits.ts';
const CREDITS_TEST = 'gateway/test/storage/bank-credits.test.ts';

export const BANK: readonly Mutant[] = [
  {
    name: 'bank-push-believed-unverified',
    guard: 'a push is believed only when the bank signed it',
    file: 'gateway/src/channels/bank/push.ts',
    find: "if (verdict !== 'verified') return { kind: 'rejected', reason: verdict };",
    replace: "if (verdict === 'missing_signature') return { kind: 'rejected', reason: verdict };",
    caught_by: {
      test: {
        file: 'gateway/test/channels/bank/push.test.ts',
        name: 'a push is believed only when the bank signed it',
      },
    },
  },
  {
    name: 'bank-old-push-believed',
    guard: 'the time of a bank’s signature is at most five minutes from ours',
    file: 'gateway/src/channels/bank/sign.ts',
    find: 'Math.abs(Number(timestamp) * 1000 - now_ms) > TOLERANCE_MS)',
    replace: 'Math.abs(Number(timestamp) * 1000 - now_ms) < 0)',
    caught_by: {
      test: {
        file: 'gateway/test/channels/bank/push.test.ts',
        name: 'a push is believed only when the bank signed it',
      },
    },
  },
  {
    name: 'bank-answer-believed-unverified',
    guard: 'an answer of a bank is believed only when the bank signed it',
    file: 'gateway/src/channels/bank/client.ts',
    find: "if (verdict !== 'verified') {",
    replace: "if (verdict === 'stale_timestamp') {",
    caught_by: { test: { file: 'gateway/test/channels/bank/calls.test.ts', name: 'a call' } },
  },
  {
    name: 'transfer-in-another-currency-pays',
    guard: 'only CNY pays an order',
    file: CREDIT,
    find: "if (credit.currency !== 'CNY') return hold('wrong_currency');",
    replace: "if (credit.currency === '') return hold('wrong_currency');",
    caught_by: HELD,
  },
  {
    name: 'too-little-pays',
    guard: 'less than the order costs does not pay it',
    file: CREDIT,
    find: 'if (credit.amount_fen < order.total_fen)\n',
    replace: 'if (credit.amount_fen < 0)\n',
    caught_by: HELD,
  },
  {
    name: 'too-much-pays',
    guard: 'more than the order costs waits for a person',
    file: CREDIT,
    find: "if (credit.amount_fen > order.total_fen) return hold('too_much');",
    replace: "if (credit.amount_fen > 2 * order.total_fen) return hold('too_much');",
    caught_by: HELD,
  },
  {
    name: 'transfer-of-another-payer-pays',
    guard: 'a credit of another payer than was asked for waits for a person',
    file: CREDIT,
    find: "!isSamePayer(String(wanted_payer), credit.payer_name)) return hold('wrong_payer');",
    replace: "credit.payer_name === '') return hold('wrong_payer');",
    caught_by: HELD,
  },
  {
    name: 'money-for-the-former-owner-pays',
    guard: 'money that was booked before the number belonged to the order was meant for whoever had it before',
    file: CREDIT,
    find: "if (isBefore(credit, owner.opened_at_ms)) return hold('before_order');",
    replace: "if (isBefore(credit, 0)) return hold('before_order');",
    caught_by: HELD,
  },
  {
    name: 'late-transfer-pays',
    guard: 'a credit that was booked after the time of the order waits for a person',
    file: CREDIT,
    find: "if ((credit.booked_at_ms ?? at_ms) > order.expires_at_ms) return hold('late');",
    replace: "if ((credit.booked_at_ms ?? at_ms) < 0) return hold('late');",
    caught_by: HELD,
  },
  {
    name: 'second-transfer-overlooked',
    guard: 'a second credit of a paid order waits for a person',
    file: CREDIT,
    find: "if (order.state === 'paid') return hold('second_credit');",
    replace: "if (order.state === 'paid') return { action: 'pay', order };",
    caught_by: HELD,
  },
  {
    name: 'number-given-to-two-orders',
    guard: 'a number that is just being taken is not taken by another',
    file: NUMBERS,
    find: 'ORDER BY free_at_ms, serial LIMIT 1 FOR UPDATE SKIP LOCKED',
    replace: 'ORDER BY free_at_ms, serial LIMIT 1',
    caught_by: {
      test: {
        file: NUMBERS_TEST,
        name: 'never gives one number to two orders, however many ask at once, and no number is left over',
      },
    },
  },
  {
    name: 'number-given-while-it-rests',
    guard: 'a number rests before it is given to another order',
    stands_for: 'the money of one customer pays the order of another',
    file: NUMBERS,
    find: "WHERE account_id = $1 AND pool = $4 AND state = 'closed' AND free_at_ms <= $5 AND serial",
    replace: "WHERE account_id = $1 AND pool = $4 AND state = 'closed' AND (free_at_ms <= $5 OR true) AND serial",
    caught_by: {
      test: { file: NUMBERS_TEST, name: 'gives none that rests, is of another form, or is not assigned any more' },
    },
  },
  {
    name: 'order-takes-a-second-number',
    guard: 'an order that has a number keeps it',
    file: NUMBERS,
    find: 'serial BETWEEN $8 AND $9 AND NOT EXISTS (SELECT 1 FROM mine)',
    replace: 'serial BETWEEN $8 AND $9',
    caught_by: {
      test: { file: NUMBERS_TEST, name: 'gives the same order the same number, on whichever node, at whatever moment' },
    },
  },
  {
    name: 'number-of-the-bank-taken-from-another-order',
    guard: 'a number that the bank gave is taken by no other order while it is open or rests',
    file: NUMBERS,
    find: "OR (v.state = 'closed' AND v.free_at_ms <= $5)\nRETURNING number",
    replace: "OR v.state = 'closed'\nRETURNING number",
    caught_by: {
      test: {
        file: NUMBERS_TEST,
        name: 'is taken by one order, again by the same, and by no other while it is open or rests',
      },
    },
  },
  {
    name: 'repeated-push-books-again',
    guard: 'an entry is known by the bank’s own reference',
    stands_for: 'a bank that repeats itself pays twice',
    file: 'gateway/src/operations/take-bank-entry.ts',
    find: 'record({ ...entry, account_id, heard_by, heard_at_ms });',
    replace:
      'record({ ...entry, reference: makeId(heard_at_ms, gateway.ports.random.bytes(8)), account_id, heard_by, heard_at_ms });',
    caught_by: {
      test: {
        file: 'gateway/test/operations/take-bank-entry.test.ts',
        name: 'that is told again word for word is no matter',
      },
    },
  },
  {
    name: 'changed-entry-overlooked',
    guard: 'another amount under the same reference is put before a person',
    file: 'gateway/src/operations/take-bank-entry.ts',
    find: 'if (!is_new && (credit.amount_fen !== entry.amount_fen || credit.number !== entry.number)) {',
    replace: 'if (!is_new && credit.number !== entry.number && credit.amount_fen < 0) {',
    caught_by: {
      test: {
        file: 'gateway/test/operations/take-bank-entry.test.ts',
        name: 'that tells %s under the same reference is put before a person, once, and the first stays',
        row: 'under the same reference is put before a person',
      },
    },
  },
  {
    name: 'file-of-a-bank-taken-twice',
    guard: 'a file that was taken is known by its bytes',
    file: 'gateway/src/operations/take-bank-file.ts',
    find: "if (known) return known.state === 'done'",
    replace: "if (known && known.sha256 === '') return known.state === 'done'",
    caught_by: {
      test: {
        file: 'verification/test/bank-files.test.ts',
        name: 'that comes again byte for byte is not compared with books that have gone on since',
      },
    },
  },
  {
    name: 'statement-of-another-account-compared',
    guard: 'a statement of another account is not compared with ours',
    file: 'gateway/src/operations/take-bank-file.ts',
    find: "if (type !== 'statement' || account === settlement_account) return null;",
    replace: "if (type !== 'statement' || account !== '') return null;",
    caught_by: {
      test: {
        file: 'gateway/test/operations/take-bank-file.test.ts',
        name: 'a statement of another account is kept for a person, and nothing of it is booked',
      },
    },
  },
  {
    name: 'reversed-credit-waits-again',
    guard: 'a credit that the bank has taken back meanwhile waits for nobody',
    file: CREDITS,
    find: "state = CASE WHEN c.reversed_by IS NULL THEN 'held' ELSE 'reversed' END,\n  (merchant_id",
    replace: "state = 'held',\n  (merchant_id",
    caught_by: {
      test: { file: CREDITS_TEST, name: 'a credit that its order does not take' },
    },
  },
  {
    name: 'credits-settled-in-part',
    guard: 'credits are settled all together or not at all',
    file: CREDITS,
    find: 'AND (SELECT count(*) FROM wanted) = cardinality($2::text[])',
    replace: 'AND (SELECT count(*) FROM wanted) > 0',
    caught_by: { test: { file: CREDITS_TEST, name: 'credits that are to pay together do so all or not at all' } },
  },
  {
    name: 'operator-pays-with-another-currency',
    guard: 'an operator cannot pay an order with another currency by mistake',
    file: 'gateway/src/operations/settle-credit.ts',
    find: "if (credits.some((one) => one.currency !== 'CNY'))",
    replace: "if (credits.some((one) => one.currency === ''))",
    caught_by: {
      test: {
        file: 'verification/test/bank-operator.test.ts',
        name: 'is to pay an order with another currency, or one that is no bank transfer',
      },
    },
  },
  {
    name: 'unpaid-order-written-off',
    guard: 'only a paid order is written off',
    file: 'gateway/src/operations/write-off.ts',
    find: "if (order.state !== 'paid')\n",
    replace: "if (order.state !== 'paid' && order.version < 0)\n",
    caught_by: { test: { file: 'verification/test/bank.test.ts', name: 'writing off, closing and reversing' } },
  },
  {
    name: 'written-off-before-the-bank-confirms',
    guard: 'a number is closed here when the bank has closed it',
    file: 'gateway/src/operations/write-off.ts',
    find: "if (report.outcome !== 'closed' && report.outcome !== 'not_found') return false;",
    replace: "if (report.outcome === 'declined') return false;",
    caught_by: {
      test: {
        file: 'verification/test/bank.test.ts',
        name: 'asks for the write-off again while the bank does not answer',
      },
    },
  },
  {
    name: 'credit-returned-twice',
    guard: 'the refusal of a repeated return is believed only after asking once more',
    file: 'gateway/src/operations/send-bank-return.ts',
    find: "return asked_again.outcome === 'not_found' ? sent : asked_again;",
    replace: "return asked_again.outcome === 'not_found' ? asked_again : sent;",
    caught_by: {
      test: {
        file: 'gateway/test/operations/send-bank-return.test.ts',
        name: 'a return that reached the bank after the question about it is not taken for refused because its repeat is',
      },
    },
  },
  {
    name: 'credit-taken-back-after-success-told-to-nobody',
    guard: 'that the bank takes back what has paid an order is put before a person',
    file: 'gateway/src/operations/take-bank-correction.ts',
    find: "await raiseExceptionOnce(gateway, {\n    kind: 'bank_reversal_after_success',",
    replace: "if (reversal === 'never') await raiseExceptionOnce(gateway, {\n    kind: 'bank_reversal_after_success',",
    caught_by: {
      test: {
        file: 'verification/test/bank.test.ts',
        name: 'of a credit that paid leaves the order paid and tells a person',
      },
    },
  },
  {
    name: 'credit-that-was-taken-back-before-pays',
    guard: 'a credit that the bank took back before we heard of it is never booked',
    file: 'gateway/src/operations/take-bank-entry.ts',
    find: 'if (taken_back_by !== null) {',
    replace: "if (taken_back_by === '') {",
    caught_by: { test: { file: 'verification/test/bank.test.ts', name: 'before it was heard of is never booked' } },
  },
  {
    name: 'number-that-json-cannot-hold',
    guard: 'numbers that a double cannot hold are left out',
    file: 'gateway/src/channels/bank/number-pool.ts',
    find: 'return exact && !isExactInJson(number) ? null : number;',
    replace: "return exact && number === '' ? null : number;",
    caught_by: {
      test: { file: 'gateway/test/channels/bank/number-pool.test.ts', name: 'leaves out what a double cannot hold' },
    },
  },
  {
    name: 'number-conflict-of-the-bank-overlooked',
    guard: 'a number that the bank gives to a second order refuses that order',
    stands_for: 'the money of one customer pays the order of another',
    file: 'gateway/src/operations/take-number.ts',
    find: 'if (await gateway.store.virtual_accounts.adopt(order, number, now_ms, now_ms + UNSHOWN_MS)) return report;',
    replace:
      'if ((await gateway.store.virtual_accounts.adopt(order, number, now_ms, now_ms + UNSHOWN_MS)) !== null) return report;',
    caught_by: {
      test: {
        file: 'gateway/test/operations/take-bank-entry.test.ts',
        name: 'a number that the bank gives to a second order refuses that one, closes it at the bank, and is put before a person',
      },
    },
  },
  {
    name: 'unreadable-push-forgotten',
    guard: 'a push of the bank’s that cannot be read is kept for a person',
    file: 'gateway/src/operations/take-bank-push.ts',
    find: '    await keepMessage(gateway, account_id, push, verdict.problem);\n',
    replace: '    await Promise.resolve(keepMessage);\n',
    caught_by: {
      test: {
        file: 'gateway/test/operations/take-bank-entry.test.ts',
        name: 'of the bank’s that cannot be read is acknowledged, and kept with its bytes',
      },
    },
  },
  {
    name: 'unknown-return-forgotten',
    guard: 'a payment that came back and is none of ours is kept for a person',
    file: 'gateway/src/operations/take-bank-correction.ts',
    find: 'if (number === null) return raiseReturnUnknown(gateway, account_id, entry);',
    replace: 'if (number === null) return;',
    caught_by: {
      test: {
        file: 'gateway/test/operations/take-bank-entry.test.ts',
        name: 'of a payment that came back and is none of ours (%s) is kept',
        row: 'of a payment that came back and is none of ours (null)',
      },
    },
  },
  {
    name: 'order-paid-by-a-credit-decided-elsewhere',
    guard: 'an order is paid by a credit only while nobody else has decided about it',
    stands_for: 'a node that stood still pays an order with money that has been given back meanwhile',
    file: 'gateway/src/storage/save-orders.ts',
    find: "ELSE c.state = 'settling' AND c.merchant_id = l.merchant_id AND c.trade_id = l.trade_id AND c.payment_reference = l.settling_as END",
    replace: 'ELSE c.payment_reference IS NULL OR c.payment_reference = l.settling_as END',
    caught_by: {
      test: {
        file: CREDITS_TEST,
        name: 'is not paid when the credit has been released, or is being settled for another order',
      },
    },
  },
  {
    name: 'order-paid-by-a-held-credit',
    guard: 'a credit that waits for a person pays nothing by itself',
    file: 'gateway/src/storage/save-orders.ts',
    find: "CASE WHEN l.settling_as IS NULL THEN c.state = 'new'",
    replace: 'CASE WHEN l.settling_as IS NULL THEN true',
    caught_by: {
      test: {
        file: CREDITS_TEST,
        name: 'is not paid when somebody has put the credit before a person meanwhile',
      },
    },
  },
  {
    name: 'credit-released-though-it-has-paid',
    guard: 'a credit is released only as it was read',
    stands_for: 'money that has just paid an order waits in the queue, to be returned',
    file: CREDITS,
    find: "c.state = 'settling' AND c.updated_at_ms = $4 RETURNING",
    replace: "c.state = 'settling' AND c.updated_at_ms >= $4 RETURNING",
    caught_by: { test: { file: CREDITS_TEST, name: 'keeps the credit from whoever had read it before' } },
  },
  {
    name: 'credit-held-though-it-has-paid',
    guard: 'a credit is put before a person only as it was read',
    file: CREDITS,
    find: "state = 'new' AND updated_at_ms = $12 RETURNING",
    replace: "state = 'new' AND updated_at_ms >= $12 RETURNING",
    caught_by: { test: { file: CREDITS_TEST, name: 'keeps the credit from whoever had read it before' } },
  },
  {
    name: 'return-sent-when-others-may-have',
    guard: 'a return is sent only under a lease that lasts until the bank has answered',
    stands_for: 'a credit goes back twice because the first sender stood still',
    file: 'gateway/src/operations/send-bank-return.ts',
    find: 'if (!inTime(gateway, until_ms)) throw',
    replace: 'if (until_ms === 0) throw',
    caught_by: {
      test: {
        file: 'gateway/test/operations/send-bank-return.test.ts',
        name: 'a return is not sent by a node that stood still until others may have sent it, and ended it',
      },
    },
  },
  {
    name: 'old-refusal-ends-a-return-sent-anew',
    guard: 'a refusal ends a return only under the lease under which it was heard',
    stands_for: 'a credit waits again although another node has sent it back',
    file: 'gateway/src/operations/send-bank-return.ts',
    find: "'failed', message, now_ms, until_ms)",
    replace: "'failed', message, now_ms, null)",
    caught_by: {
      test: {
        file: 'gateway/test/operations/send-bank-return.test.ts',
        name: 'an old refusal does not end a return that somebody else has sent since',
      },
    },
  },
];
