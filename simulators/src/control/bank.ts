import { payerAccount } from '../bank/page.ts';
import type { BankSimulator } from '../bank/simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import { choiceField, optionalNumber, readFields, textField } from './fields.ts';
import type { Fields } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

const AMOUNT_RANGE = { minimum: 1, maximum: 10_000_000_000, whole: true };
const TRANSFER_FIELDS = [
  'fund_acc',
  'amount',
  'payer_name',
  'payer_account',
  'payer_bank',
  'currency',
  'remittance',
  'end_to_end_id',
  'booked_at',
];

/** What happens at a bank: transfers come, are taken back, come back; files are written; how the customer is told. */
export function bankRoutes(bank: BankSimulator): Route[] {
  return [
    {
      method: 'POST',
      path: '/control/transfer',
      answer: (request) => jsonAnswer(200, transfer(bank, readFields(request, TRANSFER_FIELDS))),
    },
    {
      method: 'POST',
      path: '/control/bank/reverse',
      answer: (request) => {
        const reference = textField(
          readFields(request, ['reference']),
          'reference',
          'the bank’s reference of a transfer',
        );
        return jsonAnswer(200, { reference: bank.book.reverse(reference).reference, original_reference: reference });
      },
    },
    {
      method: 'POST',
      path: '/control/bank/return-payment',
      answer: (request) => {
        const fields = readFields(request, ['out_transfer_no', 'reason']);
        const number = textField(
          fields,
          'out_transfer_no',
          'the number of a refund, as the gateway gave it to the bank',
        );
        const entry = bank.book.returnPayment(number, optionalText(fields, 'reason') ?? '账号户名不符');
        return jsonAnswer(200, { reference: entry.reference, out_transfer_no: number });
      },
    },
    {
      method: 'POST',
      path: '/control/bank/file',
      answer: (request) =>
        jsonAnswer(200, file(bank, readFields(request, ['kind', 'version', 'day', 'without', 'damage']))),
    },
    {
      method: 'POST',
      path: '/control/bank/push',
      answer: (request) => {
        const fields = readFields(request, ['url', 'format']);
        const before = bank.push();
        const url = fields['url'] === null ? null : (optionalText(fields, 'url') ?? before.url);
        const format =
          fields['format'] === undefined
            ? before.format
            : choiceField(fields, 'format', ['camt054', 'camt054.02', 'json'] as const);
        bank.setPush({ url, format });
        return jsonAnswer(200, bank.push());
      },
    },
  ];
}

function transfer(bank: BankSimulator, fields: Fields): object {
  // The API shows the number as a JSON number, and a person copies it as one.
  const given = fields['fund_acc'];
  const fund_acc =
    typeof given === 'number' ? String(given) : textField(fields, 'fund_acc', 'the account number of pay_info');
  const amount = optionalNumber(fields, 'amount', AMOUNT_RANGE);
  if (amount === undefined) throw new ControlError(400, 'amount is missing: fen, a whole number');
  const name = optionalText(fields, 'payer_name');
  const booked_at = optionalText(fields, 'booked_at');
  const booked_at_ms = booked_at === null ? undefined : Date.parse(booked_at);
  if (booked_at_ms !== undefined && Number.isNaN(booked_at_ms))
    throw new ControlError(400, 'booked_at is no time: ISO 8601');
  const currency = optionalText(fields, 'currency');
  const remittance = optionalText(fields, 'remittance');
  const end_to_end_id = optionalText(fields, 'end_to_end_id');
  const entry = bank.book.receive({
    fund_acc,
    amount,
    payer: {
      name,
      account:
        fields['payer_account'] === null ? null : (optionalText(fields, 'payer_account') ?? payerAccount(name ?? '')),
      bank: optionalText(fields, 'payer_bank') ?? '合流演示银行',
    },
    ...(currency === null ? {} : { currency }),
    ...(remittance === null ? {} : { remittance }),
    ...(end_to_end_id === null ? {} : { end_to_end_id }),
    ...(booked_at_ms === undefined ? {} : { booked_at_ms }),
  });
  return { reference: entry.reference, fund_acc, amount, out_trade_no: bank.book.orderOf(fund_acc), state: 'BOOKED' };
}

function file(bank: BankSimulator, fields: Fields): object {
  const { without } = fields;
  if (without !== undefined && !(Array.isArray(without) && without.every((one) => typeof one === 'string')))
    throw new ControlError(400, 'without must be a list of references');
  const day = optionalText(fields, 'day');
  if (day !== null && !/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new ControlError(400, 'day must be YYYY-MM-DD');
  return bank.files.write({
    kind: choiceField(fields, 'kind', ['camt053', 'camt054'] as const),
    version: fields['version'] === undefined ? '08' : choiceField(fields, 'version', ['08', '02'] as const),
    ...(day === null ? {} : { day }),
    ...(without === undefined ? {} : { without }),
    ...(fields['damage'] === undefined
      ? {}
      : { damage: choiceField(fields, 'damage', ['truncate', 'entry'] as const) }),
  });
}

/** @throws ControlError 400 unless the member is absent or a text */
function optionalText(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new ControlError(400, `${name} must be a text`);
  return value.trim() === '' ? null : value.trim();
}
