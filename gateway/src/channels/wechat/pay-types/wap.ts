/** wechat.wap: the payer is in a browser of a phone, outside WeChat (H5下单, direct: doc 4012791834; partner: doc 4012523544). */
import type { OrderForChannel } from '../../channel.ts';
import type { WechatAccount } from '../config.ts';
import { orderBody, sceneInfo } from '../order-body.ts';
import { accepted, memberOfSuccess, type WechatPayType } from '../pay-type.ts';

/** Which kind of application, and under which name h5_info carries its number. */
const KINDS: Readonly<Record<string, { readonly type: string; readonly member: string }>> = {
  IOS: { type: 'iOS', member: 'bundle_id' },
  AND: { type: 'Android', member: 'package_name' },
  WAP: { type: 'Wap', member: 'app_url' },
};

function h5Order(account: WechatAccount, order: OrderForChannel): Record<string, unknown> {
  const { mch_app_type = '', mch_app_name, mch_app_id = '' } = order.fields;
  const kind = KINDS[mch_app_type];
  const h5_info = { type: kind?.type, app_name: mch_app_name, ...(kind && { [kind.member]: mch_app_id }) };
  return { ...orderBody(account, order), scene_info: { ...sceneInfo(order), h5_info } };
}

export const wap: WechatPayType = {
  code: 'wechat.wap',
  channel: 'wechat',
  summary: '微信H5支付: the payer is in a phone’s browser, which goes to mweb_url',
  fields: {
    mch_app_type: {
      required: true,
      description: '发起支付的应用类型：IOS APP 为 IOS，Android APP 为 AND，手机网站为 WAP',
      example: 'WAP',
      // Longer than any of them: another kind of application is to hear which there are, not how long their names may be.
      max_length: 32,
      check: (value) => (Object.hasOwn(KINDS, value) ? null : 'must be IOS, AND or WAP'),
    },
    mch_app_name: {
      required: true,
      description: 'APP 为应用名称，手机网站为网站名称',
      example: '普尔商城',
      max_length: 64,
    },
    mch_app_id: {
      required: true,
      description: 'IOS APP 为 bundle_id，Android APP 为 package_name，WAP 为网站首页地址',
      example: 'https://store.pooul.com/',
      max_length: 128,
      check: (value) =>
        /^(https?:\/\/[^\s/]\S*|[A-Za-z0-9._-]+)$/.test(value)
          ? null
          : 'must be a bundle_id, a package_name or the http(s) address of a site',
    },
  },
  // payer_client_ip is required; it is compared with the address from which the payer opens mweb_url.
  required_common: ['spbill_create_ip'],
  reply: {
    mweb_url: {
      description: 'address to send the browser to; opens for five minutes. `&redirect_url=` may be appended',
      example:
        'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016121516420242444321ca0631331346&package=1405458241',
    },
  },
  initial_trade_state: 2,
  reply_shows_state: false,
  // h5_url opens for five minutes; who opens it in the last one still has to confirm and to type a password. Longer makes no
  // sense: a repeated number is answered with the same address, so that nobody could begin a payment later on.
  lifetime_s: 600,
  begin_is_repeatable: true,
  endpoint: 'h5',
  requestBody: h5Order,
  readAnswer(answer) {
    const mweb_url = memberOfSuccess(answer, 'h5_url');
    return mweb_url ? accepted({ mweb_url }, answer) : null;
  },
};
