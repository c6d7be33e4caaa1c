/** wechat.wap: trade_type MWEB, paid by WeChat called from a browser. mweb_url is good for five minutes. */
import type { OrderedPayType } from '../pay-type.ts';

export const wap: OrderedPayType = {
  code: 'wechat.wap',
  trade_type: 'MWEB',
  requestFields: (_party, order) => ({ scene_info: JSON.stringify({ h5_info: h5Info(order.fields) }) }),
  readReply(answer) {
    const mweb_url = answer.get('mweb_url');
    return mweb_url ? { mweb_url } : null;
  },
};

/** scene_info.h5_info of the three kinds of caller (vendor page H5 chapter=9_20). */
function h5Info(fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { mch_app_type: type = '', mch_app_name: name = '', mch_app_id: id = '' } = fields;
  switch (type) {
    case 'IOS':
      return { type: 'IOS', app_name: name, bundle_id: id };
    case 'AND':
      return { type: 'Android', app_name: name, package_name: id };
    default:
      return { type: 'Wap', wap_url: id, wap_name: name };
  }
}
