import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signJwt, type Json } from '../../merchant.ts';
import { pick } from '../trial/pick.ts';
import { orderFields, type Story, type Teller } from './story.ts';

/** Somebody else's key, made once for all worlds. */
let stranger: KeyObject | null = null;
const strangersKey = (): KeyObject => (stranger ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

type Meddling = (
  teller: Teller,
  fields: Json & { mch_trade_id: string },
  nonce_str: string,
) => { path: string; body: string; fields: Json };

/** Requests that real merchants get wrong, and strangers try. */
const MEDDLINGS: Readonly<Record<string, Meddling>> = {
  not_a_token: (_teller, fields) => ({ path: '/v2/pay', fields, body: JSON.stringify(fields) }),
  wrong_key: (_teller, fields, nonce_str) => ({
    path: '/v2/pay',
    fields,
    body: signJwt({ ...fields, nonce_str }, strangersKey()),
  }),
  missing_field: (teller, { total_fee: _fee, ...fields }, nonce_str) => signed(teller, '/v2/pay', fields, nonce_str),
  negative_amount: (teller, fields, nonce_str) => signed(teller, '/v2/pay', { ...fields, total_fee: -1 }, nonce_str),
  unknown_pay_type: (teller, fields, nonce_str) =>
    signed(teller, '/v2/pay', { ...fields, pay_type: 'wechat.moon' }, nonce_str),
  expired: (teller, fields, nonce_str) =>
    signed(teller, '/v2/pay', { ...fields, exp: Math.floor(teller.world.now_ms() / 1000) - 600 }, nonce_str),
  unknown_order: (teller, { mch_trade_id }, nonce_str) =>
    signed(teller, '/v2/pay/query', { mch_trade_id: `${mch_trade_id}.nobody` }, nonce_str),
  unknown_refund: (teller, { mch_trade_id }, nonce_str) =>
    signed(teller, '/v2/pay/refund_query', { mch_trade_id, mch_refund_id: 'nobody' }, nonce_str),
  refund_of_unpaid: (teller, { mch_trade_id }, nonce_str) =>
    signed(
      teller,
      '/v2/pay/refund',
      { mch_trade_id, mch_refund_id: `${mch_trade_id}.m`, refund_fee: 1, refund_desc: 'x' },
      nonce_str,
    ),
};

function signed(
  { world }: Teller,
  path: string,
  fields: Json,
  nonce_str: string,
): { path: string; body: string; fields: Json } {
  return { path, fields, body: signJwt({ ...fields, nonce_str }, world.keys.merchant.private_key) };
}

/** Sends what must be refused, an old request again, and then the right one. */
export const meddler: Story = async (teller) => {
  const { merchant, random } = teller;
  const fields = orderFields(teller, 'wechat.scan');
  const kind = pick(random, Object.keys(MEDDLINGS));
  const made = MEDDLINGS[kind]?.(teller, fields, random.bytes(12).toString('hex'));
  if (!made) return;
  const { path, body } = made;
  await merchant.send(path, made.fields, body);
  if (random.chance(0.5)) await merchant.send(path, made.fields, body);
  if (random.chance(0.5)) await merchant.call('/v2/pay', fields);
};
