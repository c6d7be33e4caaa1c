/** Alipay, the gateway.do form protocol. README.md beside this file lists the vendor's pages and what is peculiar about them. */
import {
  ChannelMisconfigured,
  type Channel,
  type ChannelAccount,
  type ChannelClient,
  type OrderForChannel,
  type PreparedBegin,
} from '../channel.ts';
import type { Ports } from '../../ports.ts';
import { prepareBegin } from './begin.ts';
import { testAccount } from './check-account.ts';
import { AlipayClient } from './client.ts';
import { closeOrder } from './close.ts';
import { merchantParamsSchema, openAccount, secretsSchema, settingsSchema, type AlipayAccount } from './config.ts';
import { notificationAnswer, readNotification } from './notify.ts';
import { app } from './pay-types/app.ts';
import { payerAuthorization } from './payer-authorization.ts';
import { jsapi } from './pay-types/jsapi.ts';
import { micro } from './pay-types/micro.ts';
import { scan } from './pay-types/scan.ts';
import { wap } from './pay-types/wap.ts';
import type { AlipayPayType } from './pay-type.ts';
import { queryOrder } from './query.ts';
import { queryRefund, requestRefund } from './refund.ts';
import { reverseOrder } from './reverse.ts';

const pay_types: readonly AlipayPayType[] = [micro, scan, jsapi, wap, app];

/** The channel as the registry lists it. */
export const alipay: Channel = {
  code: 'alipay',
  name: '支付宝',
  settings: settingsSchema,
  secrets: secretsSchema,
  merchant_params: merchantParamsSchema,
  pay_types,
  open(account: ChannelAccount, ports: Ports): ChannelClient {
    const opened = openAccount(account);
    return bind(opened, new AlipayClient(opened, ports), ports);
  },
};

function bind(account: AlipayAccount, client: AlipayClient, ports: Ports): ChannelClient {
  return {
    prepareBegin: (order) => begin(account, client, order),
    query: (order) => queryOrder(client, account, order),
    close: (order) => closeOrder(client, account, order),
    reverse: (order) => reverseOrder(client, account, order),
    refund: (refund) => requestRefund(client, refund),
    queryRefund: (refund) => queryRefund(client, refund),
    readCallback: (request) => readNotification(client, account, request),
    acknowledge: notificationAnswer,
    expectedIdentity: (order) => expectedIdentity(account, order.merchant_params),
    payerAuthorization: () => payerAuthorization(account, client),
    test: () => testAccount(client, ports),
  };
}

/** seller_id is expected only where one is configured: otherwise Alipay chooses the account, and does not tell which beforehand. */
function expectedIdentity(
  account: AlipayAccount,
  merchant_params: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const seller_id = merchant_params['seller_id'] ?? account.seller_id;
  return seller_id ? { app_id: account.app_id, seller_id } : { app_id: account.app_id };
}

async function begin(account: AlipayAccount, client: AlipayClient, order: OrderForChannel): Promise<PreparedBegin> {
  const pay_type = pay_types.find((candidate) => candidate.code === order.pay_type);
  if (!pay_type) throw new ChannelMisconfigured(`the alipay channel has no pay type ${order.pay_type}`);
  return prepareBegin(client, account, pay_type, order);
}
