import { chinaTime } from './china-time.ts';
import { text } from './field-rules.ts';
import type { WechatOperation } from './operation.ts';
import { encryptResource } from './signing.ts';
import { WechatError } from './wechat-error.ts';

const GUIDE = 'https://pay.weixin.qq.com/doc/v3/merchant/4012153196';

/**
 * 下载平台证书 (doc 4012551764). In public-key mode there is none to be had and upstream answers 404
 * RESOURCE_NOT_EXISTS (doc 4012076511, which quotes the message).
 */
export const certificatesOperation: WechatOperation = {
  fault_operation: 'certificates',
  method: 'GET',
  path: '/v3/certificates',
  query_fields: { algorithm_type: text('证书算法版本', 8, { options: ['RSA', 'SM2', 'ALL'] }) },
  run: (world, call) => {
    const now = world.ports.now();
    const certificates = world.keyring
      .all()
      .filter((key) => key.kind === 'certificate' && key.effective_at_ms <= now && key.expires_at_ms > now);
    if (world.keyring.current().kind === 'public_key' || certificates.length === 0) {
      const message = `无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引${GUIDE}`;
      throw new WechatError(404, 'RESOURCE_NOT_EXISTS', message);
    }
    if (call.query['algorithm_type'] === 'SM2') throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '证书不存在');
    return {
      body: {
        data: certificates.map((key) => ({
          serial_no: key.serial,
          effective_time: chinaTime(key.effective_at_ms),
          expire_time: chinaTime(key.expires_at_ms),
          encrypt_certificate: encryptResource(
            world.ports,
            call.merchant.api_v3_key,
            'certificate',
            key.certificate ?? '',
          ),
        })),
      },
    };
  },
};
