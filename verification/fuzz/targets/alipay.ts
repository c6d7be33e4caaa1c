/** Alipay: callbacks as forms, answers as JSON of which the raw text is signed. */
import { rawMembers } from '../../../gateway/src/channels/alipay/raw-node.ts';
import { forgedCallback } from '../forged-callback.ts';
import {
  ALIPAY_APP_ID,
  openAccount,
  orderAt,
  peer,
  REFUND_ID,
  referenceAt,
  refundAt,
  signature,
  TRADE_ID,
} from '../peers.ts';
import { mustBeCallback, mustBeReport } from '../reports.ts';
import { must, mustEqual, mustNotBePolluted, type TargetMaker } from '../target.ts';

const WATCHED = ['channels/alipay/'];
const WORDS = [
  [
    'trade_status',
    'TRADE_SUCCESS',
    'TRADE_CLOSED',
    'TRADE_FINISHED',
    'WAIT_BUYER_PAY',
    'refund_fee',
    'total_amount',
    '76.22',
  ],
  [
    '0.00',
    '1e2',
    'out_biz_no',
    'gmt_payment',
    'fund_bill_list',
    'notify_id',
    'sign_type',
    'RSA2',
    'charset',
    'gbk',
    'code',
    '10000',
  ],
  [
    'sub_code',
    'ACQ.TRADE_NOT_EXIST',
    'out_trade_no',
    'trade_no',
    'error_response',
    '&out_trade_no=1',
    '&total_amount=0.01',
    '&trade_no=1',
    '"sign":"a",',
  ],
].flat();

const NOTICE = {
  gmt_payment: '2026-03-01 12:05:09',
  subject: '50% off + more 测试',
  buyer_id: '2088101117955611',
  charset: 'utf-8',
  notify_id: '2026030100222120509088101',
  fund_bill_list: '[{"amount":"76.22","fundChannel":"ALIPAYACCOUNT"}]',
  notify_type: 'trade_status_sync',
  out_trade_no: TRADE_ID,
  total_amount: '76.22',
  trade_status: 'TRADE_SUCCESS',
  trade_no: '2026030122001412341234',
  app_id: ALIPAY_APP_ID,
  seller_id: '2088102146225135',
};
const FORMS = [
  NOTICE,
  {
    ...NOTICE,
    trade_status: 'TRADE_CLOSED',
    refund_fee: '1.00',
    out_biz_no: REFUND_ID,
    gmt_refund: '2026-03-01 12:05:09.123',
  },
  { ...NOTICE, trade_status: 'TRADE_FINISHED', notify_id: '' },
  { notify_type: 'open_app_auth_notify', app_id: ALIPAY_APP_ID },
].map((form) => new URLSearchParams(form).toString());

const read = (form: string): Map<string, string> => new Map(new URLSearchParams(form));

/** The form with the signature of what every other reader of forms sees in it. */
function signed(form: string): string {
  const params = [...read(form)]
    .filter(([name]) => name !== 'sign' && name !== 'sign_type')
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const content = params.map(([name, value]) => `${name}=${value}`).join('&');
  return `${form}&sign_type=RSA2&sign=${encodeURIComponent(signature(content))}`;
}

const callbacks: TargetMaker = {
  name: 'alipay-callback',
  open() {
    const channel = openAccount('alipay', peer().ports);
    return {
      name: 'alipay-callback',
      about: 'a genuine callback of Alipay with any parameters: within its rules, and read as URLSearchParams reads it',
      watched: WATCHED,
      seeds: FORMS.map((form) => Buffer.from(form)),
      words: WORDS,
      async run(input) {
        const form = input.toString('utf8');
        const callback = await channel.readCallback({ headers: {}, body: signed(form) });
        mustBeCallback(callback);
        if (callback.kind !== 'payment') return;
        const values = new URLSearchParams(form);
        for (const name of ['out_trade_no', 'trade_no', 'total_amount', 'app_id', 'trade_status'])
          must(values.getAll(name).length <= 1, `two values of ${name}`);
        must(callback.out_trade_no === read(form).get('out_trade_no'), 'another reader sees another order');
        const { facts } = callback.report as { facts?: { transaction_id: string } };
        if (facts) must(facts.transaction_id === read(form).get('trade_no'), 'another reader sees another trade');
      },
    };
  },
};

const forged = forgedCallback({
  name: 'alipay-forged',
  about: 'a callback of Alipay that was changed after it was signed: refused, unless its parameters are the same',
  account: 'alipay',
  watched: WATCHED,
  words: WORDS,
  genuine: FORMS.map(signed),
  meaning: (form) =>
    JSON.stringify([...read(form)].filter(([name]) => name !== 'sign').toSorted(([a], [b]) => (a < b ? -1 : 1))),
});

const NODES = [
  {
    code: '10000',
    msg: 'Success',
    out_trade_no: TRADE_ID,
    trade_no: '2026030122001412341234',
    trade_status: 'TRADE_SUCCESS',
    total_amount: '76.22',
    buyer_pay_amount: 70.0,
    send_pay_date: '2026-03-01 12:05:09',
    fund_bill_list: [{ fund_channel: 'PCREDIT' }],
    qr_code: 'https://qr.alipay.com/bax1',
  },
  { code: '40004', msg: 'Business Failed', sub_code: 'ACQ.TRADE_NOT_EXIST', sub_msg: '交易不存在' },
  {
    code: '10000',
    msg: 'Success',
    out_trade_no: TRADE_ID,
    fund_change: 'Y',
    refund_fee: '1.00',
    refund_status: 'REFUND_SUCCESS',
    refund_amount: '1.00',
    out_request_no: REFUND_ID,
    action: 'refund',
    retry_flag: 'N',
  },
].map((node) => JSON.stringify(node));

const METHODS = [
  'trade_query',
  'trade_precreate',
  'trade_close',
  'trade_cancel',
  'trade_refund',
  'trade_fastpay_refund_query',
];

const answers: TargetMaker = {
  name: 'alipay-answer',
  open() {
    const other = peer();
    const channel = openAccount('alipay', other.ports);
    return {
      name: 'alipay-answer',
      about: 'a genuine answer of Alipay around any node, to every kind of question',
      watched: WATCHED,
      seeds: NODES.map((node) => Buffer.from(node)),
      words: WORDS,
      async run(input) {
        const node = input.toString('utf8');
        const answer = (method: string): void => {
          const body = Buffer.from(`{"alipay_${method}_response":${node},"sign":"${signature(node)}"}`);
          other.answer = { status: 200, headers: {}, body };
        };
        const calls = [
          () => channel.query(referenceAt('alipay')),
          async () => (await channel.prepareBegin(orderAt('alipay'))).send(),
          () => channel.close(referenceAt('alipay')),
          () => channel.reverse(referenceAt('alipay')),
          () => channel.refund(refundAt('alipay')),
          () => channel.queryRefund(refundAt('alipay')),
        ];
        for (const [index, call] of calls.entries()) {
          answer(METHODS[index] ?? '');
          mustBeReport(await call());
        }
      },
    };
  },
};

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

const members: TargetMaker = {
  name: 'alipay-members',
  open: () => ({
    name: 'alipay-members',
    about: 'the members of an answer by their raw text: the same names and values as JSON.parse sees',
    watched: ['alipay/raw-node.ts'],
    seeds: [
      '{"a":"\\\\","b":"\\\\\\""}',
      ...NODES.map((node) => `{"alipay_trade_query_response":${node},"sign":"c2ln"}`),
      ' {"a" : [1,{"b":"]}"}] , "\\u0063":-1.5e3}\n',
      '{}',
    ].map((text) => Buffer.from(text)),
    words: WORDS,
    run(input) {
      const text = input.toString('utf8');
      const raw = rawMembers(text);
      const value = parsed(text);
      mustNotBePolluted();
      const is_plain = value !== null && text === JSON.stringify(value) && text.split(/[[{]/).length < 60;
      must(raw !== null || !is_plain, 'plain JSON is not taken');
      if (!raw || !value) return;
      mustEqual([...raw.keys()].toSorted(), Object.keys(value).toSorted(), 'names');
      for (const [name, member] of raw) mustEqual(JSON.parse(member), value[name], `member ${name}`);
    },
  }),
};

export const ALIPAY_TARGETS: readonly TargetMaker[] = [callbacks, forged, answers, members];
