/** `heliu channel test`: something harmless that proves number and key. */
import type { WechatV2Client } from './client.ts';
import type { Party } from './party.ts';
import { QUERY_PATH } from './query.ts';
import { codeOf, declined, messageOf } from './status-map.ts';
import { readXml } from './xml.ts';

/** Our numbers are 24 hexadecimal digits that begin with a time: there is no order of 1970. */
const NO_ORDER = '000000000000000000000000';

/**
 * Asks for an order that cannot exist. A refusal signed with our key proves the key both ways, whatever it says: in partner mode
 * WeChat Pay may rather complain that no sub-merchant is named.
 */
export async function testAccount(client: WechatV2Client): Promise<{ readonly ok: boolean; readonly message: string }> {
  const { account } = client;
  const party: Party = { appid: account.appid, mch_id: account.mchid, sub_mch_id: null, sub_appid: null };
  const answer = await client.call(QUERY_PATH, party, { out_trade_no: NO_ORDER });
  if (answer.outcome !== 'verified') {
    const words = 'raw' in answer ? readXml(answer.raw ?? '')?.get('return_msg') : undefined;
    return { ok: false, message: `${answer.outcome}: ${answer.reason}${words ? ` (${words})` : ''}` };
  }
  const code = codeOf(answer);
  if (declined(answer).account_fault || code === 'SYSTEMERROR')
    return { ok: false, message: `${code}: ${messageOf(answer)}` };
  const missing = account.client_tls;
  const mutual_tls =
    typeof missing === 'string' ? `; ${missing} is missing, so that nothing can be refunded or reversed` : '';
  return { ok: true, message: `request and answer verified with the APIv2 key${mutual_tls}` };
}
