import { requiredText } from '../biz-content.ts';
import { gatewayRefusal } from '../gateway-refusals.ts';
import { GatewayRefused } from './gateway-refused.ts';
import type { AlipayMethod, MethodOutcome } from './method.ts';

/**
 * alipay.open.app.alipaycert.download: the certificate behind an alipay_cert_sn that the app does not know yet, as
 * Base64 of its PEM file. A client asks for it when an answer is signed under a new certificate.
 */
export const alipaycertDownload: AlipayMethod = {
  name: 'alipay.open.app.alipaycert.download',
  operation: 'query',
  takesBizContent: true,
  run({ app, biz }): MethodOutcome {
    const wanted = requiredText(biz, 'alipay_cert_sn', 64);
    if (!app.config.certificates || app.serials?.alipay_cert_sn !== wanted) {
      throw new GatewayRefused(gatewayRefusal('isv.alipay-cert-not-exist'));
    }
    const alipay_cert_content = Buffer.from(app.config.certificates.alipay_cert, 'utf8').toString('base64');
    return { fields: { alipay_cert_content } };
  },
};
