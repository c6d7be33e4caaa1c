/** common.micro from the till's side: the shop scans the payer's code, in each wallet and each of WeChat Pay's protocols. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { saveAccount, useAccount } from '../accounts.ts';
import { openJwt, type Json, type MerchantAnswer } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
});

async function routeThrough(wallet: Wallet, account_id: string): Promise<void> {
  await useAccount(world, wallet, account_id);
  await eventually(async () => {
    const { claims } = await present(wallet, 'pay');
    return (await stored(claims))['account_id'] === account_id;
  });
}

type Wallet = 'wechat' | 'alipay';
type Claims = Json & { readonly mch_trade_id: string };

async function authCode(wallet: Wallet, behaviour: string): Promise<string> {
  const made = await world.control('POST', '/control/auth-code', { wallet, behaviour });
  expect(made.status).toBe(200);
  return String(made.body['auth_code']);
}

function claimsFor(auth_code: string): Claims {
  numbers += 1;
  const mch_trade_id = `till.${numbers}`;
  const notify_url = world.notify.url(`/${mch_trade_id}`);
  return {
    pay_type: 'common.micro',
    mch_trade_id,
    total_fee: 1223,
    spbill_create_ip: '127.0.0.1',
    body: 'Alex Test Micro',
    auth_code,
    notify_url,
  };
}

async function present(wallet: Wallet, behaviour: string): Promise<{ claims: Claims; answer: MerchantAnswer }> {
  const claims = claimsFor(await authCode(wallet, behaviour));
  return { claims, answer: await world.merchant.call('/v2/pay', claims) };
}

const ask = (verb: string, { mch_trade_id }: Claims): Promise<MerchantAnswer> =>
  world.merchant.call(`/v2/pay/${verb}`, { mch_trade_id });

async function tradeId(claims: Claims): Promise<string> {
  const [row] = await world.sql<{ trade_id: string }>('SELECT trade_id FROM orders WHERE mch_trade_id = $1', [
    claims.mch_trade_id,
  ]);
  return row?.trade_id ?? '';
}

/** What the channel did with money: payments less what went back, by whatever name. */
async function money(claims: Claims): Promise<{ taken: number; back: number }> {
  const trade_id = await tradeId(claims);
  const entries = (await world.control('GET', '/control/ledger')).body['entries'] as Json[];
  const sum = (...kinds: string[]): number =>
    entries
      .filter((one) => one['out_trade_no'] === trade_id && kinds.includes(String(one['kind'])))
      .reduce((total, one) => total + Number(one['amount']), 0);
  return { taken: sum('payment'), back: sum('refund', 'reverse') };
}

/** The order is as old as the vendor asks a till to wait before it reverses. */
const age = (claims: Claims, seconds = 20): Promise<unknown> =>
  world.sql(
    'UPDATE orders SET created_at_ms = created_at_ms - $2::bigint, placing_until_ms = placing_until_ms - $2::bigint WHERE mch_trade_id = $1',
    [claims.mch_trade_id, seconds * 1000],
  );

/** Lets the resolver look now. */
const due = async (claims: Claims): Promise<unknown> =>
  world.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'order' AND subject_id = $1", [await tradeId(claims)]);

const stored = async (claims: Claims): Promise<Json> =>
  (await world.sql<Json>('SELECT * FROM orders WHERE mch_trade_id = $1', [claims.mch_trade_id]))[0] ?? {};

const inject = (channel: Wallet, operation: string, fault: string, count = 1): Promise<unknown> =>
  world.control('POST', '/control/faults', { channel, operation, fault, count });

/** The payer acts on the phone that asks for the password. */
async function phone(claims: Claims, action: string): Promise<number> {
  const trade_id = await tradeId(claims);
  const pending = (await world.control('GET', '/control/pending')).body['pending'] as Json[];
  const shown = pending.find((one) => one['out_trade_no'] === trade_id);
  if (!shown) return 404;
  return (await world.control('POST', '/control/scan', { code: shown['code'], action })).status;
}

const notified = (claims: Claims): number =>
  world.notify.received.filter((one) => one.path === `/${claims.mch_trade_id}`).length;

/** Each wallet, and WeChat Pay once more through an account that speaks APIv2. */
const VARIANTS = [
  ['wechat', 'wechat', 'sandbox-wechat'],
  ['alipay', 'alipay', 'sandbox-alipay'],
  ['wechat through APIv2', 'wechat', 'sandbox-wechat-v2'],
] as const;

describe.each(VARIANTS)('a code of %s', (_variant, wallet, account_id) => {
  beforeAll(() => routeThrough(wallet, account_id));
  /** Alipay's retry_flag and APIv2's recall ask for the same reverse again at once. */
  const asks_again = account_id !== 'sandbox-wechat';

  it('that pays at once answers 支付成功, and is told once', async () => {
    const { claims, answer } = await present(wallet, 'pay');
    expect(answer).toMatchObject({
      code: 0,
      msg: 'success',
      data: { mch_trade_id: claims.mch_trade_id, pay_type: 'common.micro', trade_state: 0, trade_info: '支付成功' },
    });
    expect(answer.data['out_trade_id']).toEqual(expect.any(String));
    const [told] = await world.notify.waitFor(`/${claims.mch_trade_id}`);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: { trade_state: 0, total_fee: 1223, pay_type: 'common.micro', trade_info: '支付成功, ' },
    });
    expect(await money(claims)).toEqual({ taken: 1223, back: 0 });
    expect((await ask('query', claims)).data['trade_state']).toBe(0);
    expect(await stored(claims)).toMatchObject({ channel: wallet, pay_type: 'common.micro' });
  });

  it('that needs a password is 6, is asked about at a till’s pace, and is paid once the payer has typed it', async () => {
    const { claims, answer } = await present(wallet, 'password_then_pay');
    expect(answer).toMatchObject({
      code: 0,
      data: { mch_trade_id: claims.mch_trade_id, trade_state: 6, trade_info: `支付中, ${answer.msg}` },
    });
    expect(answer.msg).toMatch(wallet === 'wechat' ? /^USERPAYING, ./ : /^10003, ?./);
    const [job] = await world.sql<{ run_at_ms: string }>(
      "SELECT run_at_ms FROM jobs WHERE kind = 'order' AND subject_id = $1",
      [await tradeId(claims)],
    );
    const { created_at_ms } = await stored(claims);
    expect(Number(job?.run_at_ms) - Number(created_at_ms)).toBe(5_000);
    await due(claims);
    await eventually(async () => Number((await stored(claims))['check_count']) > 0);
    expect((await stored(claims))['state']).toBe('undecided');
    expect(await phone(claims, 'pay')).toBe(200);
    await due(claims);
    await world.notify.waitFor(`/${claims.mch_trade_id}`);
    expect((await ask('query', claims)).data['trade_state']).toBe(0);
    expect(await money(claims)).toEqual({ taken: 1223, back: 0 });
  });

  it('whose payer cancels ends unpaid, by the till’s reverse or by itself', async () => {
    const { claims } = await present(wallet, 'password_then_cancel');
    await phone(claims, 'cancel');
    await age(claims);
    await due(claims);
    await eventually(async () => ['reversed', 'closed'].includes(String((await stored(claims))['state'])));
    expect((await ask('reverse', claims)).code).toBe(0);
    expect(await money(claims)).toEqual({ taken: 0, back: 0 });
    expect(notified(claims)).toBe(0);
  });

  it.each(['insufficient', 'expired'])(
    'that is %s answers the wallet’s reason, and the order is decided',
    async (behaviour) => {
      const { claims, answer } = await present(wallet, behaviour);
      expect(answer).toMatchObject({ code: 600, msg: expect.stringMatching(/^[A-Z][A-Z_.]+: ./) });
      expect(
        await eventually(async () => (await stored(claims))['state'] !== 'undecided' && stored(claims)),
      ).toMatchObject({
        state: 'failed',
      });
      expect((await ask('query', claims)).data['trade_state']).toBe(5);
      expect((await ask('reverse', claims)).code).toBe(0);
      expect((await world.merchant.call('/v2/pay', claims)).code).toBe(107);
    },
  );

  it.each([
    ['was never made here', wallet === 'wechat' ? '136345610916464024' : '286345610916464024'],
    ['was misread, a digit too short', wallet === 'wechat' ? '13634561091646402' : '286345610916464'],
  ])('that %s answers the wallet’s reason (600), and the order is decided', async (_name, auth_code) => {
    const claims = claimsFor(auth_code);
    const answer = await world.merchant.call('/v2/pay', claims);
    expect(answer).toMatchObject({ code: 600, msg: expect.stringMatching(/^[A-Z][A-Z_.]+: ./) });
    expect((await ask('query', claims)).data['trade_state']).toBe(5);
  });

  it('that was used before is refused, and nothing is paid twice', async () => {
    const first = await present(wallet, 'pay');
    const claims = claimsFor(String(first.claims['auth_code']));
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(600);
    expect(await money(claims)).toEqual({ taken: 0, back: 0 });
  });

  it('whose answer is lost though it paid: 601, then found by a question and told once', async () => {
    const { claims, answer } = await present(wallet, 'timeout_but_paid');
    expect(answer.code).toBe(601);
    expect((await ask('query', claims)).data['trade_state']).toBe(0);
    await world.notify.waitFor(`/${claims.mch_trade_id}`);
    expect(await money(claims)).toEqual({ taken: 1223, back: 0 });
    expect(notified(claims)).toBe(1);
  });

  it('whose answer is lost and that paid nothing: 601, 6, and after the reverse 5', async () => {
    const { claims, answer } = await present(wallet, 'timeout_not_paid');
    expect(answer.code).toBe(601);
    expect((await ask('query', claims)).data['trade_state']).toBe(6);
    // Within the first 15 s it may still be on its way to the channel.
    expect((await ask('reverse', claims)).code).toBe(601);
    await age(claims);
    expect(await ask('reverse', claims)).toMatchObject({ code: 0, data: { trade_state: 5 } });
    expect(await money(claims)).toEqual({ taken: 0, back: 0 });
  });

  it.each(['system_error', 'http_500', 'bad_signature', 'garbage', 'connection_reset', 'timeout_after'])(
    'answered by %s is undecided (601, then 6 or 0), never failed, and paid at most once',
    async (fault) => {
      await inject(wallet, 'pay', fault);
      const { claims, answer } = await present(wallet, 'pay');
      expect(answer.code).toBe(601);
      const { taken } = await money(claims);
      expect((await ask('query', claims)).data['trade_state']).toBe(taken > 0 ? 0 : 6);
      // The till sends the same order again: the same payment, not a second one.
      const again = await world.merchant.call('/v2/pay', claims);
      expect([0, 107, 601]).toContain(again.code);
      expect((await money(claims)).taken).toBeLessThanOrEqual(1223);
    },
  );

  it('that waits for its password can be reversed: nobody can pay it any more', async () => {
    const { claims } = await present(wallet, 'password_then_pay');
    expect(await ask('reverse', claims)).toMatchObject({ code: 0, data: { trade_state: 5 } });
    expect(await phone(claims, 'pay')).toBeGreaterThanOrEqual(400);
    expect(await money(claims)).toEqual({ taken: 0, back: 0 });
    expect((await ask('reverse', claims)).code).toBe(0);
  });

  it('reversed while its payment is not known here gives the money back once, and nobody hears "paid"', async () => {
    await inject(wallet, 'callback', 'drop');
    const { claims } = await present(wallet, 'timeout_but_paid');
    expect(await ask('reverse', claims)).toMatchObject({ code: 0, data: { trade_state: 5 } });
    expect(await money(claims)).toEqual({ taken: 1223, back: 1223 });
    // A callback of the payment that was late on its way changes nothing.
    await world.control('POST', '/control/callback', { out_trade_no: await tradeId(claims) });
    expect((await ask('query', claims)).data['trade_state']).toBe(5);
    expect(await money(claims)).toEqual({ taken: 1223, back: 1223 });
    expect(notified(claims)).toBe(0);
  });

  it.each(['timeout_before', 'timeout_after', 'system_error', 'bad_signature'])(
    'whose reverse is answered by %s: 601, and reversed by itself',
    async (fault) => {
      const { claims } = await present(wallet, 'password_then_pay');
      await inject(wallet, 'reverse', fault, fault === 'system_error' && asks_again ? 3 : 1);
      expect((await ask('reverse', claims)).code).toBe(601);
      await due(claims);
      await eventually(async () => (await stored(claims))['state'] === 'reversed');
      expect(await money(claims)).toEqual({ taken: 0, back: 0 });
    },
  );

  it('that is paid can be refunded in parts, and reversed only as a whole', async () => {
    const paid = await present(wallet, 'pay');
    expect(await ask('reverse', paid.claims)).toMatchObject({ code: 0, data: { trade_state: 5 } });
    await eventually(async () => (await money(paid.claims)).back === 1223);
    const other = await present(wallet, 'pay');
    const { mch_trade_id } = other.claims;
    const refund = { mch_trade_id, mch_refund_id: `${mch_trade_id}.r`, refund_fee: 23, refund_desc: 'x' };
    expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(0);
    expect((await ask('reverse', other.claims)).code).toBe(302);
    await eventually(async () => (await money(other.claims)).back === 23);
  });

  it('cannot be closed: the till is told to reverse it', async () => {
    const { claims } = await present(wallet, 'password_then_pay');
    expect(await ask('close', claims)).toMatchObject({ code: 302, msg: expect.stringContaining('reverse it') });
    expect((await ask('reverse', claims)).code).toBe(0);
  });

  it('that nobody decides in its time is reversed by itself', async () => {
    const { claims } = await present(wallet, 'password_then_pay');
    await world.sql(
      'UPDATE orders SET created_at_ms = created_at_ms - 600000, expires_at_ms = expires_at_ms - 600000 WHERE mch_trade_id = $1',
      [claims.mch_trade_id],
    );
    await phone(claims, 'wrong_password');
    await due(claims);
    await eventually(async () => (await stored(claims))['state'] === 'reversed');
    expect(await phone(claims, 'pay')).toBeGreaterThanOrEqual(400);
  });
});

describe('an account that cannot reverse (APIv2 without the client certificate)', () => {
  it('says so, and its order stays one that is asked about: a payment that comes is not lost', async () => {
    await saveAccount(world, 'sandbox-wechat-v2', (account) => ({
      ...account,
      account_id: 'bare-v2',
      secrets: { api_v2_key: account.secrets['api_v2_key'] ?? '' },
    }));
    await routeThrough('wechat', 'bare-v2');
    const { claims } = await present('wechat', 'password_then_pay');
    expect(await ask('reverse', claims)).toMatchObject({
      code: 600,
      msg: expect.stringMatching(/^CHANNEL_MISCONFIGURED: .*heliu channel test bare-v2/),
    });
    expect(await phone(claims, 'pay')).toBe(200);
    expect((await ask('query', claims)).data['trade_state']).toBe(0);
    await world.notify.waitFor(`/${claims.mch_trade_id}`);
    expect(await money(claims)).toEqual({ taken: 1223, back: 0 });
  });
});

describe('an auth_code', () => {
  it.each([
    [undefined, 103, 'auth_code is required'],
    ['', 103, 'auth_code is required'],
    ['13634561091646402x', 102, 'auth_code must be digits only'],
    [
      '626345610916464024',
      102,
      'auth_code must be a payment code of WeChat Pay (begins with 10–15) or Alipay (begins with 25–30)',
    ],
    ['1'.repeat(33), 102, 'auth_code must be at most 32 characters'],
  ])('%j answers %d: %s', async (auth_code, code, msg) => {
    const { auth_code: _none, ...claims } = claimsFor('');
    const answer = await world.merchant.call('/v2/pay', auth_code === undefined ? claims : { ...claims, auth_code });
    expect({ code: answer.code, msg: answer.msg }).toEqual({ code, msg });
    expect(await stored(claims as Claims)).toEqual({});
  });

  it('is never printed by the command that shows an order, nor logged', async () => {
    const { claims } = await present('wechat', 'pay');
    const rows = await world.sql<{ detail: string }>(
      'SELECT e.detail::text FROM order_events e JOIN orders o USING (merchant_id, trade_id) WHERE o.mch_trade_id = $1',
      [claims.mch_trade_id],
    );
    for (const { detail } of rows) expect(detail).not.toContain(String(claims['auth_code']));
    expect(JSON.stringify((await ask('query', claims)).body)).not.toContain(String(claims['auth_code']));
  });
});
