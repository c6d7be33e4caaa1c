/** A refusal by the gateway itself, before any business was looked at. */
export interface GatewayRefusal {
  readonly code: string;
  readonly msg: string;
  readonly sub_code: string;
  readonly sub_msg: string;
}

const MSG = {
  '20001': 'Insufficient Token Permissions',
  '40001': 'Missing Required Arguments',
  '40002': 'Invalid Arguments',
} as const;

/**
 * The gateway's refusals: code and sub_msg by sub_code (opendocs.alipay.com/common/02km9f, 公共错误码; those of
 * certificate mode common/02kdnf).
 */
const REFUSALS = {
  'isv.missing-method': ['40001', '缺少方法名参数'],
  'isv.missing-app-id': ['40001', '缺少AppID参数'],
  'isv.missing-signature': ['40001', '缺少签名参数'],
  'isv.missing-signature-type': ['40001', '缺少签名类型参数'],
  'isv.missing-timestamp': ['40001', '缺少时间戳参数'],
  'isv.missing-version': ['40001', '缺少版本参数'],
  'isv.invalid-method': ['40002', '不存在的方法名'],
  'isv.invalid-app-id': ['40002', '无效的AppID参数'],
  'isv.invalid-signature-type': ['40002', '无效签名类型'],
  'isv.invalid-signature': [
    '40002',
    '验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：',
  ],
  'isv.invalid-timestamp': ['40002', '非法的时间戳参数'],
  'isv.invalid-format': ['40002', '无效的数据格式'],
  'isv.invalid-charset': ['40002', '字符集错误'],
  'isv.invalid-parameter': ['40002', '参数无效'],
  'isv.illegal-json': ['40002', 'JSON格式不合法'],
  'isv.missing-app-cert-sn': ['40002', '缺少应用公钥证书序列号'],
  'isv.missing-alipay-root-cert-sn': ['40002', '缺少支付宝根证书序列号'],
  'isv.invalid-alipay-root-cert-sn': ['40002', '无效支付宝根证书序列号'],
  'isv.app-cert-not-exist': ['40002', '应用公钥证书不存在'],
  'isv.app-cert-expired': ['40002', '应用公钥证书已过期'],
  'isv.alipay-cert-not-exist': ['40002', '支付宝公钥证书不存在'],
  // Those of alipay.system.oauth.token are on its own page (open/02ailc).
  'isv.grant-type-invalid': ['40002', 'grant_type参数不正确'],
  'isv.code-invalid': ['40002', '授权码code无效'],
  'isv.refresh-token-invalid': ['40002', '刷新令牌refresh_token无效'],
  'isv.unmatched-app-id': ['40002', '调用接口的应用标识与令牌授权的应用不匹配'],
  'aop.invalid-app-auth-token': ['20001', '无效的应用授权令牌'],
} as const satisfies Record<string, readonly [keyof typeof MSG, string]>;

export type GatewaySubCode = keyof typeof REFUSALS;

/** @param detail appended to the sub_msg */
export function gatewayRefusal(sub_code: GatewaySubCode, detail = ''): GatewayRefusal {
  const [code, sub_msg] = REFUSALS[sub_code];
  return { code, msg: MSG[code], sub_code, sub_msg: `${sub_msg}${detail}` };
}
