/** WeChat Pay, protocol APIv2 (XML). README.md beside this file lists the vendor's pages and what is peculiar about them. */
import type { Ports } from '../../../ports.ts';
import { ChannelMisconfigured, type ChannelAccount, type ChannelClient, type OrderForChannel } from '../../channel.ts';
import { payerAuthorization } from '../payer-authorization.ts';
import { prepareBegin } from './begin.ts';
import { testAccount } from './check-account.ts';
import { WechatV2Client } from './client.ts';
import { closeOrder } from './close.ts';
import { openV2Account } from './config.ts';
import { notificationAnswer, readNotification } from './notify.ts';
import { identityOf } from './party.ts';
import { app } from './pay-types/app.ts';
import { jsapi } from './pay-types/jsapi.ts';
import { jsminipg } from './pay-types/jsminipg.ts';
import { jsurl } from './pay-types/jsurl.ts';
import { micro } from './pay-types/micro.ts';
import { scan } from './pay-types/scan.ts';
import { wap } from './pay-types/wap.ts';
import type { V2PayType } from './pay-type.ts';
import { queryOrder } from './query.ts';
import { queryRefund, requestRefund } from './refund.ts';
import { reverseOrder } from './reverse.ts';

const PAY_TYPES: ReadonlyMap<string, V2PayType> = new Map(
  [scan, jsapi, jsurl, jsminipg, app, wap, micro].map((pay_type) => [pay_type.code, pay_type]),
);

/** Opens an account whose `protocol` is v2. Throws `ChannelMisconfigured` naming the field when something cannot be read. */
export function openV2(account: ChannelAccount, ports: Ports): ChannelClient {
  const client = new WechatV2Client(openV2Account(account), ports);
  return {
    prepareBegin: async (order) => prepareBegin(client, payTypeOf(order), order),
    query: (order) => queryOrder(client, order),
    close: (order) => closeOrder(client, order),
    reverse: (order) => reverseOrder(client, order),
    refund: (refund) => requestRefund(client, refund),
    queryRefund: (refund) => queryRefund(client, refund),
    readCallback: async (request) => readNotification(client.account, request),
    acknowledge: notificationAnswer,
    expectedIdentity: (order) => identityOf(client.account, order),
    payerAuthorization: () => payerAuthorization(client.account, ports.http),
    test: () => testAccount(client),
  };
}

function payTypeOf(order: OrderForChannel): V2PayType {
  const pay_type = PAY_TYPES.get(order.pay_type);
  if (!pay_type) throw new ChannelMisconfigured(`APIv2 of WeChat Pay has no pay type ${order.pay_type} here`);
  return pay_type;
}
