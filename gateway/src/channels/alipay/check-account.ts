/** `heliu channel test`: something harmless that proves keys, application and clock. */
import type { Ports } from '../../ports.ts';
import type { AlipayClient } from './client.ts';

/**
 * Asks for a trade that cannot exist. The verified answer that it does not exist proves both directions, and that the
 * application may ask for trades.
 */
export async function testAccount(
  client: AlipayClient,
  ports: Ports,
): Promise<{ readonly ok: boolean; readonly message: string }> {
  const out_trade_no = `heliutest${ports.random.bytes(12).toString('hex')}`;
  const answer = await client.call({
    operation: 'query',
    method: 'alipay.trade.query',
    biz_content: { out_trade_no },
    out_trade_no,
    merchant_params: {},
  });
  if (answer.outcome !== 'verified') return { ok: false, message: `${answer.outcome}: ${answer.reason}` };
  if (answer.verdict === 'not_found') return { ok: true, message: 'request and answer verified' };
  return { ok: false, message: `${answer.sub_code || answer.code}: ${answer.message}` };
}
