import type { WechatSimulator } from '../wechat/simulator.ts';
import { choiceField, readFields } from './fields.ts';
import { jsonAnswer } from './http.ts';
import type { Route } from './http.ts';

/** What the control needs of the WeChat simulator. */
export type PlatformKeyHolder = Pick<
  WechatSimulator,
  'rotatePlatformCertificate' | 'enterPublicKeyMode' | 'platformKeys'
>;

/** Changes the key that WeChat Pay signs with: by a new certificate (平台证书轮换), or to the 微信支付公钥. */
export function platformKeyRoutes(wechat: PlatformKeyHolder): Route[] {
  return [
    {
      method: 'POST',
      path: '/control/rotate-certificate',
      answer: async (request) => {
        const fields = readFields(request, ['to']);
        const to =
          fields['to'] === undefined
            ? 'certificate'
            : choiceField(fields, 'to', ['certificate', 'public_key'] as const);
        const serial =
          to === 'certificate' ? await wechat.rotatePlatformCertificate() : await wechat.enterPublicKeyMode();
        const key = wechat.platformKeys().find((candidate) => candidate.serial === serial);
        return jsonAnswer(200, { to, serial, public_key: key?.public_key });
      },
    },
  ];
}
