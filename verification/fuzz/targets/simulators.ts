/** The simulators and their pages, which listen on a developer's machine: a request of any kind gets an answer, never a defect. */
import { createAlipayConfig } from '../../../simulators/src/alipay/config.ts';
import { createAlipaySimulator } from '../../../simulators/src/alipay/simulator.ts';
import { createBankConfig } from '../../../simulators/src/bank/config.ts';
import { createBankSimulator } from '../../../simulators/src/bank/simulator.ts';
import { createControl } from '../../../simulators/src/control/control.ts';
import { FaultBoard } from '../../../simulators/src/faults/registry.ts';
import { memoryJournal } from '../../../simulators/src/kernel/journal.ts';
import { Ledger } from '../../../simulators/src/kernel/ledger.ts';
import type { Handler, SimulatorPorts } from '../../../simulators/src/kernel/ports.ts';
import { walletBrowser } from '../../../simulators/src/wallet/browser.ts';
import { createWechatConfig } from '../../../simulators/src/wechat/config.ts';
import { createWechatSimulator } from '../../../simulators/src/wechat/simulator.ts';
import { SeededRandom } from '../../simulation/random.ts';
import { readMessage, writeMessage } from '../messages.ts';
import { NOW_MS, TRADE_ID } from '../peers.ts';
import { must, mustNotBePolluted, type TargetMaker } from '../target.ts';

const PAGE = '<html><head></head><body>shop</body></html>';

function portsOf(): SimulatorPorts {
  const random = new SeededRandom('fuzzed simulators');
  return {
    now: () => NOW_MS,
    schedule: () => ({ cancel: () => undefined }),
    randomBytes: (length) => random.bytes(length),
    // A site that sends its visitors wherever their own address says.
    send: async ({ url }) => ({
      status: url.includes('go=') ? 302 : 200,
      headers: { 'content-type': 'text/html', ...(url.includes('go=') && { location: url.split('go=')[1] ?? '' }) },
      body: Buffer.from(PAGE),
    }),
  };
}

async function handlersOf(): Promise<Readonly<Record<string, Handler>>> {
  const ports = portsOf();
  const journal = memoryJournal();
  const ledger = new Ledger(journal);
  const faults = new FaultBoard({ ports, journal });
  const shared = { ports, journal, faults, ledger };
  const wechat = createWechatSimulator({ ...shared, config: await createWechatConfig(ports) });
  const alipay = createAlipaySimulator({ ...shared, config: await createAlipayConfig(ports) });
  const bank = createBankSimulator({ ...shared, config: createBankConfig(ports), push_url: null, drop_folder: null });
  return {
    wechat: wechat.handler,
    alipay: alipay.handler,
    bank: bank.handler,
    control: createControl({ wechat, alipay, bank, faults, ledger }),
    'wechat-browser': walletBrowser(wechat, ports),
    'alipay-browser': walletBrowser(alipay, ports),
  };
}

function request(to: string, line: string, body = '', headers: Readonly<Record<string, string>> = {}): Buffer {
  return writeMessage({ headers: { to, line, ...headers }, body: Buffer.from(body) });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const OPENED = { cookie: 'wallet_browser_target=http%3A%2F%2F127.0.0.1%3A8080; a=b' };

const SEEDS: readonly Buffer[] = [
  request('wechat', 'POST /v3/pay/transactions/native', '{"appid":"a"}', {
    authorization: 'WECHATPAY2-SHA256-RSA2048 mchid="1",nonce_str="n",timestamp="1",serial_no="s",signature="c2ln"',
  }),
  request('wechat', `GET /v3/pay/transactions/out-trade-no/${TRADE_ID}?mchid=1`),
  request(
    'wechat',
    'POST /pay/unifiedorder',
    '<xml><appid>a</appid><mch_id>1230000109</mch_id><nonce_str>n</nonce_str><sign>A</sign></xml>',
  ),
  request(
    'wechat',
    'GET /connect/oauth2/authorize?appid=a&redirect_uri=http%3A%2F%2F127.0.0.1%2F&response_type=code&scope=snsapi_base&state=s',
  ),
  request('wechat', 'GET /sns/oauth2/access_token?appid=a&secret=b&code=c&grant_type=authorization_code'),
  request('wechat', 'GET /cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1&package=2'),
  request(
    'alipay',
    'POST /gateway.do?charset=utf-8',
    'app_id=2021&method=alipay.trade.query&sign_type=RSA2&sign=a&biz_content=%7B%7D&timestamp=2026-03-01+12%3A00%3A00&version=1.0',
    FORM,
  ),
  request(
    'alipay',
    'GET /oauth2/publicAppAuthorize.htm?app_id=2021&scope=auth_base&redirect_uri=http%3A%2F%2F127.0.0.1%2F&state=s',
  ),
  request('bank', 'POST /v1/virtual-accounts', '{"out_trade_no":"a","amount":1}', {
    'bank-client': 'c',
    'bank-timestamp': '1',
    'bank-nonce': 'n',
    'bank-signature': 's',
  }),
  request('bank', 'GET /v1/virtual-accounts/9902000000000002'),
  request('bank', 'GET /'),
  request('bank', 'POST /transfer', 'fund_acc=9902000000000002&amount=1.00&name=a', FORM),
  request('control', 'GET /'),
  request('control', 'POST /control/pay', '{"code":"weixin://wxpay/bizpayurl?pr=a","action":"pay"}'),
  request(
    'control',
    'POST /control/faults',
    '{"channel":"wechat","operation":"pay","kind":"timeout_before","count":1}',
  ),
  request('control', 'GET /control/ledger?channel=wechat&limit=10'),
  request('control', 'POST /control/bank/credits', '{"fund_acc":"9902000000000002","amount":100,"payer_name":"a"}'),
  request('wechat-browser', 'GET /__wallet/open?url=http%3A%2F%2F127.0.0.1%3A8080%2Fpreorder%3Fpay_order_id%3Da'),
  request('wechat-browser', 'GET /preorder?pay_order_id=a', '', OPENED),
  request('alipay-browser', 'GET /preorder?go=http://127.0.0.1:8080/x', '', OPENED),
  request('alipay-browser', 'POST /__wallet/act', '{"pay_info":"{}","action":"look"}'),
];

const simulators: TargetMaker = {
  name: 'simulators',
  async open() {
    const handlers = await handlersOf();
    return {
      name: 'simulators',
      about:
        'any request to the simulators, their controls and the wallets’ browsers: an answer, never a defect of theirs',
      watched: ['simulators/src/'],
      seeds: SEEDS,
      words: [
        [
          'to: wechat',
          'to: alipay',
          'to: bank',
          'to: control',
          'to: wechat-browser',
          'cookie: wallet_browser_target=',
          'go=',
          '//',
          'http://127.0.0.1',
          'javascript:',
        ],
        [
          '/control/',
          '/v1/transfers',
          '/v3/refund/domestic/refunds',
          '/gateway.do',
          'action',
          'amount',
          'channel',
          'code',
          'prepay_id',
          'fund_acc',
          'GET ',
          'POST ',
          'DELETE ',
        ],
      ].flat(),
      async run(input) {
        const { headers, body } = readMessage(input);
        const { to = '', line = '', ...others } = headers;
        const [method = 'GET', target = '/'] = line.split(' ');
        // Node lets nothing else through.
        if (!/^[A-Z]+$/.test(method) || !/^[/!-~]*$/.test(target) || target === '') return;
        const handler = handlers[to];
        if (!handler) return;
        const reply = await handler({
          method,
          target,
          headers: { host: '127.0.0.1', ...others },
          body,
          peer_address: '127.0.0.1',
        });
        mustNotBePolluted();
        if (reply.kind !== 'answer') return;
        const { status, headers: answered } = reply.answer;
        must(Number.isInteger(status) && status >= 200 && status < 600, `status ${status}`);
        for (const [name, value] of Object.entries(answered))
          must(!/[\r\n\0]|[^\t -ÿ]/.test(value), `header ${name} cannot be sent`);
      },
    };
  },
};

export const SIMULATOR_TARGETS: readonly TargetMaker[] = [simulators];
