/** `heliu exceptions …`: what a person must look at. */
import { type Command, Option } from 'commander';
import { resolveException, showException } from '../operations/exceptions.ts';
import type { StoredException } from '../storage/exceptions.ts';
import { addCommand, addGroup, DEFAULT_LIMIT, MAX_LIMIT, wholeNumber } from './command.ts';
import { addExceptionActions, decider } from './exception-actions.ts';
import { detailText } from './order-text.ts';
import { createOutput } from './output.ts';
import { moreLine, onePage } from './page.ts';
import { duration, fieldList, indent, localTime, printable, table } from './text.ts';
import { inWorkplace } from './workplace.ts';

interface ListOptions {
  readonly state: StoredException['state'];
  readonly limit: number;
  readonly after?: string;
  readonly json?: boolean;
}

/** Adds the group to the program. */
export function addExceptionsCommands(program: Command): void {
  const exceptions = addGroup(program, 'exceptions', 'what a person must look at');
  addCommand(exceptions, 'list', 'list what is open, the oldest first', [
    'heliu exceptions list',
    'heliu exceptions list --state resolved --limit 20',
  ])
    .addOption(new Option('--state <state>', 'which ones').choices(['open', 'resolved']).default('open'))
    .option('--limit <count>', 'how many at most', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--after <exception_id>', 'go on after this one')
    .action(list);
  addCommand(exceptions, 'show <exception_id>', 'show one with what the channel sent, as it came', [
    'heliu exceptions show 67f2a1c09b3d4e5f60718293',
  ]).action(show);
  addCommand(exceptions, 'resolve <exception_id>', 'close one with a note of what was done; moves no money', [
    'heliu exceptions resolve 67f2a1c09b3d4e5f60718293 --note "returned to the payer by bank, receipt 4711"',
  ])
    .requiredOption('--note <text>', 'what was done about it')
    .option('--by <name>', 'who did it (default: the user of this machine)')
    .action(resolve);
  addExceptionActions(exceptions);
}

async function list(options: ListOptions): Promise<void> {
  await inWorkplace(async ({ store, ports }) => {
    const found = await store.exceptions.list(options.state, options.after ?? '', options.limit + 1);
    const { page, next } = onePage(found, options.limit, (one) => one.exception_id);
    const now_ms = ports.clock.now_ms();
    const document = page.map((one) => ({ ...fields(one), age_ms: now_ms - one.created_at_ms }));
    createOutput(options).result({ exceptions: document, next_after: next }, () =>
      [exceptionTable(page, now_ms), ...moreLine('--after', next)].join('\n'),
    );
  });
}

function exceptionTable(page: readonly StoredException[], now_ms: number): string {
  return table(
    ['exception_id', 'age', 'kind', 'times', 'merchant_id', 'trade_id', 'account_id', 'detail'],
    page.map((one) => [
      one.exception_id,
      duration(now_ms - one.created_at_ms),
      one.kind,
      String(one.occurrences),
      one.merchant_id ?? '–',
      one.trade_id ?? '–',
      one.account_id ?? '–',
      detailText(one.detail),
    ]),
  );
}

async function show(exception_id: string, options: { readonly json?: boolean }): Promise<void> {
  await inWorkplace(async (place) => {
    const { raw_body, ...exception } = await showException(place, exception_id);
    createOutput(options).result({ ...fields(exception), raw_body }, () => text(exception, raw_body));
  });
}

function text(exception: StoredException, raw_body: string | null): string {
  const headers = Object.entries(exception.raw_headers ?? {});
  return [
    `Exception ${exception.exception_id}: ${exception.kind}`,
    fieldList([
      ['state', exception.state],
      ['times', String(exception.occurrences)],
      ['first', localTime(exception.created_at_ms)],
      ['last change', localTime(exception.updated_at_ms)],
      ['merchant_id', exception.merchant_id ?? '–'],
      ['trade_id', exception.trade_id ?? '–'],
      ['account_id', exception.account_id ?? '–'],
      ['detail', detailText(exception.detail)],
      ...(exception.state === 'resolved'
        ? [['resolved', `by ${exception.resolved_by}: ${exception.resolution}`] as const]
        : []),
    ]),
    ...(headers.length === 0 ? [] : ['', 'Headers', fieldList(headers)]),
    ...(raw_body === null ? [] : ['', 'Body as it came', indent(printable(raw_body))]),
  ].join('\n');
}

async function resolve(
  exception_id: string,
  options: { readonly note: string; readonly by?: string; readonly json?: boolean },
): Promise<void> {
  const by = decider(options);
  await inWorkplace(async (place) => {
    const resolved = await resolveException(place, { exception_id, note: options.note, by });
    createOutput(options).result(fields(resolved), () => `Resolved exception ${exception_id} (${resolved.kind}).`);
  });
}

/** dedupe_key is ours alone. */
function fields({ dedupe_key: _key, ...exception }: StoredException): Record<string, unknown> {
  return exception;
}
