import { afterAll, expect, test } from 'vitest';
import { wechat } from '../../../src/channels/wechat/channel.ts';
import { createHttpClient } from '../../../src/outbound/http-client.ts';
import { selfSigned } from '../../outbound/certificate.ts';
import { mutualTlsServer } from '../../outbound/servers.ts';
import { refund } from '../wechat/support/account.ts';
import { bench, merchant, server_certificate } from './account.ts';
import { API_KEY } from './upstream.ts';

const { account, ports } = bench();
const http = createHttpClient();
afterAll(() => http.close());

test('where only merchants with a certificate are admitted, a refund gets there with ours, and not with another’s', async () => {
  const stranger = selfSigned(['stranger.example']);
  const server = await mutualTlsServer(server_certificate, [merchant.certificate_pem]);
  const settings = { base_url: `https://127.0.0.1:${server.port}` };
  const open = (of: typeof merchant) =>
    wechat.open(
      account(settings, {
        api_v2_key: API_KEY,
        merchant_private_key: of.key_pem,
        merchant_certificate: of.certificate_pem,
      }),
      { ...ports, http },
    );
  // The server answers what is no XML: it has been reached, which is all that can be told.
  expect(await open(merchant).refund(refund)).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
  expect(await open(stranger).refund(refund)).not.toMatchObject({ reason: 'not_understood' });
  // Queries show no certificate at all, and this server admits nobody without one.
  expect(await open(merchant).queryRefund(refund)).not.toMatchObject({ reason: 'not_understood' });
});
