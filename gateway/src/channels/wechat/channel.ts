/** WeChat Pay: protocol V3, and v2/ for accounts that speak APIv2. README.md beside this file lists the vendor's pages and what is peculiar about them. */
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
import { WechatClient } from './client.ts';
import { closeOrder } from './close.ts';
import { merchantParamsSchema, openAccount, type WechatAccount } from './config.ts';
import { notificationAnswer, readNotification } from './notify.ts';
import { identityOf } from './party.ts';
import { payerAuthorization } from './payer-authorization.ts';
import { app } from './pay-types/app.ts';
import { jsapi } from './pay-types/jsapi.ts';
import { jsminipg } from './pay-types/jsminipg.ts';
import { jsurl } from './pay-types/jsurl.ts';
import { micro } from './pay-types/micro.ts';
import { scan } from './pay-types/scan.ts';
import { wap } from './pay-types/wap.ts';
import type { WechatPayType } from './pay-type.ts';
import { secretsSchema, settingsSchema } from './protocol.ts';
import { queryOrder } from './query.ts';
import { queryRefund, requestRefund } from './refund.ts';
import { reverseOrder } from './reverse.ts';
import { openV2 } from './v2/channel.ts';

const pay_types: readonly WechatPayType[] = [scan, jsapi, jsurl, jsminipg, app, wap, micro];

/** The channel as the registry lists it. */
export const wechat: Channel = {
  code: 'wechat',
  name: '微信支付',
  settings: settingsSchema,
  secrets: secretsSchema,
  merchant_params: merchantParamsSchema,
  pay_types,
  open(account: ChannelAccount, ports: Ports): ChannelClient {
    if (account.settings['protocol'] === 'v2') return openV2(account, ports);
    const opened = openAccount(account);
    return bind(opened, new WechatClient(opened, ports), ports);
  },
};

function bind(account: WechatAccount, client: WechatClient, ports: Ports): ChannelClient {
  return {
    prepareBegin: (order) => begin(account, client, order),
    query: (order) => queryOrder(client, account, order),
    close: (order) => closeOrder(client, account, order),
    reverse: (order) => reverseOrder(client, account, order),
    refund: (refund) => requestRefund(client, account, refund),
    queryRefund: (refund) => queryRefund(client, account, refund),
    readCallback: (request) => readNotification(client, account, request),
    acknowledge: notificationAnswer,
    expectedIdentity: (order) => identityOf(account, order),
    payerAuthorization: () => payerAuthorization(account, ports.http),
    test: () => testAccount(client),
  };
}

async function begin(account: WechatAccount, client: WechatClient, order: OrderForChannel): Promise<PreparedBegin> {
  const pay_type = pay_types.find((candidate) => candidate.code === order.pay_type);
  if (!pay_type) throw new ChannelMisconfigured(`the wechat channel has no pay type ${order.pay_type}`);
  return prepareBegin(client, account, pay_type, order, () => queryOrder(client, account, order));
}
