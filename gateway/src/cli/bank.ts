/** `heliu bank …`: account numbers, credits and statements of bank transfers. */
import type { Command } from 'commander';
import type { ComparedStatement } from '../operations/compare-statement.ts';
import { compareBankFile } from '../operations/take-bank-file.ts';
import type { VirtualAccount } from '../storage/virtual-accounts.ts';
import { addCommand, addGroup, DEFAULT_LIMIT, MAX_LIMIT, wholeNumber } from './command.ts';
import { UnreadableMessage } from '../channels/bank/camt/reader.ts';
import { systemErrorCode } from '../embedded/startup-problem.ts';
import { CliError } from './errors.ts';
import { detailText } from './order-text.ts';
import { createOutput } from './output.ts';
import { moreLine, onePage } from './page.ts';
import { fieldList, localTime, table, yuan } from './text.ts';
import { inWorkplace, type Workplace } from './workplace.ts';

interface Json {
  readonly json?: boolean;
}

/** Adds the group to the program. */
export function addBankCommands(program: Command): void {
  const bank = addGroup(program, 'bank', 'account numbers and statements of bank transfers');
  addCommand(
    bank,
    'statement <file>',
    'compare a statement (camt.053) with the books; changes nothing, exit code 1 when they differ',
    ['heliu bank statement 20260412.xml --account bank-main'],
  )
    .requiredOption('--account <account_id>', 'the channel account it is of')
    .action(statement);
  addCommand(bank, 'numbers', 'list the account numbers that have been in use, with their orders', [
    'heliu bank numbers --account bank-main',
  ])
    .requiredOption('--account <account_id>', 'whose numbers')
    .option('--limit <count>', 'how many at most', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--after <number>', 'go on after this one')
    .action(numbers);
}

async function requireBankAccount({ store }: Pick<Workplace, 'store'>, account_id: string): Promise<void> {
  const account = await store.configuration.storedAccount(account_id);
  if (account?.channel === 'bank') return;
  throw new CliError('no_account', `There is no bank account ${account_id}. See heliu channel list.`);
}

async function statement(file: string, options: Json & { readonly account: string }): Promise<void> {
  await inWorkplace(async (place) => {
    await requireBankAccount(place, options.account);
    const compared = await compareBankFile(place, options.account, file).catch((error: unknown) => {
      const code = systemErrorCode(error);
      const problem = error instanceof UnreadableMessage ? error.message : code;
      if (typeof problem !== 'string') throw error;
      throw new CliError('file', `${file} cannot be read as a statement: ${problem}. Nothing was compared.`);
    });
    const differs = compared.some((one) => one.differences.length > 0);
    createOutput(options).result({ equal: !differs, statements: compared }, () =>
      compared.map(statementText).join('\n\n'),
    );
    if (differs) process.exitCode = 1;
  });
}

function statementText(one: ComparedStatement): string {
  const counts = Object.entries(one.counts).map(([kind, count]) => `${count} ${kind}`);
  return [
    `Statement ${one.id}`,
    fieldList([
      ['account', one.account ?? '–'],
      ['days', `${one.from_day ?? '?'} to ${one.to_day ?? '?'}`],
      ['credits', `${one.credits}, ${yuan(one.credits_fen)}`],
      ['debits', `${one.debits}, ${yuan(one.debits_fen)}`],
      ['differences', counts.length === 0 ? 'none' : counts.join(', ')],
    ]),
    ...(one.differences.length === 0
      ? []
      : [
          '',
          table(
            ['difference', 'reference', 'detail'],
            one.differences.map((d) => [d.kind, d.reference ?? '–', detailText(d.detail)]),
          ),
        ]),
  ].join('\n');
}

async function numbers(options: Json & { account: string; limit: number; after?: string }): Promise<void> {
  await inWorkplace(async (place) => {
    await requireBankAccount(place, options.account);
    const found = await place.store.virtual_accounts.list(options.account, options.after ?? '', options.limit + 1);
    const { page, next } = onePage(found, options.limit, (one) => one.number);
    const now_ms = place.ports.clock.now_ms();
    createOutput(options).result(
      { numbers: page.map((one) => ({ ...one, use: use(one, now_ms) })), next_after: next },
      () =>
        [
          table(
            ['number', 'use', 'trade_id', 'merchant_id', 'opened', 'rests until'],
            page.map((one) => [
              one.number,
              use(one, now_ms),
              one.trade_id ?? '–',
              one.merchant_id ?? '–',
              one.opened_at_ms === 0 ? '–' : localTime(one.opened_at_ms),
              use(one, now_ms) === 'resting' ? localTime(one.free_at_ms) : '–',
            ]),
          ),
          ...moreLine('--after', next),
        ].join('\n'),
    );
  });
}

function use(number: VirtualAccount, now_ms: number): 'open' | 'resting' | 'free' {
  if (number.state === 'open') return 'open';
  return number.free_at_ms > now_ms ? 'resting' : 'free';
}
