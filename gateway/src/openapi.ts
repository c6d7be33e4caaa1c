/**
 * Writes openapi.json from the very schemas that check requests: `node gateway/src/openapi.ts` writes it, `--check` fails when
 * the committed file is stale.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { PayType } from './channels/channel.ts';
import { PAY_TYPES } from './channels/registry.ts';
import { PREORDER_PAY_TYPE } from './domain/preorder.ts';
import { MERCHANT_CHANGES, PUBLIC_KEY } from './http/admin/merchants.ts';
import { LOGIN } from './http/admin/session.ts';
import { codeTable } from './http/errors.ts';
import { CLOSE_FIELDS } from './http/merchant/close.ts';
import { COMMON_PAY_FIELDS, payFields } from './http/merchant/pay.ts';
import { PRE_ORDER_DETAIL_FIELDS } from './http/merchant/pre-order-detail.ts';
import { PRE_ORDER_FIELDS } from './http/merchant/pre-order.ts';
import { QUERY_FIELDS } from './http/merchant/query.ts';
import { REFUND_QUERY_FIELDS } from './http/merchant/refund-query.ts';
import { REFUND_FIELDS } from './http/merchant/refund.ts';
import { REVERSE_FIELDS } from './http/merchant/reverse.ts';
import { WRITE_OFF_FIELDS } from './http/merchant/writeoff.ts';

type Json = Record<string, unknown>;

const FILE = fileURLToPath(new URL('../../openapi.json', import.meta.url));

function schemaOf(schema: z.ZodType): Json {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
  return json;
}

const MERCHANT_ID: Json = {
  name: 'merchant_id',
  in: 'query',
  required: true,
  description: '发起支付的商户编号，16位数字',
  schema: { type: 'string', pattern: '^\\d{16}$' },
  example: '5399355381712172',
};

const REFUSED: Json = {
  description: 'Refused: plain JSON with a non-zero code (codes of the table travel with HTTP 200), see x-codes',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
};

/** A merchant endpoint: the body is a JWT whose claims follow `claims`; so is a successful answer. */
function merchantOperation(summary: string, claims: Json, data: Json): Json {
  return {
    post: {
      tags: ['merchant'],
      summary,
      parameters: [MERCHANT_ID],
      requestBody: {
        required: true,
        description:
          'One compact JWS (RS256) signed with the merchant’s private key; its claims are x-claims. Every claim may be sent as a string.',
        content: { 'text/plain': { schema: { type: 'string' }, 'x-claims': claims } },
      },
      responses: {
        '200': {
          description:
            'Success: a JWT (RS256) signed with the platform key, whose payload is x-payload. A body that begins with { is a refusal.',
          content: {
            'text/plain': { schema: { type: 'string' }, 'x-payload': envelope(data) },
            'application/json': { schema: { $ref: '#/components/schemas/Refusal' } },
          },
        },
        '413': REFUSED,
        '429': REFUSED,
        '503': REFUSED,
      },
    },
  };
}

function envelope(data: Json): Json {
  return {
    type: 'object',
    required: ['code', 'msg', 'data', 'nonce_str', 'time_elapsed'],
    properties: {
      code: { const: 0 },
      msg: { type: 'string', example: 'success' },
      data,
      nonce_str: { type: 'string', pattern: '^[0-9a-f]{24}$' },
      time_elapsed: { type: 'number', description: 'seconds', example: 0.3801 },
    },
  };
}

function texts(fields: Readonly<Record<string, string>>): Json {
  return Object.fromEntries(
    Object.entries(fields).map(([name, description]) => [name, { type: 'string', description }]),
  );
}

const ORDER_HEAD = texts({ trade_id: '平台单号', mch_trade_id: '商户订单号', merchant_id: '商户编号' });
const ORDER_OWN: Json = {
  ...texts({ attach: '附加数据' }),
  total_fee: { type: 'integer', description: '交易金额，单位为分' },
};
const STATE: Json = {
  pay_type: { type: 'string', enum: [...PAY_TYPES.keys()] },
  trade_state: { type: 'integer', enum: [0, 1, 2, 3, 4, 5, 6], description: '支付状态码' },
  trade_info: { type: 'string', description: '<状态说明>, <渠道信息>', example: '支付成功, ' },
};
const TOLD: Json = {
  ...texts({
    out_trade_id: '渠道单号',
    bank_type: '付款银行',
    fee_type: '货币',
    openid: '付款人标识',
    sub_openid: '付款人标识',
  }),
  cash_fee: { type: 'integer', description: '现金支付金额，单位为分' },
};
const REFUND: Json = {
  type: 'object',
  required: ['refund_id', 'mch_refund_id', 'refund_fee', 'refund_status', 'refund_desc'],
  properties: {
    ...texts({
      refund_id: '平台退款单号',
      mch_refund_id: '退款单号',
      refund_desc: '退款原因',
      refund_info: '渠道信息',
    }),
    refund_fee: { type: 'integer', description: '退款金额，单位为分' },
    refund_status: { type: 'integer', enum: [0, 1, 2, 3], description: '退款状态码' },
  },
};

function object(properties: Json): Json {
  return { type: 'object', properties };
}

/** An object whose members are always there, but for those named. */
function whole(properties: Json, optional: readonly string[] = []): Json {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, properties };
}

function payClaims(pay_type: PayType): Json {
  const claims = schemaOf(z.object(payFields(pay_type)));
  const properties = claims['properties'] as Json;
  return {
    ...claims,
    title: pay_type.code,
    description: pay_type.summary,
    properties: { ...properties, pay_type: { const: pay_type.code } },
  };
}

function payReply(pay_type: PayType): Json {
  const reply = Object.fromEntries(
    Object.entries(pay_type.reply).map(([name, field]) => [name, { type: 'string', ...field }]),
  );
  // Of a payment code the channel tells at once what it tells, if it was paid at once.
  const shown = pay_type.reply_shows_state ? { ...STATE, ...(pay_type.payment_code && TOLD) } : {};
  const by_protocol = pay_type.code === 'wechat.scan' ? ['prepay_id'] : [];
  return {
    title: pay_type.code,
    ...whole({ ...reply, ...ORDER_HEAD, ...(pay_type.reply_shows_order && ORDER_OWN), ...shown }, [
      ...Object.keys(TOLD),
      ...by_protocol,
      'attach',
    ]),
  };
}

/** What the merchant sent comes back as it was sent; the nonce does not come back. */
const { nonce_str: _nonce, ...SENT } = schemaOf(z.object(COMMON_PAY_FIELDS))['properties'] as Json;

/** Reply fields of every pay type, each there once the order is placed. */
const REPLIED = Object.fromEntries(
  [...PAY_TYPES.values()].flatMap(([pay_type]) =>
    Object.entries(pay_type.reply).map(([name, field]) => [name, { type: 'string', ...field }]),
  ),
);

const SENT_AND_ALWAYS_THERE = ['pay_type', 'mch_trade_id', 'total_fee', 'body', 'time_expire'];

const ORDER = whole(
  {
    ...SENT,
    ...ORDER_HEAD,
    ...STATE,
    ...TOLD,
    ...REPLIED,
    refunded_fee: { type: 'integer', description: '已退款金额，单位为分' },
    refunding_fee: { type: 'integer', description: '退款处理中金额，单位为分' },
    created_at: { type: 'integer' },
    updated_at: { type: 'integer' },
    paid_at: { type: 'integer' },
  },
  [...Object.keys({ ...TOLD, ...REPLIED, ...SENT }).filter((name) => !SENT_AND_ALWAYS_THERE.includes(name)), 'paid_at'],
);

const REFUNDED = whole(
  {
    ...ORDER_HEAD,
    ...STATE,
    out_trade_id: TOLD['out_trade_id'],
    total_fee: { type: 'integer' },
    refunds: {
      oneOf: [REFUND, { type: 'array', items: REFUND }],
      description: '按退款单号查询为对象，按商户订单号查询为列表',
    },
  },
  ['out_trade_id'],
);

const ENDED = whole({ ...ORDER_HEAD, ...STATE, total_fee: { type: 'integer' } });

const PAY_URL: Json = { pay_url: { type: 'string', description: '支付页面地址，可转为二维码或直接发送给付款人' } };

const { nonce_str: _own_nonce, ...PREORDER_SENT } = schemaOf(z.object(PRE_ORDER_FIELDS))['properties'] as Json;

const PREORDER = whole(
  {
    _id: { type: 'string', description: '平台预下单单号' },
    ...PREORDER_SENT,
    ...texts({ merchant_id: '商户编号', platform_merchant_id: '平台商户编号', level_code: '商户层级' }),
    pre_state: { type: 'integer', enum: [0, 1, 2, 3, 4, 5, 6], description: '状态码，同支付状态码' },
    pay_orders: { type: 'array', items: whole(texts({ mch_trade_id: '支付订单的商户订单号' })) },
    created_at: { type: 'integer' },
    updated_at: { type: 'integer' },
  },
  Object.keys(PREORDER_SENT).filter((name) => !['mch_pre_id', 'total_fee', 'body', 'time_expire'].includes(name)),
);

/** The preorder as a pay type of /v2/pay. */
function preorderClaims(): Json {
  const { mch_pre_id, ...fields } = PRE_ORDER_FIELDS;
  const own = { pay_type: COMMON_PAY_FIELDS.pay_type, mch_trade_id: mch_pre_id, ...fields };
  const claims = schemaOf(z.object(own));
  const properties = { ...(claims['properties'] as Json), pay_type: { const: PREORDER_PAY_TYPE } };
  return { ...claims, title: PREORDER_PAY_TYPE, description: '预下单支付: a link to a payment page', properties };
}

function adminOperation(
  method: 'get' | 'post' | 'put',
  summary: string,
  body: z.ZodType | null,
  secured: boolean,
): Json {
  return {
    [method]: {
      tags: ['management'],
      summary,
      ...(secured && { security: [{ session: [] }] }),
      ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
      responses: {
        '200': {
          description: 'Done',
          content: {
            'application/json': { schema: object({ code: { const: 0 }, msg: { type: 'string' }, data: {} }) },
          },
        },
        ...(secured && { '401': REFUSED, '403': REFUSED }),
      },
    },
  };
}

const MERCHANT_PATH: Json = {
  name: 'merchant_id',
  in: 'path',
  required: true,
  schema: { type: 'string', pattern: '^\\d{16}$' },
};

function merchantPaths(): Json {
  const types = [...PAY_TYPES.values()].map(([implementation]) => implementation);
  const claims = [...types.map(payClaims), preorderClaims()];
  const replies = [...types.map(payReply), { title: PREORDER_PAY_TYPE, ...whole(PAY_URL) }];
  const pay = merchantOperation('统一支付 Pay order', { oneOf: claims }, { oneOf: replies });
  return {
    '/v2/pay': pay,
    '/v2/pay/query': merchantOperation('查询订单 Query', schemaOf(z.object(QUERY_FIELDS)), ORDER),
    '/v2/pay/close': merchantOperation('关闭订单 Close', schemaOf(z.object(CLOSE_FIELDS)), ENDED),
    '/v2/pay/reverse': merchantOperation('撤销订单 Reverse', schemaOf(z.object(REVERSE_FIELDS)), ENDED),
    '/v2/pay/writeoff': merchantOperation('核销订单 Write off', schemaOf(z.object(WRITE_OFF_FIELDS)), ENDED),
    '/v2/pay/refund': merchantOperation('申请退款 Refund', schemaOf(z.object(REFUND_FIELDS)), REFUNDED),
    '/v2/pay/refund_query': merchantOperation(
      '退款查询 Refund query',
      schemaOf(z.object(REFUND_QUERY_FIELDS)),
      REFUNDED,
    ),
    '/v2/pay/pre_order': merchantOperation(
      '创建预下单支付 Create preorder',
      schemaOf(z.object(PRE_ORDER_FIELDS)),
      whole(PAY_URL),
    ),
    '/v2/pay/pre_order_detail': merchantOperation(
      '预下单订单查询 Query preorder',
      schemaOf(z.object(PRE_ORDER_DETAIL_FIELDS)),
      PREORDER,
    ),
  };
}

function managementPaths(): Json {
  const key = adminOperation('get', 'The platform’s public key', null, false);
  const merchant = {
    ...adminOperation('get', 'A merchant', null, true),
    ...adminOperation('put', 'Change a merchant; what is absent stays', MERCHANT_CHANGES, true),
  };
  return {
    '/web/user/session/login_name': adminOperation(
      'post',
      'Log in: the token comes back in the Authorization header',
      LOGIN,
      false,
    ),
    '/cms/merchants/{merchant_id}': { parameters: [MERCHANT_PATH], ...merchant },
    '/cms/merchants/{merchant_id}/public_key': {
      parameters: [MERCHANT_PATH],
      ...adminOperation(
        'put',
        'Replace a merchant’s public key; every node takes it within a second',
        PUBLIC_KEY,
        true,
      ),
    },
    '/cms/pooul_public_key': key,
    '/platform_public_key': key,
  };
}

function probe(summary: string, type: string): Json {
  return {
    get: {
      tags: ['operation'],
      summary,
      responses: { '200': { description: summary, content: { [type]: { schema: {} } } } },
    },
  };
}

function document(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Heliu',
      version: '0.1.0',
      description: 'Unified payment gateway. Generated from the schemas that check requests; do not edit.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:8080' }],
    tags: [{ name: 'merchant' }, { name: 'management' }, { name: 'operation' }],
    paths: {
      ...merchantPaths(),
      ...managementPaths(),
      '/healthz': probe('The process is alive', 'application/json'),
      '/readyz': probe('It can serve', 'application/json'),
      '/metrics': probe('Prometheus metrics', 'text/plain'),
    },
    components: {
      schemas: { Refusal: object({ code: { type: 'integer', not: { const: 0 } }, msg: { type: 'string' } }) },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'The token of a login; lives 30 minutes and slides with use',
        },
      },
    },
    'x-codes': codeTable(),
  };
}

const generated = `${JSON.stringify(document(), null, 2)}\n`;
if (process.argv.includes('--check')) {
  const committed = await readFile(FILE, 'utf8').catch(() => '');
  if (committed !== generated) {
    process.stderr.write('openapi.json is stale: run "npm run openapi" and commit it.\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(FILE, generated);
}
