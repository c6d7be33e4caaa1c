/** `heliu exceptions accept|combine|assign|return`: what an operator does with money that came to a bank account and waits. */
import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { findOrderByAnyNumber } from '../operations/show-order.ts';
import {
  acceptCredit,
  assignCredit,
  combineCredits,
  returnCredit,
  type Settled,
  type Surplus,
} from '../operations/settle-credit.ts';
import type { StoredCredit } from '../storage/bank-credits.ts';
import { addCommand, merchantId } from './command.ts';
import { createOutput } from './output.ts';
import { yuan } from './text.ts';
import { inGateway } from './working-gateway.ts';

interface ActionOptions {
  readonly surplus?: Surplus;
  readonly by?: string;
  readonly json?: boolean;
}

const EXAMPLE_ID = '67f2a1c09b3d4e5f60718293';

/** Adds the commands to the group. */
export function addExceptionActions(exceptions: Command): void {
  withSurplus(
    addCommand(exceptions, 'accept <exception_id>', 'let a bank credit pay the order it was sent to', [
      `heliu exceptions accept ${EXAMPLE_ID}`,
      `heliu exceptions accept ${EXAMPLE_ID} --surplus return`,
    ]),
  ).action(accept);
  withSurplus(
    addCommand(
      exceptions,
      'combine <exception_ids...>',
      'let several bank credits of one payer pay their order together',
      [`heliu exceptions combine ${EXAMPLE_ID} 67f2a1c09b3d4e5f60718294`],
    ),
  ).action(combine);
  withSurplus(
    addCommand(exceptions, 'assign <exception_id>', 'let a bank credit pay another order', [
      `heliu exceptions assign ${EXAMPLE_ID} --order shop.4711 --merchant 5399355381712172`,
    ])
      .requiredOption('--order <number>', 'trade_id or mch_trade_id of the order')
      .requiredOption('--merchant <merchant_id>', 'whose order it is', merchantId),
  ).action(assign);
  withBy(
    addCommand(exceptions, 'return <exception_id>', 'send a bank credit back to the account it came from', [
      `heliu exceptions return ${EXAMPLE_ID}`,
    ]),
  ).action(sendBack);
}

function withBy(command: Command): Command {
  return command.option('--by <name>', 'who decides it (default: the user of this machine)');
}

function withSurplus(command: Command): Command {
  return withBy(
    command.addOption(
      new Option('--surplus <what>', 'what becomes of money beyond the total of the order').choices(['return', 'keep']),
    ),
  );
}

/** Who decides: as told, or the user of this machine. */
export function decider(options: { readonly by?: string }): string {
  return options.by ?? `${userInfo().username} (cli)`;
}

async function accept(exception_id: string, options: ActionOptions): Promise<void> {
  const request = { exception_id, surplus: options.surplus ?? null, by: decider(options) };
  tell(await inGateway((gateway) => acceptCredit(gateway, request)), options);
}

async function combine(exception_ids: string[], options: ActionOptions): Promise<void> {
  const request = { exception_ids, surplus: options.surplus ?? null, by: decider(options) };
  tell(await inGateway((gateway) => combineCredits(gateway, request)), options);
}

async function assign(
  exception_id: string,
  options: ActionOptions & { readonly order: string; readonly merchant: string },
): Promise<void> {
  const settled = await inGateway(async (gateway) => {
    const order = await findOrderByAnyNumber(gateway, options.merchant, options.order);
    return assignCredit(gateway, { exception_id, order, surplus: options.surplus ?? null, by: decider(options) });
  });
  tell(settled, options);
}

async function sendBack(exception_id: string, options: ActionOptions): Promise<void> {
  const { credit, done_before } = await inGateway((gateway) =>
    returnCredit(gateway, { exception_id, by: decider(options) }),
  );
  createOutput(options).result({ credit: creditFields(credit), done_before }, () =>
    done_before
      ? `It is ${credit.state} already (by ${credit.decided_by ?? 'somebody'}). Nothing was done.`
      : `${yuan(credit.amount_fen)} of ${credit.payer_name ?? 'the payer'} (${credit.reference}) are on their way back.`,
  );
}

function tell({ order, credits, done_before }: Settled, options: ActionOptions): void {
  const document = {
    trade_id: order.trade_id,
    mch_trade_id: order.mch_trade_id,
    merchant_id: order.merchant_id,
    state: order.state,
    credits: credits.map(creditFields),
    done_before,
  };
  createOutput(options).result(document, () => {
    if (done_before) return `It had been done before (by ${credits[0]?.decided_by ?? 'somebody'}). Nothing was done.`;
    const surplus = credits.reduce((sum, one) => sum + one.surplus_fen, 0);
    const rest = surplus > 0 ? ` ${yuan(surplus)} are on their way back.` : '';
    return `Order ${order.mch_trade_id} (${order.trade_id}) is paid by ${credits.map((one) => one.reference).join(', ')}.${rest}`;
  });
}

/** A credit as the commands print it. */
export function creditFields(credit: StoredCredit): Record<string, unknown> {
  const { updated_at_ms: _updated, ...fields } = credit;
  return fields;
}
