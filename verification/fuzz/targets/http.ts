/** The gateway's HTTP server, byte by byte. */
import { linkTo } from '../../../gateway/src/operations/payment-links.ts';
import { LINK_KEY, MERCHANT_ID, openGatewayServer } from '../gateway-server.ts';
import { TRADE_ID } from '../peers.ts';
import { must, type TargetMaker } from '../target.ts';
import { CLAIMS, token } from './merchant.ts';

const { pay_order_id } = linkTo({ link_key: LINK_KEY }, 'preorder', MERCHANT_ID, TRADE_ID);

function request(head: string, body = '', headers = ''): Buffer {
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `${head} HTTP/1.1\r\nhost: pay.example.com\r\n${headers}content-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

const PAY = `/v2/pay?merchant_id=${MERCHANT_ID}`;
const JSON_TYPE = 'content-type: application/json\r\n';

const SEEDS: readonly Buffer[] = [
  request(`POST ${PAY}`, JSON.stringify(CLAIMS), 'content-type: text/plain\r\n'),
  request(`POST /v2/pay/query?merchant_id=${MERCHANT_ID}`, '{"mch_trade_id":"a"}'),
  request(
    `POST /v2/pay/refund_query?merchant_id=${MERCHANT_ID}&merchant_id=1`,
    '{"mch_refund_id":"a","nonce_str":"b"}',
  ),
  request(`POST /v2/pay/pre_order?merchant_id=${MERCHANT_ID}`, '{"mch_pre_id":"a","total_fee":1,"body":"b"}'),
  request(
    `GET /preorder?pay_order_id=${pay_order_id}&ask=1`,
    '',
    'cookie: heliu_payer=0123456789abcdef0123456789abcdef\r\nuser-agent: MicroMessenger/8 iPhone\r\naccept-language: en-US,zh;q=0.9\r\nx-forwarded-for: 10.1.2.3, ::ffff:1.2.3.4, 1.2.3.4\r\n',
  ),
  request(`GET /preorder/state?pay_order_id=${pay_order_id}`),
  request(
    'POST /preorder/pay',
    `pay_order_id=${pay_order_id}&wallet=alipay&seen=1`,
    'content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n',
  ),
  request(`GET /preorder/wechat?pay_order_id=${pay_order_id}&code=041Kf2&state=abc`),
  request(`GET /preorder/logo/${MERCHANT_ID}/${'0a'.repeat(32)}`),
  request(`POST /notify/wechat-v3/${MERCHANT_ID}`, '{"id":"a"}', `${JSON_TYPE}wechatpay-signature: a\r\n`),
  request(`POST /notify/alipay/${MERCHANT_ID}`, 'a=b&sign=c&sign_type=RSA2'),
  request(`POST /notify/wechat-v2/${MERCHANT_ID}`, '<xml><a>b</a></xml>'),
  request(
    'POST /bank/bank',
    '{"id":"P1","events":[]}',
    `${JSON_TYPE}bank-key: k1\r\nbank-timestamp: 1\r\nbank-nonce: n\r\nbank-signature: s\r\n`,
  ),
  request('POST /web/user/session/login_name', '{"login_name":"admin","password":"secret"}', JSON_TYPE),
  request(
    `PUT /cms/merchants/${MERCHANT_ID}/public_key`,
    '{"public_key":"MIIB"}',
    `${JSON_TYPE}authorization: abc\r\n`,
  ),
  request('GET /metrics', '', 'authorization: Bearer metrics-token-of-32-characters-.\r\n'),
  request('GET /demos'),
  Buffer.from(
    `POST ${PAY} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n`,
  ),
];

/** Merchants' bodies are signed on the way: a token that was changed is refused at once, and there is a target for that. */
function signed(input: Buffer): Buffer {
  const end = input.indexOf('\r\n\r\n');
  const head = input.subarray(0, Math.max(0, end)).toString('latin1');
  const body = input.subarray(end + 4).toString('utf8');
  if (end < 0 || !head.startsWith('POST /v2/') || !/^content-length:/im.test(head) || !body.startsWith('{'))
    return input;
  const compact = token(body);
  return Buffer.from(
    `${head.replace(/^content-length:.*$/im, `content-length: ${compact.length}`)}\r\n\r\n${compact}`,
    'latin1',
  );
}

const http: TargetMaker = {
  name: 'gateway-http',
  async open() {
    const server = await openGatewayServer();
    return {
      name: 'gateway-http',
      about:
        'raw requests to the gateway: an answer below 500, or "later" where the database would have been asked; nothing that it could not store',
      watched: ['gateway/src/http/', 'gateway/src/operations/'],
      seeds: SEEDS,
      words: [
        [
          '/v2/pay',
          '/preorder',
          '/notify/',
          '/bank/',
          '/cms/merchants/',
          '/metrics',
          'GET ',
          'POST ',
          'PUT ',
          'OPTIONS ',
          'HEAD ',
        ],
        [
          'content-length: 5',
          'transfer-encoding: chunked',
          'x-forwarded-for: ',
          'cookie: ',
          'expect: 100-continue',
          'HTTP/1.0',
        ],
        [
          'merchant_id',
          'pay_order_id',
          'wechat.jsapi',
          'alipay.wap',
          'ecp.transfer',
          'common.micro',
          'pooul.preorder',
          '/:a(',
          '%25',
          '%2525',
          '%2F',
        ],
      ].flat(),
      async run(input) {
        const answer = await server.exchange(signed(input));
        const is_peer = /(?:\/notify\/|\/bank\/)/.test(input.toString('latin1'));
        for (const [, status = ''] of answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm))
          must(Number(status) < 500 || status === '503' || (status === '500' && is_peer), `HTTP ${status}`);
        must(!answer.includes('FST_ERR_'), 'a refusal of the framework, in another shape than ours');
      },
    };
  },
};

export const HTTP_TARGETS: readonly TargetMaker[] = [http];
