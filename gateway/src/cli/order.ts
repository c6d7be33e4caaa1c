/** `heliu order …` */
import type { Command } from 'commander';
import { showOrder } from '../operations/show-order.ts';
import { addCommand, addGroup, merchantId } from './command.ts';
import { orderDocument, orderText } from './order-text.ts';
import { createOutput } from './output.ts';
import { inWorkplace } from './workplace.ts';

/** Adds the group to the program. */
export function addOrderCommands(program: Command): void {
  const order = addGroup(program, 'order', 'orders');
  addCommand(order, 'show <number>', 'show an order with its timeline, refunds and notifications', [
    'heliu order show 67f2a1c09b3d4e5f60718293 --merchant 5399355381712172',
    'heliu order show alabowy_0001 --merchant 5399355381712172 --json',
  ])
    .requiredOption('--merchant <merchant_id>', 'the merchant', merchantId)
    .addHelpText('after', '\n<number> is our trade_id or the merchant’s mch_trade_id.')
    .action(show);
}

async function show(number: string, options: { readonly merchant: string; readonly json?: boolean }): Promise<void> {
  await inWorkplace(async (place) => {
    const record = await showOrder(place, options.merchant, number);
    createOutput(options).result(orderDocument(record), () => orderText(record));
  });
}
