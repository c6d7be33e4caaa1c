import { createVerify } from 'node:crypto';
import { expect, test } from 'vitest';
import { callWechat, control, newHome, placeWechat, start } from './support.ts';
import type { RunningSimulators } from '../../src/start.ts';

/** Asks for an order and answers the serial that signed, after checking the signature with the given key. */
async function signer(simulators: RunningSimulators, out_trade_no: string, publicKey: string): Promise<string | null> {
  const { sp_mchid, sub_mchid } = simulators.wechat;
  const target = `/v3/pay/partner/transactions/out-trade-no/${out_trade_no}?sp_mchid=${sp_mchid}&sub_mchid=${sub_mchid}`;
  const { headers, text } = await callWechat(simulators, 'GET', target);
  const holds = createVerify('RSA-SHA256')
    .update(`${headers.get('wechatpay-timestamp')}\n${headers.get('wechatpay-nonce')}\n${text}\n`)
    .verify(publicKey, headers.get('wechatpay-signature') ?? '', 'base64');
  return holds ? headers.get('wechatpay-serial') : null;
}

test('WeChat Pay signs with a new certificate, then with its public key, and says which', async () => {
  const home = await newHome();
  const simulators = await start({ home });
  const { out_trade_no } = await placeWechat(simulators);
  const before = simulators.wechat;
  expect(await signer(simulators, out_trade_no, before.platform_public_key)).toBe(before.platform_serial);

  const rotated = (await control(simulators, 'POST', '/control/rotate-certificate')).body;
  expect(rotated).toMatchObject({ to: 'certificate', serial: expect.stringMatching(/^[0-9A-F]{40}$/) });
  expect(rotated['serial']).not.toBe(before.platform_serial);
  expect(await signer(simulators, out_trade_no, String(rotated['public_key']))).toBe(rotated['serial']);

  const switched = (await control(simulators, 'POST', '/control/rotate-certificate', { to: 'public_key' })).body;
  expect(switched['serial']).toMatch(/^PUB_KEY_ID_/);
  expect(await signer(simulators, out_trade_no, String(switched['public_key']))).toBe(switched['serial']);

  await simulators.close();
  const resumed = await start({ home });
  expect(resumed.wechat.platform_serial).toBe(switched['serial']);
});

test('an unknown way of signing is refused', async () => {
  const refused = await control(await start(), 'POST', '/control/rotate-certificate', { to: 'blockchain' });
  expect(refused.status).toBe(400);
  expect(refused.body['msg']).toContain('one of certificate, public_key');
});
