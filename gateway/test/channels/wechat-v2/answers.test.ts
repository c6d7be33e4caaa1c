import { describe, expect, test } from 'vitest';
import { order, reference } from '../wechat/support/account.ts';
import { bench, PAID } from './account.ts';
import { API_KEY, refusal, sign, signed, xml, type Behaviour } from './upstream.ts';

const { upstream, open } = bench();
const text = (body: string, status = 200): Behaviour => ({ status, text: body });
const GENUINE = signed({ ...PAID, sub_appid: 'wxd678efh567hg6999' });
const REFUSAL = signed(refusal('ORDERNOTEXIST'));

describe('an answer that is not proven to be WeChat Pay’s, and about us, is unknown', () => {
  test.each<[string, Behaviour, string]>([
    ['unsigned', text(GENUINE.replace(/<sign>.*?<\/sign>/, '')), 'bad_signature'],
    ['signed with another key', text(signed(PAID, 'x'.repeat(32))), 'bad_signature'],
    ['changed on the way', text(GENUINE.replace('>221<', '>222<').replace('[221]', '[222]')), 'bad_signature'],
    ['with a member more', text(GENUINE.replace('</xml>', '<attach>x</attach></xml>')), 'bad_signature'],
    [
      'an unsigned refusal of the request',
      text(xml({ return_code: 'FAIL', return_msg: '签名错误' })),
      'unsigned_refusal',
    ],
    [
      'a refusal of the request, badly signed',
      text(xml({ return_code: 'FAIL', return_msg: '签名错误', sign: 'A'.repeat(32) })),
      'bad_signature',
    ],
    ['an unsigned refusal', text(REFUSAL.replace(/<sign>.*?<\/sign>/, '')), 'bad_signature'],
    ['a refusal changed into another', text(REFUSAL.replace('ORDERNOTEXIST', 'ORDERNOTEXISTS')), 'bad_signature'],
    ['of another merchant', { ...PAID, mch_id: '1230000110' }, 'other_merchant'],
    ['of no merchant', { ...PAID, mch_id: undefined }, 'other_merchant'],
    ['of another application', { ...PAID, appid: 'wx8888888888888889' }, 'other_merchant'],
    ['of another sub-merchant', { ...PAID, sub_mch_id: '1900000110' }, 'other_merchant'],
    ['a refusal of another merchant', { ...refusal('ORDERNOTEXIST'), mch_id: '1' }, 'other_merchant'],
    ['about another order', { ...PAID, out_trade_no: '65e1a2c0aabbccddeeff9999' }, 'other_order'],
    ['about no order', { ...PAID, out_trade_no: undefined }, 'other_order'],
    ['a refusal about another order', { ...refusal('ORDERNOTEXIST'), out_trade_no: '65e1' }, 'other_order'],
    ['signed, but without a verdict', { ...PAID, return_code: undefined }, 'not_understood'],
    ['cut short', text(GENUINE.slice(0, -20)), 'not_understood'],
    ['empty', text(''), 'not_understood'],
    ['JSON', text('{"return_code":"SUCCESS"}'), 'not_understood'],
    ['with a document type', text(`<!DOCTYPE xml>${GENUINE}`), 'not_understood'],
    ['with a member twice', text(GENUINE.replace('</xml>', '<total_fee>1</total_fee></xml>')), 'not_understood'],
    ['a proxy’s 502', text('<html>Bad Gateway</html>', 502), 'http_502'],
    ['a signed 500', text(GENUINE, 500), 'http_500'],
    ['a redirect', text(GENUINE, 302), 'http_302'],
    ['huge', text(`<xml><a>${'x'.repeat(262_145)}</a></xml>`), 'too_large'],
    ['never sent', 'drop', 'connection_lost'],
  ])('%s', async (_what, behaviour, reason) => {
    upstream.answers(behaviour);
    expect(await open().query(reference)).toMatchObject({ outcome: 'unknown', reason });
    expect((await (await open().prepareBegin(order)).send()).outcome).toBe('unknown');
  });

  test('the genuine one is believed, with members that nobody knows and none that need be', async () => {
    upstream.answers(text(GENUINE));
    expect((await open().query(reference)).outcome).toBe('paid');
    const more = { ...PAID, member_of_2030: 'x', sub_mch_id: '', sub_appid: undefined };
    upstream.answers(more);
    expect((await open().query(reference)).outcome).toBe('paid');
  });

  test.each(['MD5', 'HMAC-SHA256'])('it may be signed by %s whatever the account’s own is', async (type) => {
    for (const sign_type of ['MD5', 'HMAC-SHA256']) {
      upstream.answers(text(signed(PAID, API_KEY, type)));
      expect((await open({ sign_type }).query(reference)).outcome).toBe('paid');
      upstream.answers(text(signed({ ...PAID, sign_type: type }, API_KEY, type)));
      expect((await open({ sign_type }).query(reference)).outcome).toBe('paid');
    }
  });

  test('it is not believed when it is signed otherwise than it says', async () => {
    const members = { ...PAID, sign_type: 'HMAC-SHA256' };
    upstream.answers(text(signed({ ...members, sign: sign(members, API_KEY, 'MD5') }, API_KEY, 'MD5')));
    expect(await open().query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });
});

test('a refused connection is certain not to have been seen', async () => {
  const { url } = upstream;
  const client = open({ base_url: 'http://127.0.0.1:1' });
  expect(await client.query(reference)).toEqual({ outcome: 'not_sent', reason: 'connection_refused' });
  expect(url).toMatch(/^https:/);
});

test('a server that the account does not trust is not spoken to', async () => {
  const client = open({ ca_certificate: undefined });
  expect(await client.query(reference)).toEqual({ outcome: 'not_sent', reason: 'tls_failed' });
  expect(upstream.requests).toEqual([]);
});
