/** Requests that real merchants get wrong, and strangers try: at every endpoint, in every way that its envelope can refuse. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { NoAnswer } from '../../../gateway/src/ports.ts';
import { signJwt, type Json } from '../../merchant.ts';
import { ENDPOINTS } from '../reach/codes.ts';
import { setMerchantStatus } from '../trial/operator.ts';
import { pick } from '../trial/pick.ts';
import { GATEWAY_URL } from '../world.ts';
import { orderFields, type Story, type Teller } from './story.ts';

/** Somebody else's key, made once for all worlds. */
let stranger: KeyObject | null = null;
const strangersKey = (): KeyObject => (stranger ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

interface Request {
  readonly fields: Json;
  readonly body: string;
  /** Sent twice. */
  readonly twice?: true;
  /** In the name of a merchant that is none. */
  readonly merchant_id?: string;
}

type Meddling = (teller: Teller, fields: Json, nonce_str: string) => Request;

/** Fields that each endpoint takes, about numbers that nobody has. */
function fieldsOf(teller: Teller, path: string): Json {
  const order = orderFields(teller, 'wechat.scan');
  const mch_trade_id = `${teller.name}.nobody`;
  switch (path) {
    case '/v2/pay':
      return order;
    case '/v2/pay/refund':
      return { mch_trade_id, mch_refund_id: `${mch_trade_id}.r`, refund_fee: 1, refund_desc: 'meddled' };
    case '/v2/pay/refund_query':
      return { mch_refund_id: `${mch_trade_id}.r` };
    case '/v2/pay/pre_order':
      return { mch_pre_id: `${teller.name}.pre`, total_fee: 221, body: 'meddled' };
    case '/v2/pay/pre_order_detail':
      return { mch_pre_id: mch_trade_id };
    default:
      return { mch_trade_id };
  }
}

function signedBy({ world }: Teller, fields: Json): string {
  return signJwt(fields, world.keys.merchant.private_key);
}

const seconds = ({ world }: Teller): number => Math.floor(world.now_ms() / 1_000);

const MEDDLINGS: Readonly<Record<string, Meddling>> = {
  'no token': (_teller, fields) => ({ fields, body: JSON.stringify(fields) }),
  'the key of another': (_teller, fields, nonce_str) => ({
    fields,
    body: signJwt({ ...fields, nonce_str }, strangersKey()),
  }),
  'a number that is none': (teller, fields, nonce_str) => {
    const [first = ''] = Object.keys(fields).filter((name) => name !== 'pay_type');
    return { fields, body: signedBy(teller, { ...fields, [first]: 'x'.repeat(80), nonce_str }) };
  },
  'a field that is missing': (teller, fields, nonce_str) => {
    const [first = ''] = Object.keys(fields);
    const { [first]: _first, ...others } = fields;
    return { fields: others, body: signedBy(teller, { ...others, nonce_str }) };
  },
  'a nonce that was used': (teller, fields, nonce_str) => ({
    fields,
    body: signedBy(teller, { ...fields, nonce_str }),
    twice: true,
  }),
  'a time that is over': (teller, fields, nonce_str) => ({
    fields,
    body: signedBy(teller, { ...fields, nonce_str, exp: seconds(teller) - 600 }),
  }),
  'a time that has not come': (teller, fields, nonce_str) => ({
    fields,
    body: signedBy(teller, { ...fields, nonce_str, nbf: seconds(teller) + 600 }),
  }),
  'a merchant that is none': (teller, fields, nonce_str) => ({
    fields,
    body: signedBy(teller, { ...fields, nonce_str }),
    merchant_id: '9999999999999999',
  }),
  'nothing wrong': (teller, fields, nonce_str) => ({ fields, body: signedBy(teller, { ...fields, nonce_str }) }),
};

/** So many requests one after the other. */
const REQUESTS = 18;

/** Sends what must be refused, whatever else is going on. */
export const meddler: Story = async (teller) => {
  const { merchant, random } = teller;
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    const path = pick(random, ENDPOINTS);
    const kind = pick(random, Object.keys(MEDDLINGS));
    const made = MEDDLINGS[kind]?.(teller, fieldsOf(teller, path), random.bytes(12).toString('hex'));
    if (!made) return;
    const send = () => merchant.send(path, made.fields, made.body, made.merchant_id);
    await Promise.all(made.twice ? [send(), send()] : [send()]);
  }
};

/** One merchant's program asks everything at once, as after a loop that was never meant. */
export const crowd: Story = async (teller) => {
  const { world, merchant, random } = teller;
  // Sometimes because it has been taken out of business, and does not believe it.
  const is_suspended = random.chance(0.4);
  if (is_suspended) {
    await setMerchantStatus(world, merchant.merchant_id, 'suspended');
    await merchant.pause(1_000);
  }
  const rounds = is_suspended ? 1 : random.integer(2, 4);
  const calls = Array.from({ length: rounds }, () => ENDPOINTS).flat();
  await Promise.all(calls.map((path) => merchant.call(path, fieldsOf(teller, path))));
  if (is_suspended) await setMerchantStatus(world, merchant.merchant_id, 'active');
};

const MUCH_BYTES = 70_000;

interface Attempt {
  readonly method: string;
  readonly target: string;
  readonly body?: string;
}

/** What strangers send, by what they want. */
const ATTEMPTS: Readonly<Record<string, (teller: Teller) => Attempt>> = {
  'an unknown path': ({ random }) => ({
    method: 'GET',
    target: `/${pick(random, ['', '.env', 'v2', 'v2/pay/%2e%2e', 'wp-login.php'])}`,
  }),
  'an unknown callback address': ({ random, merchant }) => ({
    method: 'POST',
    target: `/notify/${pick(random, ['nobody', 'WECHAT', '%00'])}/${merchant.merchant_id}`,
    body: '{}',
  }),
  'another method': ({ random }) => ({
    method: pick(random, ['GET', 'PUT', 'DELETE']),
    target: pick(random, ENDPOINTS),
  }),
  'a body without end': ({ random, merchant }) => ({
    method: 'POST',
    target: `${pick(random, ENDPOINTS)}?merchant_id=${merchant.merchant_id}`,
    body: 'x'.repeat(MUCH_BYTES),
  }),
  'the management API': ({ random, merchant }) => ({
    method: pick(random, ['GET', 'PUT']),
    target: `/cms/merchants/${merchant.merchant_id}`,
    body: '{}',
  }),
};

/** Somebody who is no merchant tries doors. */
export const passerBy: Story = async (teller) => {
  const { random } = teller;
  const names = Object.keys(ATTEMPTS);
  for (let made = random.integer(4, 8); made > 0; made -= 1) {
    const what = pick(random, names);
    await attempt(teller, what, ATTEMPTS[what]?.(teller));
  }
  if (random.chance(0.8)) {
    const all = names.flatMap((what) => [what, what, what]);
    await Promise.all(all.map((what) => attempt(teller, 'many requests', ATTEMPTS[what]?.(teller))));
  }
};

async function attempt({ world }: Teller, what: string, made: Attempt | undefined): Promise<void> {
  if (!made) return;
  try {
    const { status, body, garbled } = await world.network.exchange('stranger', {
      method: made.method,
      url: `${GATEWAY_URL}${made.target}`,
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from(made.body ?? ''),
      timeout_ms: 30_000,
      max_bytes: 65_536,
    });
    if (garbled) return;
    const { code } = JSON.parse(body.toString('utf8')) as { readonly code: number };
    world.observe({ kind: 'stranger', what, status, code });
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
}
