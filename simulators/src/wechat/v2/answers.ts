import type { Answer, SimulatorPorts } from '../../kernel/ports.ts';
import { randomNonce } from '../numbers.ts';
import type { WechatError } from '../wechat-error.ts';
import type { V2Asker } from './request.ts';
import { signOf } from './sign.ts';
import { buildXml } from './xml.ts';
import type { XmlFields } from './xml.ts';

type Randomness = Pick<SimulatorPorts, 'randomBytes'>;

/** APIv2's names of APIv3's codes where dropping the underscores does not give them. */
const CODES: Readonly<Record<string, string>> = {
  INVALID_REQUEST: 'INVALID_REQUEST',
  PARAM_ERROR: 'PARAM_ERROR',
  APPID_NOT_EXIST: 'APPID_NOT_EXIST',
  APPID_MCHID_NOT_MATCH: 'APPID_MCHID_NOT_MATCH',
  TRADE_ERROR: 'TRADE_ERROR',
  TRADE_OVERDUE: 'TRADE_OVERDUE',
};

/** An outcome, signed the way the request was. */
export function successAnswer(ports: Randomness, asker: V2Asker, fields: XmlFields): Answer {
  return signedAnswer(ports, asker, { result_code: 'SUCCESS', ...fields });
}

/** A refusal: `result_code` FAIL, signed. @param more what the operation says beside it */
export function refusalAnswer(ports: Randomness, asker: V2Asker, error: WechatError, more: XmlFields): Answer {
  const err_code = error.v2_code ?? CODES[error.code] ?? error.code.replaceAll('_', '');
  return signedAnswer(ports, asker, { result_code: 'FAIL', err_code, err_code_des: error.message, ...more });
}

/** A request that is not looked at; unsigned. */
export function failureAnswer(return_msg: string): Answer {
  return xmlAnswer({ return_code: 'FAIL', return_msg });
}

/** What the web server before upstream's says to a client without a certificate, as widely reported. */
export function noCertificateAnswer(): Answer {
  const said = 'No required SSL certificate was sent';
  const body = `<html>\r\n<head><title>400 ${said}</title></head>\r\n<body bgcolor="white">\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>${said}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
  return { status: 400, headers: { 'Content-Type': 'text/html' }, body: Buffer.from(body) };
}

function signedAnswer(ports: Randomness, asker: V2Asker, outcome: XmlFields): Answer {
  const { appid = '', mch_id = '', sub_appid = '', sub_mch_id = '', device_info = '' } = asker.fields;
  const fields: XmlFields = {
    return_code: 'SUCCESS',
    return_msg: 'OK',
    appid,
    mch_id,
    sub_appid,
    sub_mch_id,
    device_info,
    nonce_str: randomNonce(ports),
    ...outcome,
  };
  return xmlAnswer({ ...fields, sign: signOf(fields, asker.merchant.api_v2_key, asker.sign_type) });
}

function xmlAnswer(fields: XmlFields): Answer {
  return {
    status: 200,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache, must-revalidate' },
    body: Buffer.from(buildXml(fields)),
  };
}
