import { describe, expect, test } from 'vitest';
import type { PayerReport } from '../../../src/channels/channel.ts';
import { answerText, APP_ID, openChannel, patience, type Reply } from './support.ts';

const METHOD = 'alipay.system.oauth.token';

async function opened(...replies: Reply[]) {
  const { channel, upstream } = await openChannel(patience(...replies));
  upstream.reply(METHOD, ...replies);
  const authorization = channel.payerAuthorization?.();
  if (!authorization || 'missing' in authorization) throw new Error('not set up');
  return { authorization, upstream };
}

/** A refusal comes under error_response, signed like everything else. */
function refusal(sub_code: string): Reply {
  const node = JSON.stringify({ code: '40002', msg: 'Invalid Arguments', sub_code, sub_msg: '授权码code无效' });
  return { body: answerText(METHOD, node).replace('alipay_system_oauth_token_response', 'error_response') };
}

test('the link asks for auth_base alone', async () => {
  const { authorization } = await opened();
  const url = authorization.authorizeUrl('https://pay.example.com/preorder/alipay?pay_order_id=1', 'a1');
  expect(url).toBe(
    `https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id=${APP_ID}&scope=auth_base` +
      '&redirect_uri=https%3A%2F%2Fpay.example.com%2Fpreorder%2Falipay%3Fpay_order_id%3D1&state=a1',
  );
});

test('the code goes beside the common parameters, signed, and brings the buyer', async () => {
  const { authorization, upstream } = await opened({ node: { user_id: '2088102146225135', access_token: 't' } });
  expect(await authorization.exchange('CODE')).toEqual({ outcome: 'known', fields: { buyer_id: '2088102146225135' } });
  const [asked] = upstream.asked;
  expect(asked).toMatchObject({ verified: true, method: METHOD });
  expect(asked?.params.get('grant_type')).toBe('authorization_code');
  expect(asked?.params.get('code')).toBe('CODE');
  expect(asked?.params.has('biz_content')).toBe(false);
});

test('an application that knows its buyers by open_id gets that', async () => {
  const { authorization } = await opened({ node: { open_id: '01501o8f93I3nJAGB1jG4ONtRicSYjXy5rl7dP5OIGLFUs5' } });
  expect(await authorization.exchange('CODE')).toEqual({
    outcome: 'known',
    fields: { buyer_open_id: '01501o8f93I3nJAGB1jG4ONtRicSYjXy5rl7dP5OIGLFUs5' },
  });
});

describe('no payer is known by', () => {
  test.each<[string, Reply, PayerReport]>([
    ['a spent or made-up code', refusal('isv.code-invalid'), { outcome: 'refused', code: 'isv.code-invalid' }],
    ['an answer that says nothing', { node: { access_token: 't' } }, { outcome: 'unknown', reason: 'not_understood' }],
    [
      'an answer that is not signed',
      { body: `{"alipay_system_oauth_token_response":{"user_id":"2088"}}` },
      { outcome: 'unknown', reason: 'unsigned' },
    ],
    ['a failing gateway', { body: 'x', status: 502 }, { outcome: 'unknown', reason: 'http_502' }],
    ['a lost connection', { broken: 'reset' }, { outcome: 'unknown', reason: 'connection_lost' }],
  ])('%s', async (_name, reply, report) => {
    expect(await (await opened(reply)).authorization.exchange('CODE')).toEqual(report);
  });
});
