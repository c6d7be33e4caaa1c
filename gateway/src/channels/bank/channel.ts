/** Bank transfers to numbers of their own. README.md beside this file says what an answer means; docs/bank-transfer.md is the contract. */
import type { Channel, ChannelAccount, ChannelClient } from '../channel.ts';
import type { Ports } from '../../ports.ts';
import type { VirtualAccounts } from '../virtual-accounts.ts';
import { openNumber } from './begin.ts';
import { testAccount } from './check-account.ts';
import { BankClient } from './client.ts';
import { closeNumber } from './close.ts';
import { merchantParamsSchema, openAccount, secretsSchema, settingsSchema, type BankAccount } from './config.ts';
import { transfer } from './pay-types/transfer.ts';
import { readPush } from './push.ts';
import { queryNumber } from './query.ts';
import { queryTransfer, requestTransfer } from './refund.ts';

/** The channel as the registry lists it. */
export const bank: Channel = {
  code: 'bank',
  name: '银行转账',
  settings: settingsSchema,
  secrets: secretsSchema,
  merchant_params: merchantParamsSchema,
  pay_types: [transfer],
  open(account: ChannelAccount, ports: Ports): ChannelClient {
    const opened = openAccount(account);
    return bind(opened, new BankClient(opened, ports), ports);
  },
};

function bind(account: BankAccount, client: BankClient, ports: Ports): ChannelClient {
  return {
    prepareBegin: (order) => Promise.resolve({ send: () => openNumber(client, account, order) }),
    query: (order) => queryNumber(client, account, order),
    close: (order) => closeNumber(client, account, order),
    reverse: () => Promise.resolve({ outcome: 'declined', code: 'NOT_SUPPORTED', message: 'no payment codes here' }),
    refund: (refund) => requestTransfer(client, refund),
    queryRefund: (refund) => queryTransfer(client, refund),
    // Credits come to POST /bank/{account_id}: a bank does not know our merchants.
    readCallback: () => Promise.resolve({ kind: 'rejected', reason: 'wrong_address' }),
    acknowledge: (accepted, message) => ({
      status: accepted ? 200 : 400,
      content_type: 'application/json; charset=utf-8',
      body: JSON.stringify(accepted ? { code: 'SUCCESS' } : { code: 'FAIL', message }),
    }),
    expectedIdentity: () => ({}),
    test: () => testAccount(client, account),
    virtual_accounts: virtualAccounts(account, ports),
  };
}

function virtualAccounts(account: BankAccount, ports: Ports): VirtualAccounts {
  const { pool, quarantine_ms, close_paid_after_ms, warn_below, settlement_account } = account;
  return {
    pool,
    quarantine_ms,
    close_paid_after_ms,
    warn_below,
    settlement_account,
    readPush: (push) => readPush(account, push, ports.clock.now_ms()),
  };
}
