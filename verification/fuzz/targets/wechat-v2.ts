/** WeChat Pay APIv2: its XML against another reader, its callbacks and answers. */
import { forgedCallback } from '../forged-callback.ts';
import { createCipheriv, createHash, createHmac } from 'node:crypto';
import { SaxesParser } from 'saxes';
import { readXml, writeXml, xmlText, type Fields } from '../../../gateway/src/channels/wechat/v2/xml.ts';
import { parseXml } from '../../../simulators/src/wechat/v2/xml.ts';
import {
  API_V2_KEY,
  APPID,
  MCHID,
  openAccount,
  orderAt,
  peer,
  REFUND_ID,
  referenceAt,
  refundAt,
  TRADE_ID,
} from '../peers.ts';
import { mustBeCallback, mustBeReport } from '../reports.ts';
import { mustEqual, mustNotBePolluted, type TargetMaker } from '../target.ts';

const WATCHED = ['channels/wechat/v2/'];
const WORDS = [
  [
    '<xml>',
    '</xml>',
    '<root>',
    '<sign>',
    '<sign_type>MD5</sign_type>',
    '<out_trade_no>',
    '<total_fee>',
    '<a/>',
    '<__proto__>',
  ],
  [
    '<constructor>',
    '<toString>',
    '<hasOwnProperty>',
    '&#10;',
    '&quot;',
    '&apos;',
    '&nbsp;',
    '&copy;',
    '&#x4e2d;',
    'SUCCESS',
    'FAIL',
  ],
].flat();

const PAID = {
  return_code: 'SUCCESS',
  result_code: 'SUCCESS',
  appid: APPID,
  mch_id: MCHID,
  nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
  out_trade_no: TRADE_ID,
  transaction_id: '4200001234202603011234567890',
  trade_state: 'SUCCESS',
  trade_state_desc: '支付成功 & <b>',
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  bank_type: 'CMC',
  total_fee: '7622',
  cash_fee: '7000',
  fee_type: 'CNY',
  time_end: '20260301120030',
  code_url: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz',
  prepay_id: 'wx201410272009395522657a690389285100',
};
const REFUNDED = {
  ...PAID,
  out_refund_no: REFUND_ID,
  refund_id: '50000408942018111907145868882',
  out_refund_no_0: REFUND_ID,
  refund_status_0: 'SUCCESS',
  refund_fee_0: '100',
};
const REFUSED = { ...PAID, result_code: 'FAIL', err_code: 'ORDERNOTEXIST', err_code_des: '订单不存在' };
const REFUND_NOTICE = {
  out_trade_no: TRADE_ID,
  out_refund_no: REFUND_ID,
  refund_status: 'SUCCESS',
  refund_fee: '100',
  refund_id: '5',
};

/** By the vendor's rule, written again: it must not be our own code that says what is right. */
function signOf(fields: Iterable<readonly [string, string]>): string {
  const members = [...fields]
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const text = `${members.map(([name, value]) => `${name}=${value}`).join('&')}&key=${API_V2_KEY}`;
  const by_md5 = Object.fromEntries(members)['sign_type'] !== 'HMAC-SHA256';
  const hash = by_md5 ? createHash('md5') : createHmac('sha256', API_V2_KEY);
  return hash.update(text).digest('hex').toUpperCase();
}

/** The message with the signature that belongs to what our reader sees in it. */
function signed(text: string): string {
  const fields = readXml(text);
  const end = text.lastIndexOf('</xml>');
  return fields === null || end < 0 || fields.has('sign')
    ? text
    : `${text.slice(0, end)}<sign>${signOf(fields)}</sign>${text.slice(end)}`;
}

/** What a strict reader of XML 1.0 sees: the texts of the members of the root, null when it is not well-formed or no flat message. */
function strictly(text: string): Map<string, string> | null {
  const parser = new SaxesParser();
  const open: string[] = [];
  const fields = new Map<string, string>();
  let content = '';
  let is_bad = false;
  const add = (part: string): void => {
    content += part;
  };
  parser.on('error', () => (is_bad = true));
  parser.on('doctype', () => (is_bad = true));
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('opentag', ({ name, isSelfClosing }) => {
    open.push(name);
    content = '';
    if (isSelfClosing) content = '';
  });
  parser.on('closetag', () => {
    const name = open.pop() ?? '';
    if (open.length === 1) {
      if (fields.has(name)) is_bad = true;
      fields.set(name, content);
    }
    content = '';
  });
  try {
    parser.write(text).close();
  } catch {
    return null;
  }
  return is_bad ? null : fields;
}

function sameFields(ours: Fields, strict: ReadonlyMap<string, string>): void {
  for (const [name, value] of ours) {
    // XML 1.0, 2.11: a reader gives line feeds alone.
    mustEqual(value.replaceAll(/\r\n?/g, '\n'), strict.get(name), `member ${name}`);
  }
}

const SAMPLES = [PAID, REFUNDED, REFUSED, { ...PAID, sign_type: 'HMAC-SHA256' }].map((fields) => writeXml(fields));

const xml: TargetMaker = {
  name: 'wechat-v2-xml',
  open: () => ({
    name: 'wechat-v2-xml',
    about: 'the XML of APIv2: a strict reader sees the same members, and what we write we read',
    watched: [...WATCHED, 'wechat/v2/xml.ts'],
    seeds: [
      ...SAMPLES,
      '<?xml version="1.0" encoding="UTF-8"?>\n<xml>\n<a>1 &amp; 2</a>\n<b><![CDATA[<c>]]></b></xml>\n',
      '<xml><a>&#20013;</a><b> 1 </b><c>\n<![CDATA[ 2 ]]>\t</c></xml>',
    ].map((text) => Buffer.from(text)),
    words: WORDS,
    run(input) {
      const text = input.toString('utf8');
      const fields = readXml(text);
      parseXml(input);
      mustNotBePolluted();
      if (!fields) return;
      const strict = strictly(text.replace(/^\uFEFF?\s*/, '').trimEnd());
      if (strict) sameFields(fields, strict);
      const clean = Object.fromEntries([...fields].map(([name, value]) => [name, xmlText(value)]));
      mustEqual([...(readXml(writeXml(clean)) ?? [])], Object.entries(clean), 'written and read again');
    },
  }),
};

function refundNotice(inside: string): string {
  const key = createHash('md5').update(API_V2_KEY).digest('hex');
  const cipher = createCipheriv('aes-256-ecb', key, null);
  const req_info = Buffer.concat([cipher.update(inside, 'utf8'), cipher.final()]).toString('base64');
  return writeXml({ return_code: 'SUCCESS', appid: APPID, mch_id: MCHID, nonce_str: 'n', req_info });
}

const callbacks: TargetMaker = {
  name: 'wechat-v2-callback',
  open() {
    const channel = openAccount('wechat-v2', peer().ports);
    return {
      name: 'wechat-v2-callback',
      about: 'a genuine callback of WeChat Pay APIv2 with any content: a callback within its rules',
      watched: WATCHED,
      seeds: [...SAMPLES, writeXml(REFUND_NOTICE).replaceAll('xml>', 'root>')].map((text) => Buffer.from(text)),
      words: WORDS,
      async run(input) {
        const text = input.toString('utf8');
        const body = text.includes('<root>') ? refundNotice(text) : signed(text);
        mustBeCallback(await channel.readCallback({ headers: {}, body }));
      },
    };
  },
};

const forged = forgedCallback({
  name: 'wechat-v2-forged',
  about: 'a callback of WeChat Pay APIv2 that was changed after it was signed: refused, unless it says the same',
  account: 'wechat-v2',
  watched: WATCHED,
  words: WORDS,
  genuine: SAMPLES.map(signed),
  // An empty member is not signed.
  meaning: (body) =>
    JSON.stringify(
      [...(readXml(body) ?? [])].filter(([, value]) => value !== '').toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
});

const answers: TargetMaker = {
  name: 'wechat-v2-answer',
  open() {
    const other = peer();
    const channel = openAccount('wechat-v2', other.ports);
    return {
      name: 'wechat-v2-answer',
      about: 'a genuine answer of WeChat Pay APIv2 with any content, to every kind of question',
      watched: WATCHED,
      seeds: SAMPLES.map((text) => Buffer.from(text)),
      words: WORDS,
      async run(input) {
        other.answer = { status: 200, headers: {}, body: Buffer.from(signed(input.toString('utf8'))) };
        const begin = await channel.prepareBegin(orderAt('wechat-v2'));
        mustBeReport(await begin.send());
        mustBeReport(await channel.query(referenceAt('wechat-v2')));
        mustBeReport(await channel.close(referenceAt('wechat-v2')));
        mustBeReport(await channel.queryRefund(refundAt('wechat-v2')));
      },
    };
  },
};

export const WECHAT_V2_TARGETS: readonly TargetMaker[] = [xml, callbacks, forged, answers];
